"""What Prefect asks a flow at each call of a task, and blocking work beside an event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from prefect import _flow_run_suspension
from prefect._flow_run_suspension import FlowRunSuspensionRequest
from prefect.exceptions import Abort, Pause
from prefect.states import Suspended

from engines import Run, guarded
from lifecycle_rpc.prefect import (
    FlowStopped,
)
from lifecycle_rpc.prefect._beside import beside_loop
from lifecycle_rpc.prefect._body import StopRequest, around_here


def test_prefect_asks_for_us_at_each_task_and_not_while_it_reports_an_error() -> None:
    run = Run()
    asked: list[str] = []

    def calls_a_task() -> None:
        _flow_run_suspension.raise_if_flow_run_suspension_requested()
        run.tracker.stop_reason = "told to"
        try:
            raise ValueError
        except ValueError:
            _flow_run_suspension.raise_if_flow_run_suspension_requested()
        asked.append("once")
        _flow_run_suspension.raise_if_flow_run_suspension_requested()
        asked.append("twice")

    with run.context():
        with pytest.raises(FlowStopped, match="told to"):
            guarded(calls_a_task)()
        _flow_run_suspension.raise_if_flow_run_suspension_requested()  # the body is over
    assert asked == ["once"]


def test_prefects_own_requests_go_through() -> None:
    prefects = FlowRunSuspensionRequest()
    request = StopRequest(Run().tracker, prefects)
    request.mark_requested(Suspended())
    assert prefects.is_requested()
    assert request.is_requested()
    with pytest.raises(Pause):
        request.raise_if_requested()


def test_a_flow_within_another_is_not_asked_for_it() -> None:
    outer, inner = Run(), Run()

    def within() -> None:
        assert around_here() is inner.tracker
        _flow_run_suspension.raise_if_flow_run_suspension_requested()

    def around() -> None:
        here: Any = around_here()
        assert here is outer.tracker
        with inner.context():
            outer.tracker.stop_reason = "told to"
            guarded(within)()
        _flow_run_suspension.raise_if_flow_run_suspension_requested()

    with outer.context(), pytest.raises(FlowStopped):
        guarded(around)()


def test_work_beside_the_loop_does_not_hold_it() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        alive = threading.Event()

        def work() -> int:
            loop.call_soon_threadsafe(alive.set)
            assert alive.wait(60), "the event loop waits for it"
            return 7

        return await beside_loop(work)

    assert asyncio.run(main()) == 7


def test_what_is_raised_beside_the_loop_is_raised_on_it() -> None:
    def work() -> None:
        raise Abort("no")

    with pytest.raises(Abort):
        asyncio.run(beside_loop(work))
