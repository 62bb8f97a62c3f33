"""The blocking client."""

from __future__ import annotations

import os
import threading
import time
from types import TracebackType
from typing import Any, TypeVar

from . import _fork
from ._connection import Connection
from ._credits import Credits
from ._decode import decode, parameters
from ._projects import Projects
from ._retry import Retry, with_key
from ._wire import MAX_REPLY_BYTES, encode_call, socket_path
from .errors import DeadlineExceeded, LifecycleError, RPCError
from .watch import Watch

T = TypeVar("T")


class Client(Projects, Credits):
    """A client of the daemon, over one connection that is made when it is needed and made again when it was lost.

    For any number of threads, whose calls wait for one another, and across fork: a child connects for itself. Use it in
    a `with` statement, or `close` it: an open connection keeps an idle daemon from stopping.
    """

    def __init__(
        self,
        socket: str | os.PathLike[str] | None = None,
        *,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        max_reply_bytes: int = MAX_REPLY_BYTES,
    ) -> None:
        """Nothing is connected yet.

        Args:
            socket: The daemon's Unix socket. None: $LIFECYCLE_SOCKET, $LIFECYCLED_SOCKET, or that of the package.
            timeout: Seconds that a call may take, repeats included, unless the call says otherwise.
            connect_timeout: Seconds that a call waits for a connection while the daemon is away, as when it restarts.
            max_reply_bytes: A longer reply is a BadReply.
        """
        self.socket = socket_path(socket)
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self._max_reply_bytes = max_reply_bytes
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        _fork.register(self)

    def call(self, method: str, params: dict[str, Any] | None = None, *, timeout: float | None = None) -> Any:
        """Call any method with its parameters as the daemon names them, and give its result as plain JSON.

        Raises what `lifecycle_rpc.errors` lists. Repeats what was not done or may be repeated, until `timeout` seconds
        are over (None: the client's); what moves credits gets an idempotency key when it has none.
        """
        call = encode_call(method, with_key(method, params or {}))
        retry = Retry(method, self.timeout if timeout is None else timeout, self.connect_timeout)
        while True:
            try:
                return self._attempt(call, retry)
            except LifecycleError as error:
                delay = retry.delay_after(error)
            time.sleep(delay)

    def _attempt(self, call: bytes, retry: Retry) -> Any:
        lock = self._lock
        if not lock.acquire(timeout=retry.remaining):
            raise DeadlineExceeded("Other threads' calls took all the time", maybe_done=False)
        try:
            if self._connection is not None and self._connection.is_stale():
                self._disconnect()
            if self._connection is None:
                self._connection = Connection(self.socket, retry.deadline, self._max_reply_bytes)
            retry.connected()
            return self._connection.exchange(call, retry.deadline)
        except RPCError:
            raise
        except BaseException:
            # Also for KeyboardInterrupt and the like: an answer that nobody waits for would be taken for the next one.
            self._disconnect()
            raise
        finally:
            lock.release()

    def _call(self, method: str, kind: type[T], given: dict[str, object], timeout: float | None) -> T:
        return decode(kind, self.call(method, parameters(given), timeout=timeout))

    def watch(
        self,
        from_seq: int | None = None,
        *,
        user_id: str | None = None,
        project_id: str | None = None,
        give_up_after: float | None = None,
    ) -> Watch:
        """Every event after `from_seq`, then each new one, in order and none left out, on a connection of its own.

        Args:
            from_seq: The last event that you have; 0 for all, None for only what comes from now on.
            user_id: Only this user's.
            project_id: Only this project's.
            give_up_after: Seconds without a connection after which iterating raises Unreachable; None: never.
        """
        params = parameters({"from_seq": from_seq, "user_id": user_id, "project_id": project_id})
        return Watch(self.socket, params, give_up_after, self._max_reply_bytes)

    def close(self) -> None:
        """Close the connection, after the call that uses it. The client can be used again."""
        with self._lock:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def after_fork(self) -> None:
        """Leave the parent's connection and lock to the parent."""
        self._lock = threading.Lock()
        self._connection = None

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
