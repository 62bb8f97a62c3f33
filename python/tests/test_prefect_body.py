"""The guard around a flow's body, and hooks beside an event loop. Prefect's own part of it is in `prefect_table`."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import nullcontext, suppress
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prefect import flow, flow_engine
from prefect.client.schemas.objects import FlowRun
from prefect.context import SyncClientContext
from prefect.exceptions import TerminationSignal
from prefect.states import Cancelled, Completed, Failed, Running

from engines import Engine, Run, guarded, nothing
from lifecycle_rpc.prefect import (
    FailedResult,
    FlowStopped,
)
from lifecycle_rpc.prefect._identify import ProjectKey
from lifecycle_rpc.prefect._place import Place
from lifecycle_rpc.prefect._settings import Settings
from lifecycle_rpc.prefect._tracker import Tracker


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (1, "COMPLETED"),
        ([], "COMPLETED"),
        (Failed(), "FAILED"),
        (Cancelled(), "CANCELLED"),
        ([Completed(), Failed()], "FAILED"),
        ({"a": Failed()}, "COMPLETED"),
        (("preview.png", Failed()), "COMPLETED"),
    ],
)
def test_what_a_body_returns_is_judged_as_prefect_does(value: Any, outcome: str) -> None:
    run = Run()

    def returns() -> Any:
        assert run.body.inside
        return value

    with run.context():
        assert guarded(returns)() is value
    assert not run.body.inside
    assert run.body.outcome is not None
    assert run.body.outcome.type.value == outcome


@pytest.mark.parametrize("value", [{"a": Failed()}, ("preview.png", [Failed()]), [Failed()]])
def test_strict_results_are_looked_into(value: Any) -> None:
    run = Run(strict_results=True)
    with run.context(), pytest.raises(FailedResult):
        guarded(lambda: value)()
    with Run(strict_results=True).context():
        assert guarded(lambda: {"a": Completed()})() is not None


def test_a_function_that_is_called_by_itself_is_as_it_was() -> None:
    assert guarded(lambda: 1)() == 1


def test_generators_are_as_they_were_and_end_when_they_are_closed() -> None:
    def numbers() -> Generator[int, None, str]:
        yield 1
        yield 2
        return "all"

    async def later() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    run = Run()
    with run.context():
        assert list(guarded(numbers)()) == [1, 2]
        values = guarded(numbers)()
        assert next(values) == 1
        assert [run.body.inside] == [True]
        values.close()
    assert [run.body.inside] == [False]
    assert run.body.outcome is not None
    assert run.body.outcome.is_completed()

    async def take() -> list[int]:
        return [value async for value in guarded(later)()]

    with Run().context():
        assert asyncio.run(take()) == [1, 2]


def stop(run: Run, may: Callable[[], bool] = lambda: True) -> None:
    """From another thread, as heartbeats do."""
    run.tracker.stop_reason = "the app cancelled its project"
    thread = threading.Thread(target=run.body.cancel, args=[may])
    thread.start()
    thread.join()


def test_an_async_body_is_cancelled_and_its_caller_is_not() -> None:
    run = Run()

    async def waits() -> None:
        stop(run)
        await asyncio.Event().wait()

    async def main() -> str:
        neighbour = asyncio.create_task(asyncio.sleep(0, "alive"))
        with run.context(), pytest.raises(FlowStopped, match="cancelled"):
            await guarded(waits)()
        task: Any = asyncio.current_task()
        assert task.cancelling() == 0
        await asyncio.sleep(0)
        return await neighbour

    assert asyncio.run(main()) == "alive"
    assert run.body.cancelled


def test_a_body_that_does_not_heed_it_returns_what_it_has() -> None:
    run = Run()

    async def swallows() -> str:
        stop(run)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "done"
        return ""

    async def main() -> None:
        with run.context():
            assert await guarded(swallows)() == "done"
        task: Any = asyncio.current_task()
        assert task.cancelling() == 0
        await asyncio.sleep(0)

    asyncio.run(main())


def test_a_cancellation_from_elsewhere_stays_one() -> None:
    run = Run()

    async def waits(entered: asyncio.Event) -> None:
        entered.set()
        await asyncio.Event().wait()

    async def main() -> None:
        entered = asyncio.Event()
        with run.context():
            task = asyncio.create_task(guarded(waits)(entered))
        await entered.wait()
        task.cancel()
        stop(run)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_nothing_is_cancelled_that_may_not_be_or_is_over() -> None:
    run = Run()

    async def returns() -> str:
        stop(run, lambda: False)
        await asyncio.sleep(0)
        stop(run)
        return "done"

    async def main() -> None:
        with run.context():
            assert await guarded(returns)() == "done"
        await asyncio.sleep(0)

    asyncio.run(main())
    assert not run.body.cancelled
    stop(run)


class Api:
    """Prefect's client, in place of its server: takes whatever is said to it."""

    def __getattr__(self, name: str) -> Any:
        return lambda **_: None


def test_a_run_that_a_signal_ends_is_not_over_before_its_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    client = SimpleNamespace(client=Api())
    monkeypatch.setattr(SyncClientContext, "get_or_create", staticmethod(lambda: nullcontext(client)))
    monkeypatch.setattr(flow_engine, "capture_sigterm", nullcontext)  # it passes the signal on to this process
    trackers: list[Tracker] = []
    over: list[bool] = []
    made = flow(on_crashed=[lambda *_: over.append(trackers[0].is_over())])(nothing)
    flow_run = FlowRun(flow_id=uuid4(), name="run", state=Running())
    engine = Engine(flow=made, flow_run=flow_run)
    with suppress(TerminationSignal), engine.initialize_run(), engine.setup_flow_run_suspension_request():
        trackers.append(Tracker(Settings(), ProjectKey("p", None), flow_run, Place(engine)))
        over.append(trackers[0].is_over())
        raise TerminationSignal(signal.SIGTERM)
    assert over == [False, False]
    assert trackers[0].is_over()
