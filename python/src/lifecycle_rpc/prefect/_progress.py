"""For the body of a flow: to say how far it is, and to hear that it is to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.runtime import flow_run

from . import _registry

if TYPE_CHECKING:
    from ._tracker import Tracker


class FlowStopped(Exception):
    """The flow is to end: its project was cancelled, or has ended without it."""


def progress(fraction: float | None = None, message: str | None = None) -> None:
    """Say how far the flow is, 0 to 1, and what it does. Costs nothing: the next heartbeat tells.

    What the daemon would refuse is made to fit: fractions beyond 0 or 1, and what is longer than 1024 bytes.
    For the flow and its tasks in the same process; elsewhere, and in flows that are not tracked, it does nothing.
    Raises FlowStopped when the flow is to end.
    """
    tracker = _current()
    if tracker is None:
        return
    tracker.moved(fraction, message)
    if tracker.stop_reason is not None:
        raise FlowStopped(tracker.stop_reason)


def stop_requested() -> bool:
    """Whether the flow is to end, for bodies that would rather ask than be interrupted."""
    tracker = _current()
    return tracker is not None and tracker.stop_reason is not None


def _current() -> Tracker | None:
    trackers = _registry.every()
    if len(trackers) == 1:
        return trackers[0]
    here = flow_run.get_id()
    return next((tracker for tracker in trackers if str(tracker.flow_run.id) == here), None)
