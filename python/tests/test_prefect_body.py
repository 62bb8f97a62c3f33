"""The guard around a flow's body, and hooks beside an event loop. Prefect's own part of it is in `prefect_table`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prefect import Flow, _flow_run_suspension, flow, flow_engine
from prefect._flow_run_suspension import FlowRunSuspensionRequest, register_flow_run_suspension_request
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.exceptions import Abort, Pause, TerminationSignal
from prefect.states import Cancelled, Cancelling, Completed, Failed, Paused, Pending, Running, Suspended

from harness import Daemon, Script, Serve, StartDaemon, eventually
from lifecycle_rpc import Client
from lifecycle_rpc.prefect import (
    FailedResult,
    FlowRefused,
    FlowStopped,
    _engine,
    _hooks,
    _registry,
    _waiting,
    lifecycle_hooks,
    tracked_flow,
)
from lifecycle_rpc.prefect._beside import beside_loop
from lifecycle_rpc.prefect._body import Body, StopRequest, around_here, guard
from lifecycle_rpc.prefect._settings import Settings


class Run:
    """A run with a tracker that does nothing, in the context that Prefect's engine makes for its body."""

    def __init__(self, **settings: Any) -> None:
        self.flow_run: Any = SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4())
        made: Any = SimpleNamespace(key=self.flow_run.id, flow_run=self.flow_run, settings=Settings(**settings))
        made.body, made.stop_reason, made.around = Body(), None, ()
        assert _registry.add(made)
        self.tracker: Any = made

    @contextmanager
    def context(self) -> Iterator[None]:
        around = FlowRunContext.get()
        request = around.flow_run_suspension_request if around else FlowRunSuspensionRequest()
        made = FlowRunContext.model_construct(flow_run=self.flow_run, flow_run_suspension_request=request)
        token = FlowRunContext.__var__.set(made)
        try:
            yield
        finally:
            FlowRunContext.__var__.reset(token)

    @property
    def body(self) -> Body:
        body: Body = self.tracker.body
        return body


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    for tracker in _registry.every():
        _registry.remove(tracker.flow_run.id)


def guarded(function: Callable[..., Any]) -> Any:
    made: Any = flow(function)
    guard(made)
    function = made.fn
    guard(made)
    assert made.fn is function, "once is enough"
    return made.fn


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


def nothing(project_id: Any) -> None: ...


class Engine(flow_engine.FlowRunEngine[..., Any]):
    """Prefect's, without a server."""

    def set_state(self, state: State[Any], force: bool = False) -> State[Any]:  # noqa: ARG002
        assert self.flow_run is not None
        self.flow_run.state = state
        self.call_hooks(state)
        return state


class AsyncEngine(flow_engine.AsyncFlowRunEngine[..., Any]):
    async def set_state(self, state: State[Any], force: bool = False) -> State[Any]:  # noqa: ARG002
        assert self.flow_run is not None
        self.flow_run.state = state
        await self.call_hooks(state)
        return state


def run_with(**parameters: Any) -> Any:
    return SimpleNamespace(
        id=uuid4(), name="run", flow_id=uuid4(), parameters=parameters, parent_task_run_id=uuid4(), state=Running()
    )


def test_a_run_without_a_project_is_refused(daemon: Daemon) -> None:
    ended: list[State[Any]] = []
    hooks = lifecycle_hooks(socket=str(daemon.socket), on_failure=[lambda _f, _r, state: ended.append(state)])
    made: Any = Flow(nothing, name="render", **hooks)
    engine = Engine(flow=made, flow_run=run_with(project_id=None), parameters={"project_id": None})
    engine.set_state(Running())
    assert not engine.is_running()
    assert [state.name for state in ended] == ["Refused"]
    assert "names no project (project_id)" in (ended[0].message or "")
    with pytest.raises(FlowRefused):
        engine.result()
    assert _registry.every() == []


@pytest.mark.parametrize("on_missing", ["log", "refuse"])
def test_an_async_run_without_a_project(on_missing: Any, daemon: Daemon) -> None:
    async def body(project_id: Any) -> None: ...

    made: Any = Flow(body, name="render", **lifecycle_hooks(socket=str(daemon.socket), on_missing=on_missing))
    engine = AsyncEngine(flow=made, flow_run=run_with(project_id=None), parameters={"project_id": None})
    asyncio.run(engine.set_state(Running()))
    assert engine.is_running() == (on_missing == "log")


