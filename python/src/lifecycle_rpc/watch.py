"""The history as it is written: an iterator that goes on where it was when its connection was lost."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from . import _fork
from ._connection import Connection
from ._decode import decode
from ._retry import TEMPORARY, backoff
from ._wire import decode_line, encode_call
from .errors import BadReply, LifecycleError, RPCError, Unreachable
from .models import Event, WatchStarted

T = TypeVar("T")

CONNECT_SECONDS = 10.0
"""For connecting and the first answer. After that an event may be as long in coming as it likes."""


def event_of(message: dict[str, Any]) -> Event:
    """The event of a notification. Raises BadReply for anything else."""
    if message.get("method") != "event":
        raise BadReply(f"an event was expected, not {str(message)[:80]}")
    return decode(Event, message.get("params"))


class _Reader:
    """A call that reads."""


class Watch(Iterator[Event]):
    """Events in the order of their commits: none left out, none twice. Made by `Client.watch`.

    For one thread at a time (RuntimeError for a second one); `close` may be called from another, and from a signal
    handler, and iterating then ends. What waiting does not help is raised: ProjectNotFound, and InvalidParams for a
    `from_seq` above the newest event, as after a restore.
    """

    def __init__(self, socket: str, params: dict[str, Any], give_up_after: float | None, max_reply_bytes: int) -> None:
        self._socket = socket
        self._params = params
        self._give_up_after = give_up_after
        self._max_reply_bytes = max_reply_bytes
        self._connection: Connection | None = None
        self._has_begun = False
        self._closed = False
        # A bare lock, which `close` releases: an Event has a lock within that a signal handler would wait for.
        self._never = threading.Lock()
        self._never.acquire()
        self._reader: dict[str, weakref.ref[_Reader]] = {}
        self._failures = 0
        self._lost_since = time.monotonic()
        _fork.register(self)

    @property
    def seq(self) -> int | None:
        """The last event that was given, or the newest one when the watch began; None before it began."""
        return self._params.get("fromSeq")

    def start(self) -> Watch:
        """Connect now, so that nothing that happens from here on is missed. Iterating does it otherwise."""
        self._alone(self._begin)
        return self

    def __next__(self) -> Event:
        event = self._alone(self._next)
        if event is None:
            raise StopIteration
        return event

    def _alone(self, do: Callable[[], T]) -> T:
        """Do it if nobody else reads. Who reads is told by an object that dies with the call, however that ends."""
        reader = _Reader()
        mine = weakref.ref(reader)
        try:
            while (other := self._reader.setdefault("reader", mine)) is not mine:
                if other() is not None:
                    raise RuntimeError("this watch is being read already, by another thread or around a signal handler")
                self._reader.pop("reader", None)
            return do()
        except BaseException:
            if self._reader.get("reader") is mine:
                self._disconnect()  # nobody knows where its reader was interrupted; the next one resumes
            raise
        finally:
            if self._reader.get("reader") is mine:
                del self._reader["reader"]

    def _begin(self) -> Connection | None:
        while not self._closed:
            connection = self._connection
            if connection is not None and self._has_begun:
                return connection
            try:
                self._connect()
            except (LifecycleError, OSError) as error:
                self._disconnect()
                self._wait_after(error)
        return None

    def _next(self) -> Event | None:
        while (connection := self._begin()) is not None:
            try:
                event = event_of(decode_line(connection.read_line(None)))
            except (LifecycleError, OSError) as error:
                self._disconnect()
                self._lost_since = time.monotonic()
                self._wait_after(error)
            else:
                self._params["fromSeq"] = event.seq
                self._failures = 0
                return event
        self._disconnect()
        return None

    def _connect(self) -> None:
        self._has_begun = False
        deadline = time.monotonic() + CONNECT_SECONDS
        # Before anything is waited for, so that `close` can end it.
        self._connection = connection = Connection(self._socket, self._max_reply_bytes)
        if self._closed:
            return
        started = decode(WatchStarted, connection.exchange(encode_call("watch", self._params), deadline))
        # From the answer on, since nothing may have been missed when the connection is lost before the first event.
        self._params.setdefault("fromSeq", started.seq)
        self._has_begun = True

    def _wait_after(self, error: Exception) -> None:
        if self._closed:
            return
        if isinstance(error, RPCError) and not error.retryable:
            raise error
        if isinstance(error, Unreachable) and error.errno not in TEMPORARY:
            raise error
        self._failures += 1
        away = time.monotonic() - self._lost_since
        if self._give_up_after is not None and away >= self._give_up_after:
            raise Unreachable(f"No connection for {away:.0f} seconds: {error}") from error
        if self._never.acquire(timeout=backoff(self._failures)):
            self._never.release()

    def close(self) -> None:
        """End it, from any thread or a signal handler. Iterating ends."""
        self._closed = True
        # Who reads has a name of its own for the connection: the descriptor lives until it has seen the end.
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.shut_down()
        with contextlib.suppress(RuntimeError):  # it was closed before
            self._never.release()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._has_begun = False
        if connection is not None:
            connection.close()

    def after_fork(self) -> None:
        """Leave the parent's connection to the parent."""
        self._reader = {}
        self._connection = None
        self._has_begun = False

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
