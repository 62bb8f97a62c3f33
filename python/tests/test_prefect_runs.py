"""Runs that Prefect's own engine drives, from their first hook to their verdict; against a real daemon."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import Flow
from prefect._flow_run_suspension import FlowRunSuspensionRequest, register_flow_run_suspension_request
from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.states import Cancelled, Cancelling, Completed, Failed, Paused, Pending, Running

from engines import AsyncEngine, Engine, Run, called_run, guarded, nothing
from harness import Daemon, Script, Serve, StartDaemon, eventually
from lifecycle_rpc import Client
from lifecycle_rpc.prefect import (
    FlowRefused,
    _conclude,
    _engine,
    _registry,
    _waiting,
    lifecycle_hooks,
    tracked_flow,
)


def test_a_run_without_a_project_is_refused(daemon: Daemon) -> None:
    ended: list[State[Any]] = []
    hooks = lifecycle_hooks(socket=str(daemon.socket), on_failure=[lambda _f, _r, state: ended.append(state)])
    made: Any = Flow(nothing, name="render", **hooks)
    engine = Engine(flow=made, flow_run=called_run(project_id=None), parameters={"project_id": None})
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
    engine = AsyncEngine(flow=made, flow_run=called_run(project_id=None), parameters={"project_id": None})
    asyncio.run(engine.set_state(Running()))
    assert engine.is_running() == (on_missing == "log")


def test_the_second_try_of_a_project_that_has_ended_is_refused(daemon: Daemon, client: Client, project: str) -> None:
    made: Any = Flow(nothing, name="render", **lifecycle_hooks(socket=str(daemon.socket)))
    client.update_status("failed", project)
    engine = Engine(flow=made, flow_run=called_run(project_id=project), parameters={"project_id": project})
    engine.set_state(Running())
    assert not engine.is_running()
    with pytest.raises(FlowRefused, match="is failed already"):
        engine.result()
    assert _registry.every() == []
    assert client.explain_project(project).refused_reports == 1, "the start, and no end"


def test_a_flow_that_was_told_to_stop_is_not_retried(daemon: Daemon, client: Client, project: str) -> None:
    hooks = lifecycle_hooks(socket=str(daemon.socket), start_budget=30)
    made: Any = Flow(nothing, name="render", **hooks)
    engine = Engine(flow=made, flow_run=called_run(project_id=project), parameters={"project_id": project})
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
    engine = AsyncEngine(flow=made, flow_run=called_run(project_id=project), parameters={"project_id": project})

    async def main() -> None:
        starting = asyncio.create_task(engine.set_state(Running()))
        while not _registry.every():
            await asyncio.sleep(0)
        alive.set()
        await starting

    asyncio.run(main())
    (tracker,) = _registry.every()
    tracker.finished.set()
    tracker._heartbeat.join()
    tracker.lease.client.close()


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
    monkeypatch.setattr(_conclude, "was_cancelled", lambda _: True)
    tracker: Any = SimpleNamespace(
        body=SimpleNamespace(outcome=outcome),
        stop_reason="the app cancelled its project" if asked else None,
        project_ended=False,
        flow_run=None,
    )
    found = _conclude.verdict_here(tracker, state)
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
    flow_run = called_run(project_id=project)
    engine = Engine(flow=made, flow_run=flow_run, parameters={"project_id": project})
    with register_flow_run_suspension_request(flow_run.id, FlowRunSuspensionRequest()):
        engine.set_state(Running())
        (tracker,) = _registry.every()
        tracker.body.outcome = outcome
        flow_run.state = state
    eventually(lambda: not _registry.every(), "its heartbeat has looked")
    tracker._heartbeat.join()
    found = client.get_status(project)
    assert (found.status, found.error_code) == (status, code)
    assert client.explain_project(project).refused_reports == 0


def test_a_run_after_one_that_has_ended_so_is_tracked(daemon: Daemon, client: Client, project: str) -> None:
    hooks = lifecycle_hooks(socket=str(daemon.socket), beat=60, start_budget=30, report_budget=30)
    made: Any = Flow(nothing, name="render", **hooks)
    first, second = called_run(project_id=project), called_run(project_id=project)
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
        engine.flow_run = called_run(project_id=project)
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
        engine = Engine(flow=made, flow_run=called_run(project_id=project), parameters={"project_id": project})
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
        tracker.finished.set()
        tracker._heartbeat.join()
        tracker.lease.client.close()
        if not left:
            eventually(lambda: client.get_status(project).ended, "its lease is over")
        assert client.get_status(project).status == ("processing" if left else "failed")
