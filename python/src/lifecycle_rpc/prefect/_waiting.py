"""Tracked flows that are called by others and never begin, as what they wait for has failed.

Prefect leaves such a run Pending (`NotReady`), and calls no hook of it. It can begin as long as the flow around it can
be retried. When that one has ended, nobody works for the project any more.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.context import FlowRunContext

from ..client import Client
from . import _engine
from ._deliver import deliver
from ._identify import project_of
from ._log import log
from ._verdict import Verdict

if TYPE_CHECKING:
    from prefect import Flow

    from ._settings import Settings

PAUSE = 1.0


@dataclass(frozen=True, eq=False, slots=True)
class Expected:
    """A run that has been made, and may begin."""

    settings: Settings
    flow: Flow[..., Any]
    engine: Any
    around: UUID


_lock = threading.Lock()
_expected: list[Expected] = []
_watcher: threading.Thread | None = None


def expect(settings: Settings, flow: Flow[..., Any], engine: Any) -> None:
    """Note that the engine makes a run, and look after it if there is a flow around it."""
    global _watcher
    context = FlowRunContext.get()
    if engine is None or context is None or context.flow_run is None or context.detached:
        return
    with _lock:
        _expected.append(Expected(settings, flow, engine, context.flow_run.id))
        if _watcher is None:
            _watcher = threading.Thread(target=_watch, name="lifecycle-waiting", daemon=True)
            _watcher.start()


def any_expected() -> bool:
    """Whether there are any."""
    with _lock:
        return bool(_expected)


def settle(budget: float | None = None) -> bool:
    """Report those whose time to begin is over. Gives whether none is left."""
    with _lock:
        still = [expected for expected in _expected if _waits(expected)]
        given_up = [expected for expected in still if _engine.runs_here(expected.around) is False]
        _expected[:] = [expected for expected in still if expected not in given_up]
    for expected in given_up:
        _report(expected, expected.settings.report_budget if budget is None else budget)
    with _lock:
        return not _expected


def _waits(expected: Expected) -> bool:
    state = _engine.state(expected.engine)
    if state is None:
        return _engine.runs_here(expected.around) is True  # it is being made
    return state.is_pending()


def _report(expected: Expected, budget: float) -> None:
    flow_run, state = expected.engine.flow_run, _engine.state(expected.engine)
    try:
        key = project_of(expected.settings, expected.flow, flow_run, _engine.received(expected.engine))
        if key is None or state is None:
            return
        words = f"{state.name}: {state.message}" if state.message else str(state.name)
        verdict = Verdict("failed", "pipelineFailed", f"It never began, and the flow around it has ended. {words}")
        with Client(expected.settings.socket, connect_timeout=budget) as client:
            deliver(client, expected.settings, key, verdict, flow_run, budget)
    except Exception as error:
        log(flow_run, logging.ERROR, "a run that never began: %s: %s", type(error).__name__, error)


def _watch() -> None:
    global _watcher
    while True:
        time.sleep(PAUSE)
        if settle():
            with _lock:
                if not _expected:
                    _watcher = None
                    return


def _after_fork() -> None:
    global _lock, _watcher
    _lock, _watcher = threading.Lock(), None
    _expected.clear()


os.register_at_fork(after_in_child=_after_fork)
