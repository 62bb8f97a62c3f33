"""`python -m lifecycle_rpc`, as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lifecycle_rpc
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


def test_what_others_wrote_does_nothing_to_a_terminal(daemon: Daemon, client: Client) -> None:
    text = "a\u009b31m\u202eb"
    client.grant_credits("ada", 5, "test")
    client.create_project("ada", 1, name="x", metadata={"text": text})
    master, slave = os.openpty()
    command = [sys.executable, "-m", "lifecycle_rpc", "--socket", str(daemon.socket), "listProjects"]
    subprocess.run(command, stdout=slave, check=True, timeout=60)
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert "\u009b" not in shown
    assert "\u202e" not in shown
    assert json.loads(shown)["projects"][0]["metadata"] == {"text": text}
    piped = run("--socket", daemon.socket, "listProjects")
    assert text in piped.stdout
    refused = run("--socket", daemon.socket, "getStatus", "externalId=a\u202eb")
    assert "a\\u{202e}b" in refused.stderr


def test_no_daemon_is_an_exit_code_of_its_own(folder: Path) -> None:
    result = run("--socket", folder / "none", "audit", "--timeout", "0.2")
    assert result.returncode == 3
    assert "Cannot connect" in result.stderr


def test_flush_delivers_and_says_what_is_left(daemon: Daemon, folder: Path, client: Client, project: str) -> None:
    Spool(folder / "spool").add({"projectId": project, "status": "failed"})
    daemon.stop()
    flush: list[str | Path] = ["--socket", daemon.socket, "--spool", folder / "spool", "flush"]
    result = run("--timeout", "0.2", *flush)
    assert (result.returncode, json.loads(result.stdout)["left"]) == (1, 1)
    daemon.start()
    result = run(*flush)
    assert (result.returncode, json.loads(result.stdout)["delivered"]) == (0, 1)
    assert client.get_balance("ada").available == 100


def test_watch_prints_events_until_it_is_interrupted(daemon: Daemon, project: str) -> None:
    command = [sys.executable, "-m", "lifecycle_rpc", "--socket", str(daemon.socket), "watch", "fromSeq:=0"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}

    def heed_interrupts() -> None:
        # A shell's background job ignores SIGINT, and so would its children.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(command, preexec_fn=heed_interrupts, **pipes) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        events = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert (process.stderr.read(), process.wait(30)) == ("", 130)
    assert [event["kind"] for event in events] == ["granted", "created"]
    assert events[1]["projectId"] == project


def test_the_client_needs_nothing_but_the_standard_library(folder: Path) -> None:
    package = Path(lifecycle_rpc.__file__).parent
    modules = [f"lifecycle_rpc.{file.stem}" for file in package.glob("*.py")]
    assert "lifecycle_rpc.client" in modules
    (folder / "lifecycle_rpc").symlink_to(package)
    # Without site-packages, in which the package itself may be.
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); import {', '.join(modules)}"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, timeout=60)
