"""The lease of a flow run, against a real daemon; Prefect's own part of it is in `prefect_table`."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from harness import Daemon, Track, eventually
from lifecycle_rpc import Client, Spool, TerminalState
from lifecycle_rpc.prefect import _registry, _tracker, progress, stop_requested
from lifecycle_rpc.prefect._identify import ProjectKey
from lifecycle_rpc.prefect._verdict import Verdict


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
    tracker.lease.message = "of a later daemon that takes less: " + "x" * 1024
    eventually(lambda: tracker.lease.message is None, "the words are dropped")
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
        patch.setattr(tracker._heartbeat, "_beat", fail)
        assert failed.wait(30)
    progress(0.5)
    eventually(lambda: client.get_status(project).progress == 0.5, "the heartbeats go on")


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
            patch.setattr(tracker.lease.client, "call", terminate)
        else:
            patch.setattr(tracker._heartbeat, "join", terminate)
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
    monkeypatch.setattr(tracker._heartbeat, "_beat", hang)
    assert busy.wait(30)
    tracker.finish(Verdict("completed"))
    assert left[0] < 0.5, "waiting for the heartbeat took all of it"
    assert tracker._heartbeat.may_use_lease, "it waited for the heartbeat all the same"
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
    eventually(lambda: tracker._heartbeat._complaint is not None, "the tracker notices")
    daemon.start()
    eventually(lambda: client.get_status(other).ended, "it is delivered")


def test_a_run_whose_project_has_ended_does_not_begin(track: Track, client: Client, project: str) -> None:
    client.update_status("failed", project)
    with pytest.raises(TerminalState):
        track().start()


def test_a_flow_without_progress_loses_its_lease(track: Track, client: Client) -> None:
    project = client.create_project("ada", 0, lease=5).project.project_id
    tracker = track(stall_timeout=0.5)
    tracker.key = tracker.lease.key = ProjectKey(project, None)
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
