"""The tracked flow runs of this process."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from ._tracker import Tracker

_lock = threading.RLock()
_trackers: dict[UUID, Tracker] = {}
_parts: set[UUID] = set()


def add(tracker: Tracker) -> bool:
    """Add it. False when its project is tracked already, by this run, being retried, or by one that it is part of.

    Whether two names are of one project, only the daemon knows: see `is_part`.
    """
    with _lock:
        for run_id, other in _trackers.items():
            if other.key == tracker.key:
                if run_id != tracker.flow_run.id:
                    _parts.add(tracker.flow_run.id)
                return False
        _trackers[tracker.flow_run.id] = tracker
        return True


def remove(flow_run_id: UUID) -> Tracker | None:
    """Take out the run's tracker."""
    with _lock:
        return _trackers.pop(flow_run_id, None)


def get(flow_run_id: UUID) -> Tracker | None:
    """The run's tracker."""
    return _trackers.get(flow_run_id)


def speaker(tracker: Tracker) -> Tracker | None:
    """Who speaks to the daemon for the run of this tracker: the same run's, or an earlier one of the same project."""
    with _lock:
        if (own := _trackers.get(tracker.flow_run.id)) is not None:
            return own
        for other in _trackers.values():
            known = tracker.project_id is not None and other.project_id == tracker.project_id
            if known or other.key == tracker.key:
                return other
    return None


def leave_to_outer(flow_run_id: UUID) -> None:
    """The run is part of one that is tracked for the same project."""
    with _lock:
        _trackers.pop(flow_run_id, None)
        _parts.add(flow_run_id)


def was_left(flow_run_id: UUID) -> bool:
    """Whether the run is known as part of one that is tracked. Forgets it: this is asked at its end."""
    with _lock:
        known = flow_run_id in _parts
        _parts.discard(flow_run_id)
        return known


def say_nothing_of(flow_run_id: UUID) -> None:
    """The run was refused before its body: its end is nobody's verdict."""
    leave_to_outer(flow_run_id)


def within(tracker: Tracker) -> list[Tracker]:
    """Those of flows that it calls, at whatever depth, which work for other projects."""
    return [other for other in every() if tracker in other.around]


def before(tracker: Tracker) -> list[Tracker]:
    """Those that were there before it, and so may be of flows around its own."""
    with _lock:
        others = list(_trackers.values())
    return others[: others.index(tracker)] if tracker in others else others


def is_part(tracker: Tracker) -> bool | None:
    """Whether an earlier tracker has the same project, by what the daemon says. None as long as that is not known."""
    others = before(tracker)
    if tracker.project_id is not None and any(other.project_id == tracker.project_id for other in others):
        return True
    unknown = others and (tracker.project_id is None or any(other.project_id is None for other in others))
    return None if unknown else False


def every() -> list[Tracker]:
    """All of them."""
    with _lock:
        return list(_trackers.values())


def _after_fork() -> None:
    # The runs, their threads and their connections are the parent's.
    global _lock
    _lock = threading.RLock()
    _trackers.clear()
    _parts.clear()


os.register_at_fork(after_in_child=_after_fork)
