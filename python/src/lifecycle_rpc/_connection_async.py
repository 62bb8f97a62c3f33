"""One connection on an event loop."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from typing import Any

from . import _fork
from ._connection import connect, unreachable
from ._wire import LineBuffer, Requests, decode_line, request_line, result_of
from .errors import ConnectionLost


class AsyncConnection:
    """A connection to the daemon, for one request at a time, on the loop that made it.

    A cancelled exchange leaves it as good as it was: what is still to be sent is sent before the next request, and an
    answer that comes late is dropped.
    """

    _socket: socket.socket | None = None

    def __init__(self, path: str, max_reply_bytes: int) -> None:
        """Connect, which never waits. Raises Unreachable."""
        self.loop = asyncio.get_running_loop()
        self._lines = LineBuffer(max_reply_bytes)
        self._requests = Requests()
        self._unsent = bytearray()
        try:
            _fork.opening.acquire()
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            _fork.register(self)
        except OSError as error:
            raise unreachable(path, error) from error
        finally:
            _fork.opened()
        connect(self._socket, path)

    def is_stale(self) -> bool:
        """Whether the daemon has closed it, or said what nobody asked for, since the last answer."""
        if self._open.fileno() < 0:
            return True
        if self._requests.is_any_unanswered:
            return False  # reading will tell
        poll = select.poll()
        poll.register(self._open, select.POLLIN)
        return not self._lines.is_empty or bool(poll.poll(0))

    async def exchange(self, call: bytes) -> Any:
        """Send what `encode_call` made and give its result.

        After any exception but RPCError and a cancellation, the connection is of no more use.

        Raises RPCError, ConnectionLost, BadReply.
        """
        request_id = self._requests.add()
        self._unsent += request_line(request_id, call)
        while self._unsent:
            try:
                del self._unsent[: self._open.send(self._unsent)]
            except BlockingIOError:
                await self._until(self.loop.add_writer, self.loop.remove_writer)
            except OSError as error:
                raise ConnectionLost(f"The connection was lost: {error}") from error
        while True:
            message = decode_line(await self.read_line())
            if self._requests.is_answer_to(request_id, message):
                return result_of(message)

    async def read_line(self) -> bytes:
        """The next line. Raises ConnectionLost at its end."""
        while (line := self._lines.next_line()) is None:
            try:
                data = self._open.recv(262144)
            except BlockingIOError:
                await self._until(self.loop.add_reader, self.loop.remove_reader)
                continue
            except OSError as error:
                raise ConnectionLost(f"The connection was lost: {error}") from error
            if not data:
                raise ConnectionLost("The daemon closed the connection before it answered")
            self._lines.feed(data)
        return line

    async def _until(self, add: Callable[..., object], remove: Callable[[int], object]) -> None:
        """Wait until the socket can be read or written. Nothing is read while waiting, so nothing is lost by it."""
        ready = self.loop.create_future()
        descriptor = self._open.fileno()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        add(descriptor, wake)
        try:
            await ready
        finally:
            remove(descriptor)

    @property
    def _open(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionLost("The connection was closed")
        return self._socket

    def close(self) -> None:
        """Close this process's descriptor."""
        if self._socket is not None:
            self._socket.close()

    after_fork = close
    __del__ = close