def test_the_second_try_of_a_project_that_has_ended_is_refused(daemon: Daemon, client: Client, project: str) -> None:
    made: Any = Flow(nothing, name="render", **lifecycle_hooks(socket=str(daemon.socket)))
    client.update_status("failed", project)
    engine = Engine(flow=made, flow_run=run_with(project_id=project), parameters={"project_id": project})
    engine.set_state(Running())
    assert not engine.is_running()
    with pytest.raises(FlowRefused, match="is failed already"):
        engine.result()
    assert _registry.every() == []
    assert client.explain_project(project).refused_reports == 1, "the start, and no end"


def test_a_flow_that_was_told_to_stop_is_not_retried(daemon: Daemon, client: Client, project: str) -> None:
    hooks = lifecycle_hooks(socket=str(daemon.socket), start_budget=30)
    made: Any = Flow(nothing, name="render", **hooks)
    engine = Engine(flow=made, flow_run=run_with(project_id=project), parameters={"project_id": project})
    engine.set_state(Running())
    (tracker,) = _registry.every()
    tracker.stop_reason = "the app cancelled its project"
    engine.set_state(Running())
    assert not engine.is_running()
    assert client.get_status(project).error_code == "cancelled"


def test_a_hook_of_an_async_flow_does_not_hold_the_event_loop(serve: Serve, project: str) -> None:
    alive = threading.Event()

    def answers_late(connection: Any, _: int) -> None:
        connection.recv(65536)
        assert alive.wait(60), "the event loop waits for the daemon"

    script: Script = answers_late
    hooks = lifecycle_hooks(socket=str(serve(script)), start_budget=1, report_budget=1)

    async def body(project_id: str) -> None: ...

    made: Any = Flow(body, name="render", **hooks)
    engine = AsyncEngine(flow=made, flow_run=run_with(project_id=project), parameters={"project_id": project})

    async def main() -> None:
        starting = asyncio.create_task(engine.set_state(Running()))
        while not _registry.every():
            await asyncio.sleep(0)
        alive.set()
        await starting

    asyncio.run(main())
    (tracker,) = _registry.every()
    tracker._finished.set()
    tracker._thread.join()
    tracker._client.close()


