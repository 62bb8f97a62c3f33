"""`python -m lifecycle_rpc`, as a process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness import Daemon
from lifecycle_rpc import Client, Spool


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lifecycle_rpc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_call_prints_its_result(daemon: Daemon, client: Client) -> None:
    client.grant_credits("ada", 5, "test")
    result = run("--socket", daemon.socket, "createProject", "userId=ada", "credits:=2", 'metadata:={"model": "v3"}')
    assert (result.returncode, result.stderr) == (0, "")
    project = json.loads(result.stdout)["project"]
    assert (project["creditsUsed"], project["metadata"]) == (2, {"model": "v3"})


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["getStatus", "externalId=none"], 1, "projectNotFound"),
        (["getstatus"], 1, "methodNotFound"),
        (["watch", "nonsense=1"], 1, "nonsense"),
        (["getStatus", "externalId"], 2, "NAME=TEXT"),
        (["getStatus", "x:={"], 2, "not JSON"),
        ([], 2, "usage"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(daemon: Daemon, arguments: list[str], code: int, said: str) -> None:
    result = run("--socket", daemon.socket, *arguments)
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_no_daemon_is_an_exit_code_of_its_own(folder: Path) -> None:
    result = run("--socket", folder / "none", "audit", "--timeout", "0.2")
    assert result.returncode == 3
    assert "Cannot connect" in result.stderr


def test_flush_delivers_and_says_what_is_left(daemon: Daemon, folder: Path, client: Client, project: str) -> None:
    Spool(folder / "spool").add({"projectId": project, "status": "failed"})
    daemon.stop()
    flush: list[str | Path] = ["--socket", daemon.socket, "--spool", folder / "spool", "--timeout", "0.2", "flush"]
    result = run(*flush)
    assert (result.returncode, json.loads(result.stdout)["left"]) == (1, 1)
    daemon.start()
    result = run(*flush)
    assert (result.returncode, json.loads(result.stdout)["delivered"]) == (0, 1)
    assert client.get_balance("ada").available == 100


def test_watch_prints_events_until_it_is_interrupted(daemon: Daemon, project: str) -> None:
    command = [sys.executable, "-m", "lifecycle_rpc", "--socket", str(daemon.socket), "watch", "fromSeq:=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        events = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert (process.stderr.read(), process.wait(30)) == ("", 130)
    assert [event["kind"] for event in events] == ["granted", "created"]
    assert events[1]["projectId"] == project
