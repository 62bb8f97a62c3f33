"""The hooks. Which process runs which is Prefect's choice: see docs/prefect.md."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from prefect.exceptions import Abort

from ..client import Client
from ..errors import TerminalState
from . import _engine, _registry
from ._beside import beside_loop
from ._body import around_here
from ._conclude import conclude, finish, must_wait, verdict_here
from ._deliver import deliver
from ._exit import expect_exit
from ._guard import guard
from ._identify import ProjectKey, project_of
from ._log import log
from ._place import Place
from ._prefect_api import set_refused
from ._refusal import refuse
from ._stop import has_own_process
from ._suspended import wait_for_the_one_before, was_resumed
from ._tracker import Tracker
from ._verdict import verdict_of

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
    if was_resumed(flow_run):
        with Client(settings.socket, connect_timeout=settings.start_budget) as client:
            wait_for_the_one_before(client, key, settings.beat)
    tracker = Tracker(settings, key, flow_run, place, partial(conclude, wait=False))
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
    verdict = verdict_of(state) if tracker is None else verdict_here(tracker, state)
    if tracker is None and _registry.every():
        # It never ran, and may be a flow within one that does.
        tracker = Tracker(settings, key, flow_run, place)
    if tracker is not None and must_wait(tracker, verdict):
        return None
    if tracker is None:
        # The runner's or the worker's process: that of the flow is gone, and its lease with it.
        with Client(settings.socket, connect_timeout=settings.report_budget) as client:
            deliver(client, settings, key, verdict, flow_run, settings.report_budget)
    else:
        finish(tracker, verdict)
    return None
