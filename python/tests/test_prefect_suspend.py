"""Runs that are suspended: their projects wait, and nobody does the same work twice. Against a real daemon."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import Flow
from prefect._flow_run_suspension import FlowRunSuspensionRequest, register_flow_run_suspension_request
from prefect.exceptions import Abort
from prefect.states import Completed, Failed, Paused, Running, Suspended

from engines import Engine, nothing, run_with
from harness import Daemon, Track, eventually
from lifecycle_rpc import Client
from lifecycle_rpc.prefect import _conclude, _exit, _hooks, _registry, lifecycle_hooks
from lifecycle_rpc.prefect._identify import ProjectKey
from lifecycle_rpc.prefect._lease import pause
from lifecycle_rpc.prefect._suspended import AS_LONG_AS_MAY_BE, pause_of, wait_for_the_one_before
from lifecycle_rpc.prefect._tracker import Tracker


def engine_of(daemon: Daemon, project: str) -> Engine:
    hooks = lifecycle_hooks(socket=str(daemon.socket), beat=0.2, start_budget=30, report_budget=30)
    made: Any = Flow(nothing, name="render", **hooks)
    return Engine(flow=made, flow_run=run_with(project_id=project), parameters={"project_id": project})


@contextmanager
def running(engine: Engine) -> Iterator[Tracker]:
    """Within this, Prefect's engine runs the flow."""
    assert engine.flow_run is not None
    with register_flow_run_suspension_request(engine.flow_run.id, FlowRunSuspensionRequest()):
        engine.set_state(Running())
        (tracker,) = _registry.every()
        yield tracker


def is_left(tracker: Tracker) -> None:
    eventually(lambda: tracker not in _registry.every(), "its heartbeat has looked")
    tracker._heartbeat.join()


def in_about(when: datetime | None, seconds: float) -> bool:
    assert when is not None
    return abs((when - datetime.now(timezone.utc)).total_seconds() - seconds) < 60


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        (lambda: Suspended(timeout_seconds=7200), 7200),
        (lambda: Paused(timeout_seconds=600), 600),
        (Suspended, 604_800),
    ],
)
def test_the_project_of_a_suspended_run_waits_as_long_as_prefect(
    state: Callable[[], Any], seconds: int, daemon: Daemon, client: Client, project: str
) -> None:
    engine = engine_of(daemon, project)
    with running(engine) as tracker:
        engine.flow_run.state = state()  # type: ignore[union-attr]
    is_left(tracker)
    found = client.get_status(project)
    assert found.status == "processing"
    assert in_about(found.paused_until, seconds)
    assert in_about(found.deadline, seconds + 600)
    again = engine_of(daemon, project)
    with running(again):
        assert client.get_status(project).paused_until is None
        again.set_state(Completed())
    story = client.explain_project(project)
    assert [entry.kind for entry in story.entries] == ["charge", "capture"]
    assert [event.kind for event in story.events] == ["created", "processing", "paused", "resumed", "completed"]
    assert client.audit().ok


