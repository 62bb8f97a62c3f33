"""For the body of a flow: to say how far it is, and to hear that it is to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from prefect.context import FlowRunContext, TaskRunContext

from . import _registry

if TYPE_CHECKING:
    from uuid import UUID

    from ._tracker import Tracker

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


class FlowStopped(Exception):
    """The flow is to end: its project was cancelled, or has ended without it."""


def progress(fraction: float | None = None, message: str | None = None) -> None:
    """Say how far the flow is, 0 to 1, and what it does. Costs nothing: the next heartbeat tells.

    What the daemon would refuse is made to fit: fractions beyond 0 or 1, and what is longer than 1024 bytes.
    For the flow and its tasks and subflows in the same process, and for threads that were started by `in_this_flow`;
    elsewhere, and in flows that are not tracked, it does nothing. Raises FlowStopped when the flow is to end.
    """
    where = _here()
    if where.certain:
        for tracker in where.trackers:
            tracker.moved(fraction, message)
            if tracker.stop_reason is not None:
                raise FlowStopped(tracker.stop_reason)
        return
    # Some flow moves. That a hanging one lives longer is better than that a busy one loses its lease.
    for tracker in where.trackers:
        tracker.moved(None, None)
    _say_that_words_are_lost(len(where.trackers))


def stop_requested() -> bool:
    """Whether the flow is to end, for bodies that would rather ask than be interrupted."""
    where = _here()
    return where.certain and any(tracker.stop_reason is not None for tracker in where.trackers)


def in_this_flow(function: Callable[P, R]) -> Callable[P, R]:
    """The function, called as if by this flow, wherever it is called: `Thread(target=in_this_flow(encode))`.

    A new thread and those of an executor do not know in which flow they were started. As `contextvars.copy_context`
    does, this carries all of the context, and so Prefect's loggers, too. It can be called by many threads at once.
    """
    context = copy_context()

    def call(*arguments: P.args, **options: P.kwargs) -> R:
        return context.copy().run(function, *arguments, **options)

    return call


@contextmanager
def entered(tracker: Tracker) -> Iterator[None]:
    """Within this, who calls `progress` in this context, or in a copy of it, speaks for the run of the tracker."""
    token = _flows.set((*_flows.get(), tracker))
    try:
        yield
    finally:
        # A generator may be closed in another context than that in which it began.
        with suppress(ValueError):
            _flows.reset(token)


@dataclass(frozen=True, slots=True)
class _Where:
    """Whose flow calls: one tracker or none, if that is certain, or else all that it may be of."""

    trackers: list[Tracker]
    certain: bool = True


def _here() -> _Where:
    run_id = _prefects_run()
    if run_id is not None and (own := _registry.get(run_id)) is not None:
        return _Where([own])
    for one in reversed(_flows.get()):
        if (speaker := _registry.speaker(one)) is not None:
            return _Where([speaker])
    trackers = _registry.every()
    # A thread that says nothing of where it comes from, or a run that nobody tracks, and which may be within a tracked
    # one all the same: Prefect itself loses sight of that in a new thread.
    return _Where(trackers, certain=not trackers or (len(trackers) == 1 and run_id is None))


def _prefects_run() -> UUID | None:
    """The flow run of this context, by Prefect. Its `runtime` gives that of the process where there is none."""
    flow, task = FlowRunContext.get(), TaskRunContext.get()
    if flow is not None and flow.flow_run is not None:
        return flow.flow_run.id
    return task.task_run.flow_run_id if task is not None else None


def _say_that_words_are_lost(candidates: int) -> None:
    global _said
    if _said:
        return
    _said = True
    logger.warning(
        "progress() in thread %r: it cannot be told which flow that is (%d tracked here), so what it says is lost. "
        "Start the thread by in_this_flow(function). This is said once.",
        threading.current_thread().name,
        candidates,
    )


_flows: ContextVar[tuple[Tracker, ...]] = ContextVar("lifecycle_flows", default=())
_said = False
