"""Blocking work beside an event loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def beside_loop(work: Callable[[], T]) -> T:
    """Do it in a thread of its own, in the caller's context.

    Should the caller be cancelled, the work goes on. The exit of the process does not wait for it, as it would for the
    event loop's own threads.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return  # the caller was cancelled
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(tell, result, error)
        except RuntimeError:
            return  # the event loop is closed: nobody waits

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="lifecycle-hook", daemon=True).start()
    return await done
