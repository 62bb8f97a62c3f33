"""The blocking client."""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Any, TypeVar

from . import _fork
from ._credits import Credits
from ._decode import decode, parameters
from ._pool import Pool
from ._projects import Projects
from ._retry import Retry, attaches, with_key
from ._wire import MAX_REPLY_BYTES, encode_call, socket_path
from .errors import LifecycleError
from .watch import Watch

T = TypeVar("T")


class Client(Projects, Credits):
    """A client of the daemon, over connections that are made when they are needed and made again when they were lost.

    For any number of threads, whose calls do not wait for one another, for signal handlers, and across fork: a child
    connects for itself. Attached leases are held by connections of their own, which no other call can end. Use it in a
    `with` statement, or `close` it: an open connection keeps an idle daemon from stopping.
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
        self._pool = Pool(self.socket, max_reply_bytes)
        _fork.register(self)

    def call(self, method: str, params: dict[str, Any] | None = None, *, timeout: float | None = None) -> Any:
        """Call any method with its parameters as the daemon names them, and give its result as plain JSON.

        Raises what `lifecycle_rpc.errors` lists. Repeats what was not done or may be repeated, until `timeout` seconds
        are over (None: the client's); what moves credits gets an idempotency key when it has none, and what is raised
        has it as `idempotency_key`.
        """
        keyed = with_key(method, params or {})
        call = encode_call(method, keyed)
        retry = Retry(method, keyed, self.timeout if timeout is None else timeout, self.connect_timeout)
        while True:
            pool = self._pool
            try:
                return pool.attach(call, retry) if attaches(method, keyed) else pool.exchange(call, retry)
            except LifecycleError as error:
                delay = retry.delay_after(error)
            time.sleep(delay)

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
        """Close the connections; one that another thread's call uses, when that ends. The client can be used again."""
        closed, self._pool = self._pool, Pool(self.socket, self._max_reply_bytes)
        closed.close()

    def after_fork(self) -> None:
        """Leave the parent's connections to the parent."""
        self._pool = Pool(self.socket, self._max_reply_bytes)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
