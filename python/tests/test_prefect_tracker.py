"""The lease of a flow run, against a real daemon; Prefect's own part of it is in `prefect_table`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from prefect import flow_engine

from harness import Daemon, StartDaemon, eventually
from lifecycle_rpc import Client, Spool, TerminalState
from lifecycle_rpc.prefect import FlowStopped, _registry, _tracker, progress, stop_requested
from lifecycle_rpc.prefect._deliver import Verdict
from lifecycle_rpc.prefect._identify import ProjectKey
from lifecycle_rpc.prefect._settings import Settings
from lifecycle_rpc.prefect._tracker import Tracker

Track = Callable[..., Tracker]


@pytest.fixture
def track(folder: Path, daemon: Daemon, project: str) -> Iterator[Track]:
    """Make a tracker of the test's project, with these settings."""
    made: list[Tracker] = []

    def make(**settings: Any) -> Tracker:
        given: dict[str, Any] = {"beat": 0.2, "report_budget": 30.0, "start_budget": 30.0} | settings
        all_settings = Settings(socket=str(daemon.socket), spool=str(folder / "spool"), **given)
        flow_run: Any = SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4())
        made.append(Tracker(all_settings, ProjectKey(project, None), flow_run))
        assert _registry.add(made[-1])
        return made[-1]

    yield make
    for tracker in made:
        _registry.remove(tracker.flow_run.id)
        tracker._finished.set()
        if tracker._thread.ident is not None:
            tracker._thread.join()
        tracker._client.close()


def test_a_run_holds_its_lease_and_reports_once(track: Track, client: Client, project: str) -> None:
    tracker = track()
    tracker.start()
    assert client.get_status(project).status == "processing"
    progress(0.25, "frame 3")
    eventually(lambda: client.get_status(project).message == "frame 3", "the progress arrives")
    tracker.finish(Verdict("completed"))
    assert client.get_status(project).status == "completed"
    assert [entry.kind for entry in client.explain_project(project).entries] == ["charge", "capture"]


@pytest.mark.parametrize(
    ("fraction", "message", "told"),
    [
        (float("nan"), "half \ud800", (None, "half ?")),
        (50, "é" * 2000, (1.0, "é" * 512)),
        (float("-inf"), "a\x00\nb", (0.0, "a\x00\nb")),
    ],
)
def test_what_cannot_be_told_as_it_was_said_is_made_to_fit(
    fraction: float, message: str, told: tuple[float | None, str], track: Track, client: Client, project: str
) -> None:
    track().start()
    progress(fraction, message)
    eventually(lambda: client.get_status(project).message, "the progress arrives")
    found = client.get_status(project)
    assert (found.progress, found.message) == told


def test_a_heartbeat_whose_words_are_refused_goes_without_them(track: Track, client: Client, project: str) -> None:
    tracker = track()
    tracker.start()
    tracker._message = "of a later daemon that takes less: " + "x" * 1024
    eventually(lambda: tracker._message is None, "the words are dropped")
    progress(0.5, "on it goes")
    eventually(lambda: client.get_status(project).message == "on it goes", "the next words arrive")


