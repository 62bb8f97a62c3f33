"""Reports that wait in files."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness import Daemon
from lifecycle_rpc import Client, InvalidParams, Spool


def test_what_was_added_is_delivered_once_and_gone(folder: Path, client: Client, project: str) -> None:
    spool = Spool(folder / "spool")
    file = spool.add({"projectId": project, "status": "failed", "errorMessage": "no\nGPU é"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    assert spool.flush(client).delivered == 1
    assert client.get_status(project).error_message == "no\nGPU é"
    assert client.get_balance("ada").available == 100
    assert spool.waiting() == []
    spool.add({"projectId": project, "status": "failed"})
    assert spool.flush(client).delivered == 1
    assert client.get_balance("ada").available == 100


def test_each_report_meets_its_fate(folder: Path, client: Client, project: str) -> None:
    spool = Spool(folder / "spool")
    spool.add({"projectId": project, "status": "completed"})
    spool.add({"projectId": project, "status": "failed"})
    spool.add({"projectId": "01a00000-0000-7000-8000-000000000000", "status": "failed"})
    (spool.folder / "1.json").write_text("{")
    (spool.folder / "2.part").write_text("half a report of a process that was killed")
    flushed = spool.flush(client)
    assert (flushed.delivered, flushed.overruled, flushed.rejected, flushed.left) == (1, 1, 2, 0)
    assert client.get_status(project).status == "completed"
    assert len(list((spool.folder / "rejected").iterdir())) == 2


def test_without_a_daemon_nothing_is_lost(folder: Path, daemon: Daemon, project: str) -> None:
    spool = Spool(folder / "spool")
    for status in ("completed", "failed"):
        spool.add({"projectId": project, "status": status})
    daemon.stop()
    with Client(daemon.socket, connect_timeout=0.1) as client:
        assert spool.flush(client).left == 2
        daemon.start()
        assert spool.flush(client).left == 0
        assert client.get_status(project).status == "completed"


def test_there_is_nothing_to_do_without_a_folder(folder: Path, client: Client) -> None:
    assert Spool(folder / "none").flush(client).left == 0
    assert not (folder / "none").exists()


def test_the_folder_is_the_users_own_unless_named() -> None:
    kept = dict(os.environ)
    try:
        os.environ.pop("LIFECYCLE_SPOOL", None)
        os.environ["XDG_STATE_HOME"] = "/var/state"
        assert Spool().folder == Path("/var/state/lifecycle-rpc/spool")
        for ignored in ("state", "", "./state"):
            os.environ["XDG_STATE_HOME"] = ignored
            assert Spool().folder == Path.home() / ".local/state/lifecycle-rpc/spool"
        os.environ["LIFECYCLE_SPOOL"] = "named"
        assert Spool().folder == Path("named")
    finally:
        os.environ.clear()
        os.environ.update(kept)


def test_flushers_at_once_and_files_of_others_harm_nobody(folder: Path, client: Client, project: str) -> None:
    spool = Spool(folder / "spool")
    gone = spool.add({"projectId": "nonsense", "status": "failed"})
    locked = spool.folder / "0.json"
    locked.mkdir()  # raises OSError when it is read, also for root
    spool.add({"projectId": project, "status": "failed"})
    reading = Client(client.socket)

    class Other(Client):
        """Another process rejects the report while this one hears that it is to be rejected."""

        def call(self, *arguments: Any, **options: Any) -> Any:
            try:
                return super().call(*arguments, **options)
            except InvalidParams:
                Spool(spool.folder).flush(reading)
                raise

    with reading, Other(client.socket) as other:
        flushed = spool.flush(other)
    assert (flushed.rejected, flushed.left) == (0, 1)
    assert client.get_status(project).status == "failed"
    assert spool.waiting() == [locked]
    assert (spool.folder / "rejected" / gone.name).exists()


REPORT = '{"version":1,"method":"updateStatus","params":{"projectId":"%s","status":"completed"}}'


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777, 0o1777])
def test_a_folder_that_others_may_write_to_is_refused(
    mode: int, folder: Path, client: Client, project: str, daemon: Daemon
) -> None:
    spool = Spool(folder / "spool")
    spool.add({"projectId": project, "status": "failed"})
    (spool.folder / "0.json").write_text(REPORT % project)
    spool.folder.chmod(mode)
    with pytest.raises(PermissionError, match=r"others may write to it .*chmod go-w"):
        spool.flush(client)
    with pytest.raises(PermissionError, match="others may write"):
        spool.add({"projectId": project, "status": "failed"})
    assert client.get_status(project).status == "pending"
    command = [
        sys.executable,
        "-m",
        "lifecycle_rpc",
        "--spool",
        str(spool.folder),
        "--socket",
        str(daemon.socket),
        "flush",
    ]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 1
    assert "the spool is not trusted" in said.stderr
    assert "Traceback" not in said.stderr


def test_another_users_folder_is_refused(
    folder: Path, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(folder / "spool")
    spool.add({"projectId": project, "status": "failed"})
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(PermissionError, match="it belongs to user"):
        spool.flush(client)
    assert client.get_status(project).status == "pending"


def test_a_file_that_others_may_write_is_not_delivered(folder: Path, client: Client, project: str) -> None:
    spool = Spool(folder / "spool")
    for name, mode in (("1.json", 0o620), ("2.json", 0o602)):
        spool.folder.mkdir(mode=0o700, exist_ok=True)
        (spool.folder / name).write_text(REPORT % project)
        (spool.folder / name).chmod(mode)
    elsewhere = folder / "elsewhere"
    elsewhere.write_text(REPORT % project)
    (spool.folder / "3.json").symlink_to(elsewhere)
    os.mkfifo(spool.folder / "4.json")
    flushed = spool.flush(client)
    assert (flushed.delivered, flushed.rejected, flushed.left) == (0, 2, 2)
    assert client.get_status(project).status == "pending"
