"""One connection on an event loop, on the loop's own socket functions."""

from __future__ import annotations

import asyncio
import select
import socket
from typing import Any

from . import _fork
from ._connection import unreachable
from ._wire import LineBuffer, decode_line, request_line, result_of
from .errors import ConnectionLost


class AsyncConnection:
    """A connection to the daemon, for one request at a time, on the loop that made it."""

    def __init__(self, path: str, max_reply_bytes: int) -> None:
        """Connect, which never waits: a Unix socket takes a connection at once or not at all. Raises Unreachable."""
        self.loop = asyncio.get_running_loop()
        self._lines = LineBuffer(max_reply_bytes)
        self._last_id = 0
        with _fork.opening:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            _fork.register(self)
        self._socket.setblocking(False)
        try:
            self._socket.connect(path)
        except OSError as error:
            self.close()
            raise unreachable(path, error) from error

    def is_stale(self) -> bool:
        """Whether the daemon has closed it, or said what nobody asked for, since the last answer."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not self._lines.is_empty or bool(poll.poll(0))

    async def exchange(self, call: bytes) -> Any:
        """Send what `encode_call` made and give its result.

        After any exception but RPCError the connection is of no more use.

        Raises RPCError, ConnectionLost, BadReply.
        """
        self._last_id += 1
        try:
            await self.loop.sock_sendall(self._socket, request_line(self._last_id, call))
        except OSError as error:
            raise ConnectionLost(f"The connection was lost: {error}") from error
        return result_of(decode_line(await self.read_line()), self._last_id)

    async def read_line(self) -> bytes:
        """The next line. Raises ConnectionLost at its end."""
        while (line := self._lines.next_line()) is None:
            try:
                data = await self.loop.sock_recv(self._socket, 262144)
            except OSError as error:
                raise ConnectionLost(f"The connection was lost: {error}") from error
            if not data:
                raise ConnectionLost("The daemon closed the connection before it answered")
            self._lines.feed(data)
        return line

    def close(self) -> None:
        """Close this process's descriptor."""
        self._socket.close()

    after_fork = close
