"""What is said of a failure: the state, its message, and the end of the traceback."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from ._engine import is_own_timeout

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

MESSAGE_BYTES = 2000
TRACEBACK_BYTES = 4000
"""Both together stay below the 8 KiB that the daemon keeps."""


def error_code(state: State[Any]) -> str:
    """A stable word for programs: `crashed`, `cancelled`, `timedOut` or `pipelineFailed`."""
    if state.is_crashed():
        return "crashed"
    if state.is_cancelled() or state.is_cancelling():
        return "cancelled"
    return "timedOut" if state.name == "TimedOut" and _is_own_timeout(state) else "pipelineFailed"


def _is_own_timeout(state: State[Any]) -> bool:
    """Prefect calls any TimeoutError of a body so, like that of a socket. What it says of its own is told apart."""
    if isinstance(state.data, BaseException):
        return is_own_timeout(state.data)
    return not (state.message or "").startswith("Flow run failed due to timeout")


def error_message(state: State[Any]) -> str:
    """For people: `Failed: …`, then where it happened if the exception is known in this process."""
    head = cut(f"{state.name}: {state.message}" if state.message else str(state.name), MESSAGE_BYTES)
    # A failed run's data is the exception, or Prefect's record of it.
    error = getattr(state.data, "result", state.data)
    if not isinstance(error, BaseException) or error.__traceback__ is None:
        return head
    return f"{head}\n\n{_tail(''.join(traceback.format_exception(error)), TRACEBACK_BYTES)}"


def _utf8(text: str) -> bytes:
    # Names of files that are not UTF-8 come as halves of surrogate pairs, which strict JSON does not have.
    return text.encode("utf-8", "replace")


def cut(text: str, limit: int) -> str:
    """Its first bytes, as text that can be sent."""
    return _utf8(text)[:limit].decode("utf-8", "ignore")


def _tail(text: str, limit: int) -> str:
    data = _utf8(text).rstrip()
    if len(data) <= limit:
        return data.decode()
    return "…" + data[-limit:].decode("utf-8", "ignore")
