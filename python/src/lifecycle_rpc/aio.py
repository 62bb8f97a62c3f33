"""The client for asyncio."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any, TypeVar

from . import _fork
from ._connection_async import AsyncConnection
from ._credits_async import AsyncCredits
from ._decode import decode, parameters
from ._projects_async import AsyncProjects
from ._retry import Retry, with_key
from ._wire import MAX_REPLY_BYTES, encode_call, socket_path
from .errors import DeadlineExceeded, LifecycleError, RPCError
from .models import Event
from .watch_async import watch

T = TypeVar("T")


class AsyncClient(AsyncProjects, AsyncCredits):
    """As `Client`, for the tasks of an event loop, whose calls wait for one another. Calls can be cancelled.

    It connects again on another loop and in a forked child. Use it in an `async with` statement, or `aclose` it.
    """

    def __init__(
        self,
        socket: str | os.PathLike[str] | None = None,
        *,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        max_reply_bytes: int = MAX_REPLY_BYTES,
    ) -> None:
        """Nothing is connected yet. The arguments are those of `Client`."""
        self.socket = socket_path(socket)
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self._max_reply_bytes = max_reply_bytes
        self._connection: AsyncConnection | None = None
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        _fork.register(self)

    async def call(self, method: str, params: dict[str, Any] | None = None, *, timeout: float | None = None) -> Any:
        """As `Client.call`."""
        call = encode_call(method, with_key(method, params or {}))
        retry = Retry(method, self.timeout if timeout is None else timeout, self.connect_timeout)
        sent = False

        async def attempts() -> Any:
            nonlocal sent
            while True:
                try:
                    async with self._turn():
                        connection = self._connected(retry)
                        sent = True
                        try:
                            return await connection.exchange(call)
                        except RPCError:
                            raise
                        except BaseException:
                            # Also when cancelled: an answer that nobody waits for would be taken for the next one.
                            self._disconnect()
                            raise
                except LifecycleError as error:
                    sent = False
                    delay = retry.delay_after(error)
                await asyncio.sleep(delay)

        try:
            return await asyncio.wait_for(attempts(), retry.remaining)
        except asyncio.TimeoutError:
            raise retry.end_with(DeadlineExceeded("No answer in time", maybe_done=sent)) from None

    def _turn(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # A lock and a connection are of one loop, and asyncio.run makes a new one each time.
            self._disconnect()
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock

    def _connected(self, retry: Retry) -> AsyncConnection:
        if self._connection is not None and self._connection.is_stale():
            self._disconnect()
        if self._connection is None:
            self._connection = AsyncConnection(self.socket, self._max_reply_bytes)
        retry.connected()
        return self._connection

    async def _call(self, method: str, kind: type[T], given: dict[str, object], timeout: float | None) -> T:
        return decode(kind, await self.call(method, parameters(given), timeout=timeout))

    def watch(
        self,
        from_seq: int | None = None,
        *,
        user_id: str | None = None,
        project_id: str | None = None,
        give_up_after: float | None = None,
    ) -> AsyncGenerator[Event, None]:
        """As `Client.watch`: `async for event in client.watch(0)`. Ends when its task is cancelled or it is closed."""
        params = parameters({"from_seq": from_seq, "user_id": user_id, "project_id": project_id})
        return watch(self.socket, params, give_up_after, self._max_reply_bytes)

    async def aclose(self) -> None:
        """Close the connection, after the call that uses it. The client can be used again."""
        async with self._turn():
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def after_fork(self) -> None:
        """Leave the parent's connection to the parent."""
        self._connection = None
        self._loop = None

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
