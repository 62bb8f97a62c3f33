"""How the tracking of a run ends: by the verdict of its hooks, or by a look at what came of it."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any

from ..errors import LifecycleError
from . import _engine, _registry
from ._identify import ProjectKey
from ._log import log
from ._prefect_api import set_cancelled, set_completed, was_cancelled
from ._suspended import pause_of
from ._verdict import Verdict, verdict_of

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

    from ._tracker import Tracker


def verdict_here(tracker: Tracker, state: State[Any]) -> Verdict:
    """In the flow's own process, what its body has delivered counts.

    A run that was cancelled in Prefect, and that nobody has stopped, ends as Cancelled or as Completed by how long its
    body goes on: the server waits some minutes for it, and then takes Completed all the same.
    """
    outcome = tracker.body.outcome
    if (state.is_cancelling() or state.is_cancelled()) and outcome is not None:
        state, cancelled = outcome, True
    else:
        # Only where the app has cancelled the project, too, does it matter for what has succeeded.
        asked = state.is_completed() and tracker.stop_reason is not None and not tracker.project_ended
        cancelled = asked and was_cancelled(tracker.flow_run)
    if cancelled and tracker.stop_reason is not None:
        return Verdict("failed", "cancelled", tracker.stop_reason)
    return verdict_of(state)


_under_way: set[Tracker] = set()
# A child has none of the threads that were concluding.
os.register_at_fork(after_in_child=_under_way.clear)


def under_way() -> list[Tracker]:
    """Those that a thread is concluding. Prefect may have yet to be told when their verdict is delivered."""
    return list(_under_way)


def conclude(tracker: Tracker, budget: float | None = None, *, wait: bool = True) -> None:
    """End the tracking of a run that has ended in this process, and of which no hook says so."""
    budget = tracker.settings.report_budget if budget is None else budget
    # Its heartbeat may be at it when the process exits, and is not to be left behind in the middle. But the heartbeat
    # does not wait for whoever is at it: that one waits for the heartbeat's end.
    if not tracker.concluding.acquire(timeout=budget if wait else 0):
        return
    _under_way.add(tracker)
    try:
        if _registry.get(tracker.flow_run.id) is tracker:
            _conclude(tracker, budget)
    finally:
        _under_way.discard(tracker)
        tracker.concluding.release()


def _conclude(tracker: Tracker, budget: float) -> None:
    state, body = _engine.state(tracker.engine), tracker.body
    if tracker.verdict is not None:
        verdict = tracker.verdict
    elif state is not None and state.is_final():
        verdict = verdict_here(tracker, state)
    elif body.intent == "cancel":
        return  # who has made the process reports it
    elif state is not None and state.is_paused():
        _leave_paused(tracker, state, budget)
        return
    elif body.intent is not None or (state is not None and state.is_scheduled()):
        tracker.release(budget)
        return
    elif body.outcome is not None and body.outcome.is_final():
        verdict = verdict_of(body.outcome)
    elif body.is_left_open():
        verdict = Verdict("completed")  # a generator: its caller has what it wanted
    else:
        was = state.name if state is not None else "unknown"
        verdict = Verdict("failed", "crashed", f"The run ended in this process without a final state; it is {was}.")
    if not must_wait(tracker, verdict):
        finish(tracker, verdict, budget)


def _leave_paused(tracker: Tracker, state: State[Any], budget: float) -> None:
    """Leave the project to whoever resumes the run, unless its work is done or not wanted any more."""
    delivered = tracker.body.outcome is not None and tracker.body.outcome.is_completed()
    if not delivered and tracker.stop_reason is None:
        tracker.release(budget, pause_of(state))
        return
    # A body without tasks hears of a suspension only when it has ended. Resumed, it would do all of its work again.
    verdict = Verdict("completed") if delivered else Verdict("failed", "cancelled", tracker.stop_reason)
    if not must_wait(tracker, verdict):
        finish(tracker, verdict, budget)
        if delivered:
            set_completed(tracker.flow_run, "It was suspended, but its body had ended before it heard of that.")


def must_wait(tracker: Tracker, verdict: Verdict) -> bool:
    """Whether the verdict is not the project's, or may not be: then it waits for those of the flows around it."""
    others = _registry.before(tracker)
    if tracker.project_ended or not others:
        return False
    if any(other.key == tracker.key for other in others):
        return True
    end = time.monotonic() + tracker.settings.report_budget / 2
    for one in [tracker, *others]:
        try:
            one.identify(max(0.0, end - time.monotonic()))
        except LifecycleError as error:
            log(tracker.flow_run, logging.WARNING, "which project %s is cannot be asked: %s", one.key, error)
    if _registry.is_part(tracker):
        tracker.leave()
        _registry.was_left(tracker.flow_run.id)
        return True
    if _registry.is_part(tracker) is None and tracker.flow_run.parent_task_run_id is not None:
        tracker.verdict = tracker.verdict or verdict
        tracker.waits_for_outer = True
        _registry.add(tracker)
        return True
    return False


def finish(tracker: Tracker, verdict: Verdict, budget: float | None = None) -> None:
    """Report the verdict, and those that waited for this run."""
    tracker.finish(verdict, budget)
    _registry.remove(tracker.flow_run.id)
    for waiting in _registry.every():
        if waiting.waits_for_outer and waiting.verdict is not None and not _registry.before(waiting):
            # Should it be the same project after all, the first verdict stays: that of the flow around it.
            finish(waiting, waiting.verdict, budget)
    if tracker.stop_reason is not None and verdict.status == "failed":
        project = ProjectKey(tracker.project_id or tracker.key.project_id, tracker.key.external_id)
        set_cancelled(tracker.flow_run, f"Stopped: {tracker.stop_reason}.", project)
