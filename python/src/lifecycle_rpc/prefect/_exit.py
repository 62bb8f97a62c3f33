"""What is reported when the process exits."""

from __future__ import annotations

import atexit
import logging
import os
from typing import TYPE_CHECKING

from . import _registry, _waiting
from ._conclude import conclude, finish, under_way
from ._farewell import Farewell
from ._log import log
from ._prefect_api import state_of, without_patience
from ._verdict import Verdict, verdict_of

if TYPE_CHECKING:
    from ._tracker import Tracker

EXIT_BUDGET = 2.0
"""Seconds that the exit of a process may take for us."""
_farewell: Farewell | None = None


def at_exit() -> None:
    """Report for runs whose hooks were skipped or interrupted.

    That happens when another hook raises SystemExit before ours; and when a killed runner leaves its flow with a broken
    pipe for standard output, since Prefect logs each hook before it runs it, and that then raises SystemExit.

    Another thread does it, since nothing else bounds what a name server or a slow answer takes.
    """
    if _farewell is not None and (_registry.every() or _waiting.any_expected() or under_way()):
        _farewell.call(EXIT_BUDGET)


def _say_farewell() -> None:
    _waiting.settle(EXIT_BUDGET / 4)
    with without_patience(EXIT_BUDGET / 4):
        for tracker in _registry.every():
            if _registry.get(tracker.flow_run.id) is not tracker:
                continue  # it waited for one before it
            try:
                _end(tracker, min(tracker.settings.report_budget, EXIT_BUDGET / 4))
            except Exception as error:
                # Then the end of this process is told by its attached connection.
                log(tracker.flow_run, logging.ERROR, "at exit: %s: %s", type(error).__name__, error)
    # A heartbeat may be telling Prefect what became of its run, and would be left behind in the middle.
    for tracker in under_way():
        if tracker.concluding.acquire(timeout=EXIT_BUDGET):
            tracker.concluding.release()


def _end(tracker: Tracker, budget: float) -> None:
    if tracker.is_over() and not tracker.waits_for_outer:
        conclude(tracker, budget)
        return
    verdict = tracker.verdict
    if verdict is None and tracker.body.is_left_open():
        verdict = Verdict("completed")  # a generator: its caller has what it wanted
    if verdict is None and (state := state_of(tracker.flow_run.id)) is not None and state.is_final():
        verdict = verdict_of(state)
    if verdict is not None and not (tracker.waits_for_outer and _registry.before(tracker)):
        finish(tracker, verdict, budget)


def expect_exit() -> None:
    """Have the thread ready: a process that exits can start none."""
    global _farewell
    if _farewell is None:
        _farewell = Farewell(_say_farewell)


def _after_fork() -> None:
    global _farewell
    _farewell = None
    atexit.unregister(at_exit)


atexit.register(at_exit)
os.register_at_fork(after_in_child=_after_fork)
