"""The tracked flow runs of this process."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from ._identify import ProjectKey
    from ._tracker import Tracker

_lock = threading.RLock()
_trackers: dict[UUID, Tracker] = {}


def add(tracker: Tracker) -> bool:
    """Add it. False when its project is tracked already, by this run, being retried, or by one that it is part of."""
    with _lock:
        if any(other.key == tracker.key for other in _trackers.values()):
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


def of_project(key: ProjectKey) -> Tracker | None:
    """The tracker of a project, whichever run it is for."""
    with _lock:
        return next((tracker for tracker in _trackers.values() if tracker.key == key), None)


def every() -> list[Tracker]:
    """All of them."""
    with _lock:
        return list(_trackers.values())


def _after_fork() -> None:
    # The runs, their threads and their connections are the parent's.
    global _lock
    _lock = threading.RLock()
    _trackers.clear()


os.register_at_fork(after_in_child=_after_fork)