def test_work_that_was_done_before_it_was_heard_is_paid_for_and_not_done_again(
    daemon: Daemon, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(_conclude, "set_completed", lambda *_: told.append("completed"))
    monkeypatch.setattr(_hooks, "set_refused", lambda *_: told.append("refused"))
    engine = engine_of(daemon, project)
    with running(engine) as tracker:
        tracker.body.outcome = Completed()
        engine.flow_run.state = Suspended()  # type: ignore[union-attr]
    is_left(tracker)
    assert client.get_status(project).status == "completed"
    again: Any = engine_of(daemon, project)
    again.flow_run.parent_task_run_id = None
    with pytest.raises(Abort):
        again.set_state(Running())
    assert told == ["completed", "refused"]


@pytest.mark.parametrize("told_by", ["its heartbeat", "the answer to the pause"])
def test_a_suspended_run_whose_project_the_app_cancels_ends(
    told_by: str, daemon: Daemon, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_conclude, "set_cancelled", lambda *_: None)
    engine = engine_of(daemon, project)
    with running(engine) as tracker:
        if told_by == "its heartbeat":
            client.cancel_project(project)
            eventually(lambda: tracker.stop_reason is not None, "it hears of it")
        else:
            monkeypatch.setattr(tracker._heartbeat, "_renew", lambda: SimpleNamespace(deadline=None, status="x"))
            monkeypatch.setattr(tracker, "stop", lambda *_, **__: None)
            client.cancel_project(project)
        engine.flow_run.state = Suspended()  # type: ignore[union-attr]
    is_left(tracker)
    assert client.get_status(project).error_code == "cancelled"
    assert [entry.kind for entry in client.explain_project(project).entries] == ["charge", "refund"]


def test_a_body_that_failed_before_it_was_heard_may_be_resumed(daemon: Daemon, client: Client, project: str) -> None:
    engine = engine_of(daemon, project)
    with running(engine) as tracker:
        tracker.body.outcome = Failed()
        engine.flow_run.state = Suspended(timeout_seconds=60)  # type: ignore[union-attr]
    is_left(tracker)
    assert client.get_status(project).paused_until is not None


def test_a_pause_is_as_long_as_the_daemon_allows(client: Client, project: str) -> None:
    client.update_status("processing", project)
    key = ProjectKey(project, None)
    assert pause_of(Suspended()) == AS_LONG_AS_MAY_BE
    assert in_about(pause(client, key, AS_LONG_AS_MAY_BE, 30).paused_until, 604_800)
    client.heartbeat(project)
    assert pause_of(Suspended(pause_expiration_time=datetime.now(timezone.utc))) == 1


def test_a_tracker_that_could_not_start_pauses_all_the_same(
    track: Track, daemon: Daemon, client: Client, project: str
) -> None:
    daemon.stop()
    tracker = track(start_budget=0.1)
    tracker._heartbeat._run = lambda: None  # type: ignore[method-assign]
    tracker.start()
    daemon.start()
    tracker.release(30, 60)
    assert client.get_status(project).paused_until is not None


@pytest.mark.parametrize("before", ["paused it", "died", "is pending", "has ended"])
def test_a_resumed_run_begins_when_nobody_else_works(before: str, client: Client, project: str) -> None:
    if before != "is pending":
        client.update_status("processing", project)
    if before == "paused it":
        client.heartbeat(project, pause=60)
    if before == "has ended":
        client.update_status("completed", project)
    begun = time.monotonic()
    wait_for_the_one_before(client, ProjectKey(project, None), beat=0.2 if before == "died" else 60)
    assert time.monotonic() - begun < 60


def test_a_resumed_run_waits_for_the_process_that_still_works(client: Client, project: str) -> None:
    client.update_status("processing", project)
    stopped, waited = threading.Event(), threading.Event()

    def beat() -> None:
        with Client(client.socket) as own:
            while not stopped.wait(0.1):
                own.heartbeat(project)
            own.update_status("completed", project)

    def wait() -> None:
        with Client(client.socket) as own:
            wait_for_the_one_before(own, ProjectKey(project, None), beat=1)
        waited.set()

    threads = [threading.Thread(target=target) for target in (beat, wait)]
    for thread in threads:
        thread.start()
    assert not waited.wait(4), "its patience would be over"
    stopped.set()
    for thread in threads:
        thread.join()
    assert client.get_status(project).status == "completed"


def test_a_generator_that_is_held_open_at_exit_has_done_its_work(
    track: Track, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    tracker = track()
    tracker.start()
    monkeypatch.setattr(_exit, "EXIT_BUDGET", 60.0)  # a busy machine takes more than two seconds
    _exit.expect_exit()
    values = numbers()
    tracker.body.generator = values
    assert tracker.body.is_left_open(), "it has not been asked for anything, but nor does it run"
    assert next(values) == 1
    _exit.at_exit()
    assert client.get_status(project).status == "completed"
    assert list(values) == [2]
    assert not tracker.body.is_left_open()


def test_the_exit_waits_until_prefect_is_told_of_a_verdict(
    daemon: Daemon, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling, told, exited = threading.Event(), threading.Event(), threading.Event()

    def tell(*_: object) -> None:
        telling.set()
        told.wait(60)

    def leave() -> None:
        _exit.at_exit()
        exited.set()

    monkeypatch.setattr(_conclude, "set_completed", tell)
    monkeypatch.setattr(_exit, "EXIT_BUDGET", 60.0)
    engine = engine_of(daemon, project)
    with running(engine) as tracker:
        tracker.body.outcome = Completed()
        engine.flow_run.state = Suspended()  # type: ignore[union-attr]
    assert telling.wait(60)
    assert client.get_status(project).status == "completed"
    leaving = threading.Thread(target=leave)
    leaving.start()
    assert not exited.wait(1), "its heartbeat would be left behind"
    told.set()
    leaving.join()
