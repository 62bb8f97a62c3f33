"""The history as it is written, for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

from ._connection_async import AsyncConnection
from ._decode import decode
from ._retry import TEMPORARY, backoff
from ._wire import decode_line, encode_call
from .errors import LifecycleError, RPCError, Unreachable
from .models import Event, WatchStarted
from .watch import CONNECT_SECONDS, event_of


async def watch(
    socket: str, params: dict[str, Any], give_up_after: float | None, max_reply_bytes: int
) -> AsyncGenerator[Event, None]:
    """Events in the order of their commits, over as many connections as it takes. See `Watch` for what is raised."""
    failures, lost_since = 0, time.monotonic()
    while True:
        connection, started = None, False
        try:
            connection = AsyncConnection(socket, max_reply_bytes)
            answer = await asyncio.wait_for(connection.exchange(encode_call("watch", params)), CONNECT_SECONDS)
            params.setdefault("fromSeq", decode(WatchStarted, answer).seq)
            started = True
            while True:
                event = event_of(decode_line(await connection.read_line()))
                params["fromSeq"], failures = event.seq, 0
                yield event
        except (LifecycleError, OSError, asyncio.TimeoutError) as error:
            if isinstance(error, RPCError) and not error.retryable:
                raise
            if isinstance(error, Unreachable) and error.errno not in TEMPORARY:
                raise
            failures += 1
            if started:
                lost_since = time.monotonic()
            away = time.monotonic() - lost_since
            if give_up_after is not None and away >= give_up_after:
                raise Unreachable(f"No connection for {away:.0f} seconds: {error}") from error
        finally:
            if connection is not None:
                connection.close()
        await asyncio.sleep(backoff(failures))
