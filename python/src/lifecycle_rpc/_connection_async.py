"""One connection on an event loop, on the loop's own socket functions."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from typing import Any

from ._connection import unreachable
from ._wire import LineBuffer, decode_line, encode_request, result_of
from .errors import ConnectionLost


class AsyncConnection:
    """A connection to the daemon, for one request at a time, on the loop that made it."""

    def __init__(self, connected: socket.socket, max_reply_bytes: int) -> None:
        self.loop = asyncio.get_running_loop()
        self._socket = connected
        self._lines = LineBuffer(max_reply_bytes)
        self._last_id = 0

    @classmethod
    async def open(cls, path: str, max_reply_bytes: int) -> AsyncConnection:
        """Connect. Raises Unreachable."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            # Never waits: a Unix socket takes a connection at once or not at all.
            connection.connect(path)
        except OSError as error:
            connection.close()
            raise unreachable(path, error) from error
        return cls(connection, max_reply_bytes)

    def is_stale(self) -> bool:
        """Whether the daemon has closed it, or said what nobody asked for, since the last answer."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not self._lines.is_empty or bool(poll.poll(0))

    async def exchange(self, method: str, params: dict[str, Any]) -> Any:
        """Send a request and give its result. After any exception but RPCError the connection is of no more use.

        Raises RPCError, ConnectionLost, BadReply.
        """
        self._last_id += 1
        line = encode_request(self._last_id, method, params)
        try:
            await self.loop.sock_sendall(self._socket, line)
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
        """Close it."""
        self._socket.close()

    def forget(self) -> None:
        """Close only the descriptor: in a forked child the loop's selector is the parent's."""
        os.close(self._socket.detach())