@pytest.mark.parametrize(
    ("state", "outcome", "asked", "verdict"),
    [
        (Cancelling(), Completed(), False, ("completed", None)),
        (Cancelling(), Failed(), False, ("failed", "pipelineFailed")),
        (Cancelling(), None, False, ("failed", "cancelled")),
        (Cancelling(), Completed(), True, ("failed", "cancelled")),
        (Completed(), Completed(), False, ("completed", None)),
        (Completed(), Completed(), True, ("failed", "cancelled")),
        (Cancelled(), Cancelled(), False, ("failed", "cancelled")),
    ],
)
def test_what_a_run_that_was_cancelled_in_prefect_has_delivered_counts(
    state: Any, outcome: Any, asked: bool, verdict: tuple[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_hooks, "was_cancelled", lambda _: True)
    tracker: Any = SimpleNamespace(
        body=SimpleNamespace(outcome=outcome),
        stop_reason="the app cancelled its project" if asked else None,
        project_ended=False,
        flow_run=None,
    )
    found = _hooks._verdict_here(tracker, state)
    assert (found.status, found.code) == verdict


@pytest.mark.parametrize(
    ("state", "outcome", "status", "code"),
    [
        (Completed(), None, "completed", None),
        (Cancelled(), Cancelled(), "failed", "cancelled"),
        (Running(), None, "failed", "crashed"),
        (Running(), Completed(), "completed", None),
        (Paused(), None, "processing", None),
    ],
)
def test_a_run_that_ends_without_a_hook_is_not_tracked_on(
    state: Any, outcome: Any, status: str, code: str | None, daemon: Daemon, client: Client, project: str
) -> None:
    hooks = lifecycle_hooks(socket=str(daemon.socket), beat=0.2, start_budget=30, report_budget=30)
    made: Any = Flow(nothing, name="render", **hooks)
    flow_run = run_with(project_id=project)
    engine = Engine(flow=made, flow_run=flow_run, parameters={"project_id": project})
    with register_flow_run_suspension_request(flow_run.id, FlowRunSuspensionRequest()):
        engine.set_state(Running())
        (tracker,) = _registry.every()
        tracker.body.outcome = outcome
        flow_run.state = state
    eventually(lambda: not _registry.every(), "its heartbeat has looked")
    tracker._thread.join()
    found = client.get_status(project)
    assert (found.status, found.error_code) == (status, code)
    assert client.explain_project(project).refused_reports == 0


def test_a_run_after_one_that_has_ended_so_is_tracked(daemon: Daemon, client: Client, project: str) -> None:
    hooks = lifecycle_hooks(socket=str(daemon.socket), beat=60, start_budget=30, report_budget=30)
    made: Any = Flow(nothing, name="render", **hooks)
    first, second = run_with(project_id=project), run_with(project_id=project)
    with register_flow_run_suspension_request(first.id, FlowRunSuspensionRequest()):
        Engine(flow=made, flow_run=first, parameters={"project_id": project}).set_state(Running())
        first.state = Paused()
    engine = Engine(flow=made, flow_run=second, parameters={"project_id": project})
    engine.set_state(Running())
    assert [tracker.flow_run for tracker in _registry.every()] == [second]
    engine.set_state(Completed())
    assert client.get_status(project).status == "completed"


@pytest.mark.parametrize("begins", [True, False])
def test_a_run_that_never_begins_ends_by_the_one_around_it(
    begins: bool, daemon: Daemon, client: Client, project: str
) -> None:
    made: Any = tracked_flow(socket=str(daemon.socket))(nothing)
    outer = Run()
    engine = Engine(flow=made, parameters={"project_id": project})
    with register_flow_run_suspension_request(outer.flow_run.id, FlowRunSuspensionRequest()):
        with outer.context():
            _waiting.expect(made.on_running_hooks[0].settings, made, engine)
        engine.flow_run = run_with(project_id=project)
        engine.flow_run.state = Running() if begins else Pending(name="NotReady", message="upstream failed")
        assert _waiting.settle() == begins
        assert client.get_status(project).status == "pending"
    eventually(lambda: not _waiting.any_expected(), "the watcher has looked")
    if begins:
        assert client.get_status(project).status == "pending"
    else:
        eventually(lambda: client.get_status(project).ended, "it is reported")
        found = client.get_status(project)
        assert (found.error_code, found.error_message) == (
            "pipelineFailed",
            "It never began, and the flow around it has ended. NotReady: upstream failed",
        )


def test_a_tracked_flow_with_other_options_is_one() -> None:
    made: Any = tracked_flow(nothing)
    other = made.with_options(name="other", retries=2)
    assert (type(other), other.name, other.retries) == (type(made), "other", 2)


@pytest.mark.parametrize("intent", [None, "cancel", "reschedule", "relinquish"])
def test_a_body_that_is_interrupted_leaves_its_project_to_whom_it_may_concern(
    intent: str | None, start_daemon: StartDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = start_daemon("--detach-grace", "1")
    monkeypatch.setattr(_engine, "intent", lambda: intent)
    with Client(daemon.socket) as client:
        project = client.create_project("ada", 0).project.project_id
        hooks = lifecycle_hooks(socket=str(daemon.socket), start_budget=30)
        made: Any = Flow(nothing, name="render", **hooks)
        engine = Engine(flow=made, flow_run=run_with(project_id=project), parameters={"project_id": project})
        engine.set_state(Running())
        (tracker,) = _registry.every()
        run = Run()
        _registry.remove(run.flow_run.id)
        run.flow_run.id = tracker.flow_run.id

        def interrupted() -> None:
            raise TerminationSignal(15)

        with run.context(), pytest.raises(TerminationSignal):
            guarded(interrupted)()
        left = intent in ("reschedule", "relinquish")
        assert (tracker in _registry.every()) != left
        tracker._finished.set()
        tracker._thread.join()
        tracker._client.close()
        if not left:
            eventually(lambda: client.get_status(project).ended, "its lease is over")
        assert client.get_status(project).status == ("processing" if left else "failed")
