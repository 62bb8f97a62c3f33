"""What all methods are built on. Made from `_calls_async.py` by `dev/unasync`."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


class Calls:
    """Calls of any method: as plain JSON, and as dataclasses."""

    def call(self, method: str, params: dict[str, Any] | None = None, *, timeout: float | None = None) -> Any:
        """Call any method with its parameters as the daemon names them, and give its result as plain JSON."""
        raise NotImplementedError

    def _call(self, method: str, kind: type[T], given: dict[str, object], timeout: float | None) -> T:
        raise NotImplementedError
