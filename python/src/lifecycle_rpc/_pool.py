"""The connections of a client, for calls of any thread.

There is no lock: who makes a call takes a connection out, or makes one, and puts it back. So a call in a signal handler
never waits for the call that the signal came into, and an exception that a handler raises, at whatever point, costs a
connection at the most, which ends with its last name. Only single operations of lists are shared, which are atomic.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from ._connection import Connection
from ._retry import Retry
from .errors import DeadlineExceeded, RPCError

KEPT = 8
"""Connections that are kept for the next calls; further ones, as of many threads at once, are closed after use."""


class Pool:
    """Connections to one daemon."""

    def __init__(self, path: str, max_reply_bytes: int) -> None:
        self._path = path
        self._max_reply_bytes = max_reply_bytes
        self._closed = False
        self._idle: list[Connection] = []
        self._attached: list[Connection] = []
        """Those that hold leases, each of which the daemon would take for a dead process when it ends."""
        self._interrupted: deque[Connection] = deque(maxlen=KEPT)
        """The same, but of no more use: kept until the next heartbeats have attached to others."""

    def exchange(self, call: bytes, retry: Retry) -> Any:
        """One try of a call. What it raises is for `retry` to judge."""
        connection, reusable = self._take(self._idle), False
        try:
            retry.connected()
            result = connection.exchange(call, retry.deadline)
            reusable = True
            return result
        except RPCError:
            reusable = True
            raise
        except DeadlineExceeded as error:
            # The connection ends here, and so does what the daemon has of a request that is cut off.
            error.maybe_done = error.maybe_done and not connection.is_half_sent
            raise
        finally:
            if reusable and len(self._idle) < KEPT:
                self._put(self._idle, connection)
            else:
                connection.close()

    def attach(self, call: bytes, retry: Retry) -> Any:
        """One try of a heartbeat that attaches. Its connection stays, also when the answer does not come in time."""
        keep_in: list[Connection] | deque[Connection] = self._interrupted
        connection = self._take(self._attached)
        try:
            retry.connected()
            result = connection.exchange(call, retry.deadline)
            keep_in = self._attached
            return result
        except (RPCError, DeadlineExceeded):
            keep_in = self._attached
            raise
        except Exception:
            connection.close()  # it was lost
            raise
        finally:
            self._put(keep_in, connection)

    def _take(self, free: list[Connection]) -> Connection:
        while True:
            try:
                connection = free.pop()
            except IndexError:
                return Connection(self._path, self._max_reply_bytes)
            if not connection.is_stale():
                return connection
            connection.close()

    def _put(self, free: list[Connection] | deque[Connection], connection: Connection) -> None:
        free.append(connection)
        if self._closed:
            self.close()

    def close(self) -> None:
        """Close those that are not in use, and each of the others when its call has ended."""
        self._closed = True
        for connections in (self._idle, self._attached, self._interrupted):
            while connections:
                try:
                    connections.pop().close()
                except IndexError:
                    break
