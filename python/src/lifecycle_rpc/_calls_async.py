"""What all methods are built on, asynchronous. `dev/unasync` makes `_calls.py` from this."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


class AsyncCalls:
    """Calls of any method: as plain JSON, and as dataclasses."""

    async def call(self, method: str, params: dict[str, Any] | None = None, *, timeout: float | None = None) -> Any:
        """Call any method with its parameters as the daemon names them, and give its result as plain JSON."""
        raise NotImplementedError

    async def _call(self, method: str, kind: type[T], given: dict[str, object], timeout: float | None) -> T:
        raise NotImplementedError
