"""The hooks. Which process runs which is Prefect's choice: see docs/prefect.md."""

from __future__ import annotations

import atexit
import logging
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from prefect.exceptions import Abort

from ..client import Client
from ..errors import LifecycleError, TerminalState
from . import _engine, _registry, _waiting
from ._beside import beside_loop
from ._body import around_here, guard
from ._deliver import Verdict, deliver
from ._farewell import Farewell
from ._identify import ProjectKey, project_of
from ._log import log
from ._message import error_code, error_message
from ._prefect_api import set_cancelled, set_refused, state_of, was_cancelled, without_patience
from ._refusal import refuse
from ._stop import has_own_process
from ._tracker import Place, Tracker

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State

    from ._settings import Settings


Report = Callable[["Settings", ProjectKey, "FlowRun", "State[Any]", Place], str | None]
"""What a hook does. It gives why the run is to be refused, if it is."""


class Hook:
    """One of the hooks of a tracked flow. A failure of it never becomes the flow's."""

    def __init__(self, settings: Settings, name: str, run: Report) -> None:
        self.settings = settings
        self.__name__ = name
        self._run = run

    def __call__(self, flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> Awaitable[None] | None:
        """Be called by Prefect, which waits for it on the event loop of an async flow."""
        engine = _engine.calling()
        place = Place.here(engine, around_here())
        if engine is not None and state.is_running():
            guard(flow)
        if _engine.is_asynchronous(engine):
            return self._beside_loop(flow, flow_run, state, place)
        if (reason := self._act(flow, flow_run, state, place)) is not None:
            return refuse(engine, flow_run, reason)
        return None

    async def _beside_loop(self, flow: Flow[..., Any], flow_run: FlowRun, state: State[Any], place: Place) -> None:
        """Leave the event loop to others meanwhile, which may be other people's requests."""
        reason = await beside_loop(partial(self._act, flow, flow_run, state, place))
        if reason is not None and (refused := refuse(place.engine, flow_run, reason)) is not None:
            await refused

    def _act(self, flow: Flow[..., Any], flow_run: FlowRun, state: State[Any], place: Place) -> str | None:
        """Gives why the run is to be refused."""
        try:
            if not state.is_running() and _registry.was_left(flow_run.id):
                return None  # a flow within the one that is tracked, or one that was refused
            key = self._key(flow, flow_run, place)
            if key is None:
                can_refuse = state.is_running() and place.engine is not None
                if can_refuse and self.settings.on_missing == "refuse":
                    return f'{self._missing()}. It was not begun; `on_missing="log"` would run it untracked.'
                log(flow_run, logging.ERROR, "%s", self._missing())
                return None
            return self._run(self.settings, key, flow_run, state, place)
        except Exception as error:
            log(flow_run, logging.ERROR, "%s: %s: %s", self.__name__, type(error).__name__, error)
            return None

    def _key(self, flow: Flow[..., Any], flow_run: FlowRun, place: Place) -> ProjectKey | None:
        tracker = _registry.get(flow_run.id)
        if tracker is not None:
            return tracker.key
        try:
            return project_of(self.settings, flow, flow_run, _engine.received(place.engine))
        except Exception as error:
            log(flow_run, logging.ERROR, "%s: %s: %s", self.__name__, type(error).__name__, error)
            return None

    def _missing(self) -> str:
        names = [find for find in (self.settings.project_id, self.settings.external_id) if find is not None]
        return f"This run names no project ({', '.join(map(str, names)) or 'no parameter is to name it'})"


def report_start(settings: Settings, key: ProjectKey, flow_run: FlowRun, _: State[Any], place: Place) -> str | None:
    """Begin to hold the lease. Ends the run before its body when the project has ended: nobody would pay for it."""
    if (known := _registry.get(flow_run.id)) is not None:
        # Prefect retries it. What was told to stop is not begun again.
        return f"Stopped: {known.stop_reason}." if known.stop_reason is not None and place.engine is not None else None
    for other in _registry.every():
        if other.is_over():
            conclude(other)  # its heartbeat has not looked yet, and it may be the same project's
    tracker = Tracker(settings, key, flow_run, place, conclude)
    expect_exit()
    if not _registry.add(tracker):
        return None  # a flow within the one that is tracked
    try:
        tracker.start()
    except TerminalState as error:
        reason = f"Project {key} is {error.status} already; do it again as a new project."
        within_another = flow_run.parent_task_run_id is not None and not has_own_process(flow_run)
        if settings.stop_when_ended and not within_another:
            _registry.remove(flow_run.id)
            set_refused(flow_run, reason)
            raise Abort(reason) from None
        if settings.stop_when_ended and place.engine is not None:
            _registry.remove(flow_run.id)
            # Abort would end the flow around this one, too, and that without its hooks.
            return reason
        if settings.stop_when_ended:
            tracker.stop_reason = reason
        log(flow_run, logging.WARNING, "project %s is %s already; the flow runs all the same", key, error.status)
    return None


def report_end(settings: Settings, key: ProjectKey, flow_run: FlowRun, state: State[Any], place: Place) -> str | None:
    """Report the verdict, in whichever process this is."""
    tracker = _registry.get(flow_run.id)
    verdict = verdict_of(state) if tracker is None else _verdict_here(tracker, state)
    if tracker is None and _registry.every():
        # It never ran, and may be a flow within one that does.
        tracker = Tracker(settings, key, flow_run, place)
    if tracker is not None and _must_wait(tracker, verdict):
        return None
    if tracker is None:
        # The runner's or the worker's process: that of the flow is gone, and its lease with it.
        with Client(settings.socket, connect_timeout=settings.report_budget) as client:
            deliver(client, settings, key, verdict, flow_run, settings.report_budget)
    else:
        _finish(tracker, verdict)
    return None


def _verdict_here(tracker: Tracker, state: State[Any]) -> Verdict:
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


def conclude(tracker: Tracker, budget: float | None = None) -> None:
    """End the tracking of a run that has ended in this process, and of which no hook says so."""
    budget = tracker.settings.report_budget if budget is None else budget
    # Its heartbeat may be at it when the process exits, and is not to be left behind in the middle.
    if not tracker.concluding.acquire(timeout=budget):
        return
    try:
        if _registry.get(tracker.flow_run.id) is tracker:
            _conclude(tracker, budget)
    finally:
        tracker.concluding.release()


def _conclude(tracker: Tracker, budget: float) -> None:
    state, body = _engine.state(tracker.engine), tracker.body
    if tracker.verdict is not None:
        verdict = tracker.verdict
    elif state is not None and state.is_final():
        verdict = _verdict_here(tracker, state)
    elif body.intent == "cancel":
        return  # who has made the process reports it
    elif body.intent is not None or (state is not None and (state.is_paused() or state.is_scheduled())):
        tracker.release(budget)
        return
    elif body.outcome is not None and body.outcome.is_final():
        verdict = verdict_of(body.outcome)
    else:
        was = state.name if state is not None else "unknown"
        verdict = Verdict("failed", "crashed", f"The run ended in this process without a final state; it is {was}.")
    if not _must_wait(tracker, verdict):
        _finish(tracker, verdict, budget)


def _must_wait(tracker: Tracker, verdict: Verdict) -> bool:
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


def _finish(tracker: Tracker, verdict: Verdict, budget: float | None = None) -> None:
    tracker.finish(verdict, budget)
    _registry.remove(tracker.flow_run.id)
    for waiting in _registry.every():
        if waiting.waits_for_outer and waiting.verdict is not None and not _registry.before(waiting):
            # Should it be the same project after all, the first verdict stays: that of the flow around it.
            _finish(waiting, waiting.verdict, budget)
    if tracker.stop_reason is not None and verdict.status == "failed":
        project = ProjectKey(tracker.project_id or tracker.key.project_id, tracker.key.external_id)
        set_cancelled(tracker.flow_run, f"Stopped: {tracker.stop_reason}.", project)


def verdict_of(state: State[Any]) -> Verdict:
    """What a final state of a run means for its project."""
    if state.is_completed():
        return Verdict("completed")
    return Verdict("failed", error_code(state), error_message(state))


def at_exit() -> None:
    """Report for runs whose hooks were skipped or interrupted.

    That happens when another hook raises SystemExit before ours; and when a killed runner leaves its flow with a broken
    pipe for standard output, since Prefect logs each hook before it runs it, and that then raises SystemExit.

    Another thread does it, since nothing else bounds what a name server or a slow answer takes.
    """
    if _farewell is not None and (_registry.every() or _waiting.any_expected()):
        _farewell.call(EXIT_BUDGET)


def _say_farewell() -> None:
    _waiting.settle(EXIT_BUDGET / 4)
    with without_patience(EXIT_BUDGET / 4):
        for tracker in _registry.every():
            if _registry.get(tracker.flow_run.id) is not tracker:
                continue  # it waited for one before it
            try:
                budget = min(tracker.settings.report_budget, EXIT_BUDGET / 4)
                if tracker.is_over() and not tracker.waits_for_outer:
                    conclude(tracker, budget)
                    continue
                verdict = tracker.verdict
                if verdict is None and (state := state_of(tracker.flow_run.id)) is not None and state.is_final():
                    verdict = verdict_of(state)
                if verdict is not None and not (tracker.waits_for_outer and _registry.before(tracker)):
                    _finish(tracker, verdict, budget)
            except Exception as error:
                # Then the end of this process is told by its attached connection.
                log(tracker.flow_run, logging.ERROR, "at exit: %s: %s", type(error).__name__, error)


def expect_exit() -> None:
    """Have the thread ready: a process that exits can start none."""
    global _farewell
    if _farewell is None:
        _farewell = Farewell(_say_farewell)


def _after_fork() -> None:
    global _farewell
    _farewell = None
    atexit.unregister(at_exit)


EXIT_BUDGET = 2.0
"""Seconds that the exit of a process may take for us."""
_farewell: Farewell | None = None
atexit.register(at_exit)
os.register_at_fork(after_in_child=_after_fork)
