"""What is asked of Prefect's engine beyond what it tells its hooks. All of it is here, as none of it is public.

Each question has an answer for an engine that is not as it was (Prefect 3.9.1): None, which means "not known".
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect import _flow_run_suspension, flow_engine
from prefect._internal import control_listener

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

FRAMES = 6
"""Between a hook and the engine's method that calls it: one, and some more for decorators."""


def calling() -> Any | None:
    """The engine that has called the hook, or None in the process of a runner or a worker."""
    frame = sys._getframe(1)
    for _ in range(FRAMES):
        found = frame.f_locals.get("self")
        if isinstance(found, flow_engine.BaseFlowRunEngine):
            return found
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return None


def is_asynchronous(engine: Any) -> bool:
    """Whether it is on an event loop, and waits for a hook that is a coroutine."""
    return isinstance(engine, flow_engine.AsyncFlowRunEngine)


def received(engine: Any) -> Mapping[str, Any] | None:
    """The parameters as the body gets them: with defaults, validated, and with values for futures and states."""
    parameters = getattr(engine, "parameters", None)
    return parameters if isinstance(parameters, Mapping) else None


def state(engine: Any) -> State[Any] | None:
    """The state that the run has, or had when the engine was done with it."""
    return getattr(getattr(engine, "flow_run", None), "state", None)


def runs_here(flow_run_id: UUID) -> bool | None:
    """Whether an engine of this process has the run. It notes it before the first hook and forgets it after the last.

    Also when the body ends by a state that has no hook, or by a signal that skips them all.
    """
    noted = getattr(_flow_run_suspension, "_active_flow_run_suspension_requests", None)
    return flow_run_id in noted if isinstance(noted, dict) else None


def is_at_work(engine: Any) -> bool | None:
    """Whether it is not done with its run.

    When a signal ends the body, it forgets the run first, and then reports its end and calls the hooks.
    """
    started = getattr(engine, "_is_started", None)
    return started if isinstance(started, bool) else None


def intent() -> str | None:
    """What the process that made this one is about to do with the run when it sends SIGTERM.

    `cancel` (it says so in Prefect and runs the hooks), `reschedule` or `relinquish` (another process goes on with it).
    """
    found: str | None = control_listener.get_intent()
    return found


def is_own_timeout(error: object) -> bool:
    """Whether it is how the engine ends a body whose `timeout_seconds` are over."""
    return isinstance(error, flow_engine.FlowRunTimeoutError)
