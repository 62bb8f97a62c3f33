"""What the hooks say, and that they never become a flow's failure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect import Flow
from prefect.exceptions import Abort
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import AwaitingRetry, Completed, Crashed, Failed, Running

from engines import FLOW, run_with
from harness import ROOT, Daemon
from lifecycle_rpc import Client, Spool
from lifecycle_rpc.prefect import (
    FlowStopped,
    _conclude,
    _exit,
    _hooks,
    _registry,
    lifecycle_hooks,
    progress,
    tracked_flow,
)
from lifecycle_rpc.prefect._verdict import Verdict


def test_hooks_of_ones_own_come_after_ours() -> None:
    def mine(flow: Any, flow_run: Any, state: Any) -> None: ...

    hooks = lifecycle_hooks(on_failure=[mine])
    assert hooks["on_failure"][1:] == [mine]
    assert len(hooks["on_crashed"]) == 1

    @tracked_flow(retries=2, on_failure=[mine], beat=1.0)
    def render(project_id: str) -> None: ...

    assert isinstance(render, Flow)
    assert (render.retries, len(render.on_failure_hooks)) == (2, 2)


def test_a_flow_without_the_parameter_is_refused_when_it_is_made() -> None:
    with pytest.raises(TypeError, match=r"render\(\) has no parameter 'job'"):

        @tracked_flow(project_id="job.project")
        def render(project_id: str) -> None: ...

    @tracked_flow(external_id="sda")
    def fine(sda: str) -> None: ...

    class Renderer:
        @tracked_flow
        @classmethod
        def render(cls, project_id: str) -> None: ...

    with pytest.raises(TypeError, match=r"scale\(\) has no parameter 'project_id'"):

        class Scaler:
            @tracked_flow
            @staticmethod
            def scale(job: str) -> None: ...


@pytest.mark.parametrize("name", ["on_running", "on_completion", "on_failure", "on_crashed", "on_cancellation"])
@pytest.mark.parametrize("find", ["project_id", "none", lambda *_: 1 / 0])
def test_a_hook_never_raises_what_would_fail_a_flow(name: str, find: Any, folder: Path) -> None:
    hooks: Any = lifecycle_hooks(
        find, socket=str(folder / "none"), spool=str(folder / "spool"), start_budget=0.1, report_budget=0.1
    )
    flow_run = run_with(project_id="p")
    hooks[name][0](FLOW, flow_run, AwaitingRetry())
    hooks["on_completion"][0](FLOW, flow_run, Completed())
    assert _registry.every() == []


def test_a_runner_or_worker_reports_for_a_flow_that_is_gone(daemon: Daemon, client: Client, project: str) -> None:
    hooks: Any = lifecycle_hooks(socket=str(daemon.socket))
    client.update_status("processing", project)
    for _ in range(2):
        hooks["on_crashed"][0](FLOW, run_with(project_id=project), Crashed(message="SIGKILL"))
    found = client.explain_project(project)
    assert (found.project.error_code, found.project.error_message) == ("crashed", "Crashed: SIGKILL")
    assert [entry.kind for entry in found.entries] == ["charge", "refund"]


def test_a_flow_within_another_is_asked_to_stop_and_not_torn_out_of_it(
    daemon: Daemon, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(_hooks, "set_refused", lambda *_: told.append("refused"))
    monkeypatch.setattr(_conclude, "set_cancelled", lambda *_: told.append("cancelled"))
    hooks: Any = lifecycle_hooks(socket=str(daemon.socket), start_budget=30)
    client.update_status("failed", project)
    outermost, deployed, nested = (run_with(parent, project_id=project) for parent in (None, uuid4(), uuid4()))
    with pytest.raises(Abort):
        hooks["on_running"][0](FLOW, outermost, Running())
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", str(deployed.id))
    with pytest.raises(Abort):
        hooks["on_running"][0](FLOW, deployed, Running())
    assert told == ["refused", "refused"]
    hooks["on_running"][0](FLOW, nested, Running())
    with pytest.raises(FlowStopped, match="failed already"):
        progress(0.5)
    hooks["on_failure"][0](FLOW, nested, Failed())
    assert told == ["refused", "refused", "cancelled"]
    assert _registry.every() == []
    assert client.explain_project(project).refused_reports == 3, "the starts, and no end"


@pytest.mark.parametrize("stop_reason", [None, "the app cancelled its project"])
def test_at_exit_a_stopped_flow_is_cancelled_and_not_crashed(
    stop_reason: str | None, daemon: Daemon, client: Client, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_conclude, "set_cancelled", lambda *_: None)
    monkeypatch.setattr(_exit, "state_of", lambda _: Crashed())
    monkeypatch.setattr(_exit, "EXIT_BUDGET", 60.0)
    hooks: Any = lifecycle_hooks(socket=str(daemon.socket), start_budget=30)
    hooks["on_running"][0](FLOW, run_with(project_id=project), Running())
    (tracker,) = _registry.every()
    tracker.stop_reason = stop_reason
    _exit.at_exit()
    assert client.get_status(project).error_code == ("cancelled" if stop_reason else "crashed")
    assert _registry.every() == []


def test_the_python_of_the_documents_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/prefect.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        names: dict[str, Any] = {}
        exec(compile(block, "docs/prefect.md", "exec"), names)
        assert any(isinstance(value, Flow) for value in names.values())


@pytest.mark.parametrize("inner_name", ["the upstream's id", "upper case", "the upstream's id, without a start"])
def test_a_flow_within_another_is_known_by_its_project_and_not_by_its_name(
    inner_name: str, daemon: Daemon, client: Client, project: str
) -> None:
    client.update_status("processing", project, external_id="sda-1")
    of_id: Any = lifecycle_hooks(socket=str(daemon.socket), start_budget=30)
    of_external: Any = lifecycle_hooks(None, external_id="sda", socket=str(daemon.socket), start_budget=30)
    outer = run_with(project_id=project)
    hooks, inner = of_external, run_with(uuid4(), sda="sda-1")
    if inner_name == "upper case":
        hooks, inner = of_id, run_with(uuid4(), project_id=project.upper())
    of_id["on_running"][0](FLOW, outer, Running())
    if "without" not in inner_name:
        hooks["on_running"][0](FLOW, inner, Running())
    hooks["on_completion"][0](FLOW, inner, Completed())
    assert client.get_status(project).status == "processing"
    of_id["on_failure"][0](FLOW, outer, Failed())
    assert client.get_status(project).error_code == "pipelineFailed"
    assert client.explain_project(project).refused_reports == 0
    assert _registry.every() == []


def test_a_flow_within_another_that_has_its_own_project_reports_it(
    daemon: Daemon, client: Client, project: str
) -> None:
    other = client.create_project("ada", 1, external_id="sda-2").project.project_id
    of_id: Any = lifecycle_hooks(socket=str(daemon.socket), start_budget=30)
    of_external: Any = lifecycle_hooks(None, external_id="sda", socket=str(daemon.socket), start_budget=30)
    outer, inner = run_with(project_id=project), run_with(uuid4(), sda="sda-2")
    of_id["on_running"][0](FLOW, outer, Running())
    of_external["on_running"][0](FLOW, inner, Running())
    of_external["on_completion"][0](FLOW, inner, Completed())
    assert client.get_status(other).status == "completed"
    of_id["on_failure"][0](FLOW, outer, Failed())
    assert client.get_status(project).status == "failed"


@pytest.mark.parametrize("same", [True, False])
def test_while_the_daemon_is_away_the_inner_verdict_waits_for_the_outer(
    same: bool, daemon: Daemon, client: Client, folder: Path, project: str
) -> None:
    other = client.create_project("ada", 1, external_id="sda-2").project.project_id
    client.update_status("processing", project, external_id="sda-1")
    options: dict[str, Any] = {"socket": str(daemon.socket), "spool": str(folder / "spool")}
    options |= {"start_budget": 0.1, "report_budget": 0.4}
    of_id: Any = lifecycle_hooks(**options)
    of_external: Any = lifecycle_hooks(None, external_id="sda", **options)
    outer, inner = run_with(project_id=project), run_with(uuid4(), sda="sda-1" if same else "sda-2")
    daemon.stop()
    of_id["on_running"][0](FLOW, outer, Running())
    of_external["on_running"][0](FLOW, inner, Running())
    of_external["on_completion"][0](FLOW, inner, Completed())
    assert Spool(folder / "spool").waiting() == []
    of_id["on_failure"][0](FLOW, outer, Failed())
    assert len(Spool(folder / "spool").waiting()) == 2
    assert _registry.every() == []
    daemon.start()
    assert Spool(folder / "spool").flush(client).left == 0
    assert client.get_status(project).status == "failed"
    assert client.get_status(other).status == ("pending" if same else "completed")


def test_at_exit_no_server_is_started_and_none_is_waited_for(
    daemon: Daemon, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(SubprocessASGIServer, "start", lambda *_, **__: started.append("a server"))
    hooks: Any = lifecycle_hooks(socket=str(daemon.socket), start_budget=30)
    hooks["on_running"][0](FLOW, run_with(project_id=project), Running())
    (tracker,) = _registry.every()
    said: list[str] = []
    monkeypatch.setattr(_exit, "EXIT_BUDGET", 60.0)
    monkeypatch.setattr(_exit, "log", lambda _run, _level, words, *values: said.append(words % values))
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        _exit.at_exit()
    assert (started, len(said)) == ([], 1), "it was tried, and complained of"
    assert _registry.every() == [tracker]
    tracker.finish(Verdict("completed"))
    _registry.remove(tracker.flow_run.id)
