"""The history as it is written: an iterator that goes on where it was when its connection was lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from . import _fork
from ._connection import Connection
from ._decode import decode
from ._retry import backoff
from ._wire import decode_line, encode_call
from .errors import BadReply, LifecycleError, RPCError, Unreachable
from .models import Event, WatchStarted

CONNECT_SECONDS = 10.0
"""For connecting and the first answer. After that an event may be as long in coming as it likes."""


def event_of(message: dict[str, Any]) -> Event:
    """The event of a notification. Raises BadReply for anything else."""
    if message.get("method") != "event":
        raise BadReply(f"an event was expected, not {str(message)[:80]}")
    return decode(Event, message.get("params"))


class Watch(Iterator[Event]):
    """Events in the order of their commits: none left out, none twice. Made by `Client.watch`.

    For one thread; `close` may be called from another, and iterating then ends. What waiting does not help is raised:
    ProjectNotFound, and InvalidParams for a `from_seq` above the newest event, as after a restore.
    """

    def __init__(self, socket: str, params: dict[str, Any], give_up_after: float | None, max_reply_bytes: int) -> None:
        self._socket = socket
        self._params = params
        self._give_up_after = give_up_after
        self._max_reply_bytes = max_reply_bytes
        self._connection: Connection | None = None
        self._closed = threading.Event()
        self._in_use = threading.Lock()
        self._failures = 0
        self._lost_since = time.monotonic()
        _fork.register(self)

    @property
    def seq(self) -> int | None:
        """The last event that was given, or the newest one when the watch began; None before it began."""
        return self._params.get("fromSeq")

    def start(self) -> Watch:
        """Connect now, so that nothing that happens from here on is missed. Iterating does it otherwise."""
        while self._connection is None and not self._closed.is_set():
            try:
                self._connect()
            except (LifecycleError, OSError) as error:
                self._wait_after(error)
        return self

    def __next__(self) -> Event:
        with self._in_use:
            while not self._closed.is_set():
                connection = self.start()._connection
                if connection is None:
                    break
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
            raise StopIteration

    def _connect(self) -> None:
        deadline = time.monotonic() + CONNECT_SECONDS
        connection = Connection(self._socket, deadline, self._max_reply_bytes)
        try:
            started = decode(WatchStarted, connection.exchange(encode_call("watch", self._params), deadline))
        except BaseException:
            connection.close()
            raise
        # From the answer on, since nothing may have been missed when the connection is lost before the first event.
        self._params.setdefault("fromSeq", started.seq)
        self._connection = connection

    def _wait_after(self, error: Exception) -> None:
        if self._closed.is_set():
            return
        if isinstance(error, RPCError) and not error.retryable:
            raise error
        self._failures += 1
        away = time.monotonic() - self._lost_since
        if self._give_up_after is not None and away >= self._give_up_after:
            raise Unreachable(f"No connection for {away:.0f} seconds: {error}") from error
        self._closed.wait(backoff(self._failures))

    def close(self) -> None:
        """End it, from any thread. Iterating ends."""
        self._closed.set()
        if (connection := self._connection) is not None:
            connection.shut_down()
        # A descriptor that another thread waits on is that thread's to close.
        if self._in_use.acquire(blocking=False):
            self._disconnect()
            self._in_use.release()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def after_fork(self) -> None:
        """Leave the parent's connection and lock to the parent."""
        self._in_use = threading.Lock()
        self._connection = None

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
