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
from ._retry import Retry, attaches, with_key
from ._wire import MAX_REPLY_BYTES, encode_call, socket_path
from .errors import DeadlineExceeded, LifecycleError, RPCError
from .models import Event
from .watch_async import watch

T = TypeVar("T")


class _Line:
    """A connection of one loop, for one call at a time."""

    def __init__(self, *, lives_on: bool) -> None:
        self.turn = asyncio.Lock()
        self.connection: AsyncConnection | None = None
        self._lives_on = lives_on

    def connect(self, path: str, max_reply_bytes: int) -> None:
        """Connect unless it is. Raises Unreachable."""
        if self.connection is not None and self.connection.is_stale():
            self.disconnect()
        if self.connection is None:
            self.connection = AsyncConnection(path, max_reply_bytes)

    async def exchange(self, call: bytes) -> Any:
        """The result of a call on the connection, which ends when the call does not end well."""
        assert self.connection is not None
        try:
            return await self.connection.exchange(call)
        except RPCError:
            raise
        except asyncio.CancelledError:
            # Its time was over, or the caller's task was cancelled. The daemon would take the end of a connection that
            # holds a lease for that of this process.
            if not self._lives_on:
                self.disconnect()
            raise
        except BaseException:
            self.disconnect()
            raise

    def disconnect(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class _Lines:
    """What a loop has: a connection for calls, and one for the heartbeats that attach."""

    def __init__(self) -> None:
        self.ordinary = _Line(lives_on=False)
        self.attached = _Line(lives_on=True)

    def disconnect(self) -> None:
        self.ordinary.disconnect()
        self.attached.disconnect()


class AsyncClient(AsyncProjects, AsyncCredits):
    """As `Client`, for the tasks of an event loop, whose calls wait for one another. Calls can be cancelled.

    It has connections of their own for each loop, also for loops that run at once in several threads, and in a forked
    child. Use it in an `async with` statement, or `aclose` it on each loop.
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
        self._loops: dict[asyncio.AbstractEventLoop, _Lines] = {}
        _fork.register(self)

    async def call(self, method: str, params: dict[str, Any] | None = None, *, timeout: float | None = None) -> Any:
        """As `Client.call`."""
        keyed = with_key(method, params or {})
        call = encode_call(method, keyed)
        retry = Retry(method, keyed, self.timeout if timeout is None else timeout, self.connect_timeout)
        lines = self._lines()
        line = lines.attached if attaches(method, keyed) else lines.ordinary
        sent = False

        async def attempts() -> Any:
            nonlocal sent
            while True:
                try:
                    async with line.turn:
                        line.connect(self.socket, self._max_reply_bytes)
                        retry.connected()
                        sent = True
                        return await line.exchange(call)
                except LifecycleError as error:
                    sent = False
                    delay = retry.delay_after(error)
                await asyncio.sleep(delay)

        try:
            return await asyncio.wait_for(attempts(), retry.remaining)
        except asyncio.TimeoutError:
            raise retry.end_with(DeadlineExceeded("No answer in time", maybe_done=sent)) from None

    def _lines(self) -> _Lines:
        loop = asyncio.get_running_loop()
        if (lines := self._loops.get(loop)) is None:
            # asyncio.run makes a loop each time. What is left of those that have ended is nobody's any more.
            for other in list(self._loops):
                if other.is_closed() and (ended := self._loops.pop(other, None)) is not None:
                    ended.disconnect()
            lines = self._loops[loop] = _Lines()
        return lines

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
        """Close this loop's connections, after the calls that use them. The client can be used again."""
        lines = self._lines()
        async with lines.ordinary.turn, lines.attached.turn:
            lines.disconnect()

    def after_fork(self) -> None:
        """Leave the parent's connections to the parent."""
        self._loops = {}

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