def test_no_error_ends_the_heartbeats(
    track: Track, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = track()
    tracker.start()
    failed = threading.Event()

    def fail() -> float:
        failed.set()
        raise OSError("a full disk, or a bug")

    with monkeypatch.context() as patch:
        patch.setattr(tracker, "_beat", fail)
        assert failed.wait(30)
    progress(0.5)
    eventually(lambda: client.get_status(project).progress == 0.5, "the heartbeats go on")


def test_a_process_that_dies_as_soon_as_it_has_begun_is_noticed(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--detach-grace", "1")
    with Client(daemon.socket) as client:
        project = client.create_project("ada", 0).project.project_id
        child = os.fork()
        if child == 0:
            try:
                flow_run: Any = SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4())
                settings = Settings(socket=str(daemon.socket), start_budget=30)
                tracker = Tracker(settings, ProjectKey(project, None), flow_run)
                tracker._run = lambda: None  # type: ignore[method-assign]
                tracker.start()
            finally:
                os._exit(1)
        os.waitpid(child, 0)
        eventually(lambda: client.get_status(project).ended, "the project fails")
        assert client.get_status(project).error_code == "crashed"


def test_a_process_that_dies_is_noticed_at_once(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--detach-grace", "1")
    with Client(daemon.socket) as client:
        project = client.create_project("ada", 0).project.project_id
        child = os.fork()
        if child == 0:
            try:
                flow_run: Any = SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4())
                settings = Settings(socket=str(daemon.socket), beat=0.2, start_budget=30)
                tracker = Tracker(settings, ProjectKey(project, None), flow_run)
                tracker.start()
                tracker.moved(0.5, None)
                signal.pause()
            finally:
                os._exit(1)
        eventually(lambda: client.get_status(project).progress == 0.5, "it is attached")
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        eventually(lambda: client.get_status(project).ended, "the project fails")
        assert client.get_status(project).error_code == "crashed"


def test_without_a_daemon_the_flow_starts_and_is_reported_later(
    track: Track, daemon: Daemon, client: Client, project: str
) -> None:
    daemon.stop()
    tracker = track(start_budget=0.2)
    tracker.start()
    daemon.start()
    eventually(lambda: client.get_status(project).status == "processing", "the start is reported")
    tracker.finish(Verdict("failed", "crashed", "m"))
    assert client.get_status(project).error_code == "crashed"


def test_without_a_daemon_at_the_end_the_verdict_is_spooled(
    track: Track, daemon: Daemon, client: Client, folder: Path, project: str
) -> None:
    tracker = track(report_budget=0.5)
    tracker.start()
    daemon.stop(signal.SIGKILL)
    tracker.finish(Verdict("completed"))
    daemon.start()
    assert Spool(folder / "spool").flush(client).delivered == 1
    assert client.get_status(project).status == "completed"


class Terminated(BaseException):
    """As Prefect raises in the flow's thread at SIGTERM."""


@pytest.mark.parametrize("when", ["waiting for the heartbeat", "reporting"])
def test_a_verdict_that_is_interrupted_stays_the_first_one(
    when: str,
    track: Track,
    client: Client,
    folder: Path,
    project: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def terminate(*_: object, **__: object) -> None:
        raise Terminated

    tracker = track()
    tracker.start()
    with monkeypatch.context() as patch:
        if when == "reporting":
            patch.setattr(tracker._client, "call", terminate)
        else:
            patch.setattr(tracker._thread, "join", terminate)
        with pytest.raises(Terminated):
            tracker.finish(Verdict("completed"))
    assert len(Spool(folder / "spool").waiting()) == 1
    tracker.finish(Verdict("failed", "crashed", "SIGTERM"))
    assert client.get_status(project).status == "completed"
    assert Spool(folder / "spool").flush(client).delivered == 1


def test_the_end_takes_no_longer_than_it_may(track: Track, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = track(report_budget=1)
    tracker.start()
    busy, over = threading.Event(), threading.Event()

    def hang() -> float:
        busy.set()
        over.wait(60)
        return 1.0

    left: list[float] = []
    monkeypatch.setattr(_tracker, "deliver", lambda *arguments: left.append(arguments[-1]))
    monkeypatch.setattr(tracker, "_beat", hang)
    assert busy.wait(30)
    tracker.finish(Verdict("completed"))
    assert left[0] < 0.5, "waiting for the heartbeat took all of it"
    assert tracker._thread.is_alive(), "it waited for the heartbeat all the same"
    over.set()


def test_a_spool_that_cannot_be_written_harms_nobody(track: Track, daemon: Daemon, folder: Path) -> None:
    (folder / "spool").write_text("a file, where a folder should be")
    tracker = track(report_budget=0.2)
    tracker.start()
    daemon.stop(signal.SIGKILL)
    tracker.finish(Verdict("completed"))


def test_a_spooled_report_is_delivered_when_the_daemon_is_back(
    track: Track, daemon: Daemon, client: Client, folder: Path
) -> None:
    other = client.create_project("ada", 0).project.project_id
    tracker = track()
    tracker.start()
    daemon.stop(signal.SIGKILL)
    Spool(folder / "spool").add({"projectId": other, "status": "failed"})
    eventually(lambda: tracker._complaint is not None, "the tracker notices")
    daemon.start()
    eventually(lambda: client.get_status(other).ended, "it is delivered")


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
        ended_meanwhile.append(tracker._finished.wait(0.3))
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
    tracker._insist("too late")
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


def test_a_run_whose_project_has_ended_does_not_begin(track: Track, client: Client, project: str) -> None:
    client.update_status("failed", project)
    with pytest.raises(TerminalState):
        track().start()


@pytest.mark.parametrize("stop_when_ended", [True, False])
def test_a_project_that_ends_elsewhere_stops_the_flow(
    stop_when_ended: bool, track: Track, client: Client, project: str
) -> None:
    tracker = track(stop_when_ended=stop_when_ended)
    tracker.start()
    client.update_status("failed", project)
    eventually(lambda: tracker.project_ended, "the tracker hears of it")
    assert (tracker.stop_reason is not None) == stop_when_ended


def test_a_flow_without_progress_loses_its_lease(track: Track, client: Client) -> None:
    project = client.create_project("ada", 0, lease=5).project.project_id
    tracker = track(stall_timeout=0.5)
    tracker.key = ProjectKey(project, None)
    tracker.start()
    eventually(lambda: client.get_status(project).ended, "the lease is over")
    assert client.get_status(project).error_code == "leaseExpired"
    eventually(lambda: tracker.project_ended, "the tracker hears of it")


def test_a_project_is_tracked_once(track: Track, project: str) -> None:
    tracker = track()
    nested: Any = SimpleNamespace(key=ProjectKey(project, None), flow_run=SimpleNamespace(id=uuid4()))
    assert not _registry.add(nested)
    assert _registry.every() == [tracker]
    assert _registry.was_left(nested.flow_run.id)
    assert not _registry.was_left(nested.flow_run.id)


def test_a_forked_child_tracks_nothing(track: Track) -> None:
    track()
    child = os.fork()
    if child == 0:
        os._exit(len(_registry.every()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_progress_of_a_flow_that_is_not_tracked_does_nothing() -> None:
    progress(0.5, "nobody hears")
    assert not stop_requested()
