"""How a flow is stopped whose project was cancelled, or has ended; against a real daemon."""

from __future__ import annotations

import os
import signal
import threading
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from prefect import flow_engine

from harness import Daemon, Track, eventually
from lifecycle_rpc import Client
from lifecycle_rpc.prefect import FlowStopped, _registry, _tracker, progress, stop_requested
from lifecycle_rpc.prefect._identify import ProjectKey
from lifecycle_rpc.prefect._settings import Settings
from lifecycle_rpc.prefect._tracker import Tracker
from lifecycle_rpc.prefect._verdict import Verdict


def test_a_cancelled_project_stops_the_flow(
    track: Track, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[int] = []
    kept = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        tracker = track()
        monkeypatch.setenv("PREFECT__FLOW_RUN_ID", str(tracker.flow_run.id))
        tracker.start()
        assert not stop_requested()
        client.cancel_project(project)
        eventually(lambda: received, "SIGTERM arrives")
    finally:
        signal.signal(signal.SIGTERM, kept)
    assert stop_requested()
    with pytest.raises(FlowStopped, match="cancelled"):
        progress()
    assert client.get_status(project).status == "processing"


@pytest.mark.parametrize("where", ["default handler", "another thread", "another flow", "no process of its own"])
def test_a_flow_that_no_signal_may_reach_is_only_asked(
    where: str, track: Track, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[int] = []
    handler: Any = signal.SIG_DFL if where == "default handler" else lambda number, _: received.append(number)
    kept = signal.signal(signal.SIGTERM, handler)
    try:
        if where == "another thread":
            made: list[Tracker] = []
            thread = threading.Thread(target=lambda: made.append(track()))
            thread.start()
            thread.join()
            tracker = made[0]
        else:
            tracker = track()
        if where != "no process of its own":
            monkeypatch.setenv("PREFECT__FLOW_RUN_ID", str(tracker.flow_run.id))
        if where == "another flow":
            other: Any = SimpleNamespace(key=ProjectKey("other", None), flow_run=SimpleNamespace(id=uuid4()))
            assert _registry.add(other)
        tracker.start()
        client.cancel_project(project)
        eventually(lambda: tracker.stop_reason is not None, "the flow is asked")
        if where == "another flow":
            _registry.remove(other.flow_run.id)
    finally:
        signal.signal(signal.SIGTERM, kept)
    assert received == []


def test_the_signal_is_sent_once_it_may_be(
    track: Track, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[int] = []
    kept = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Its own process, which is not to be killed here.
    monkeypatch.setattr(_tracker, "kill_own_process", lambda _: None)
    try:
        tracker = track(cancel_grace=0.2)
        monkeypatch.setenv("PREFECT__FLOW_RUN_ID", str(tracker.flow_run.id))
        tracker.start()
        client.cancel_project(project)
        eventually(lambda: client.get_status(project).ended, "the project is given up")
        signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
        eventually(lambda: received, "SIGTERM arrives")
        tracker.finish(Verdict("failed", "crashed", "SIGTERM"))
    finally:
        signal.signal(signal.SIGTERM, kept)
    assert received == [signal.SIGTERM]


def test_a_flow_that_ends_is_not_stopped(
    track: Track, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = track()
    tracker.start()
    ending = threading.Thread(target=tracker.finish, args=[Verdict("completed")])
    ended_meanwhile: list[bool] = []

    def stop(_: object, **__: object) -> bool:
        ending.start()
        ended_meanwhile.append(tracker.finished.wait(0.3))
        return True

    def kill(_: object) -> None:
        raise AssertionError("its process must not be killed")

    monkeypatch.setattr(_tracker, "interrupt", stop)
    monkeypatch.setattr(_tracker, "kill_own_process", kill)
    client.cancel_project(project)
    eventually(lambda: client.get_status(project).ended, "it is reported")
    ending.join()
    assert ended_meanwhile == [False], "the signal would meet the report"
    tracker._kill_at = 0
    tracker.insist("too late")
    assert client.get_status(project).status == "completed"
    assert client.explain_project(project).refused_reports == 0


def test_a_flow_that_does_not_stop_is_reported_all_the_same(track: Track, client: Client, project: str) -> None:
    tracker = track(cancel_grace=0.3)
    tracker.start()
    client.cancel_project(project)
    eventually(lambda: client.get_status(project).ended, "it is reported")
    found = client.get_status(project)
    assert found.error_code == "cancelled"
    assert "was asked to stop, and still runs" in (found.error_message or "")
    tracker.finish(Verdict("completed"))
    assert client.explain_project(project).refused_reports == 0


def end_in_own_process(socket: str, project: str, flow_run: Any) -> None:
    """Do not stop when told to. Exits with 3 where it is not killed."""
    try:
        settings = Settings(socket=socket, beat=0.2, cancel_grace=0.2, start_budget=30)
        tracker = Tracker(settings, ProjectKey(project, None), flow_run)
        tracker._in_main_thread = False  # no SIGTERM: what is looked at comes after it
        tracker.start()
        eventually(lambda: tracker.project_ended, "it is reported")
        # It would be killed within a second.
        tracker.finish(Verdict("completed"))
        os._exit(3)
    finally:
        os._exit(1)


@pytest.mark.parametrize("made_for", ["the run", "a run around it"])
def test_only_the_run_that_serve_made_a_process_for_is_killed(
    made_for: str, daemon: Daemon, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = uuid4() if made_for == "the run" else None
    flow_run: Any = SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4(), deployment_id=deployment)

    # The process is Prefect's, as `serve()` makes it; only what runs in it is ours.
    def run_flow(flow_run: Any, **_: Any) -> None:
        end_in_own_process(daemon_socket, project, flow_run)

    daemon_socket = str(daemon.socket)
    monkeypatch.setattr(flow_engine, "run_flow", run_flow)
    process = flow_engine.run_flow_in_subprocess(
        cast(Any, SimpleNamespace(name="render")), flow_run=flow_run, context={}
    )
    eventually(lambda: client.get_status(project).status == "processing", "it starts")
    client.cancel_project(project)
    process.join()
    assert process.exitcode == (-signal.SIGKILL if made_for == "the run" else 3)
    assert client.get_status(project).error_code == "cancelled"


@pytest.mark.parametrize("made_for", ["the run", "another", "nothing"])
def test_only_a_process_that_was_made_for_the_run_is_killed(
    made_for: str, daemon: Daemon, client: Client, project: str
) -> None:
    child = os.fork()
    if child == 0:
        try:
            flow_run: Any = SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4())
            if made_for != "nothing":
                os.environ["PREFECT__FLOW_RUN_ID"] = str(flow_run.id if made_for == "the run" else uuid4())
            settings = Settings(socket=str(daemon.socket), beat=0.2, cancel_grace=0.2, start_budget=30)
            tracker = Tracker(settings, ProjectKey(project, None), flow_run)
            tracker.start()
            eventually(lambda: tracker.project_ended, "it is reported")
            # It would be killed within a second.
            tracker.finish(Verdict("completed"))
            os._exit(3)
        finally:
            os._exit(1)
    eventually(lambda: client.get_status(project).status == "processing", "it starts")
    client.cancel_project(project)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == (-signal.SIGKILL if made_for == "the run" else 3)
    assert client.get_status(project).error_code == "cancelled"


@pytest.mark.parametrize("stop_when_ended", [True, False])
def test_a_project_that_ends_elsewhere_stops_the_flow(
    stop_when_ended: bool, track: Track, client: Client, project: str
) -> None:
    tracker = track(stop_when_ended=stop_when_ended)
    tracker.start()
    client.update_status("failed", project)
    eventually(lambda: tracker.project_ended, "the tracker hears of it")
    assert (tracker.stop_reason is not None) == stop_when_ended
