"""What the hooks say, and that they never become a flow's failure."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect import Flow, flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import TERMINAL_STATES, StateType
from prefect.exceptions import Abort
from prefect.flow_engine import FlowRunTimeoutError
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import AwaitingRetry, Cancelled, Completed, Crashed, Failed, Running
from pydantic import BaseModel, Field, SecretStr

from harness import ROOT, Daemon
from lifecycle_rpc import Client, Spool
from lifecycle_rpc.prefect import FlowStopped, _hooks, _prefect_api, _registry, lifecycle_hooks, progress, tracked_flow
from lifecycle_rpc.prefect._deliver import Verdict
from lifecycle_rpc.prefect._farewell import Farewell
from lifecycle_rpc.prefect._hooks import verdict_of
from lifecycle_rpc.prefect._identify import ProjectKey, project_of
from lifecycle_rpc.prefect._message import error_message
from lifecycle_rpc.prefect._prefect_api import set_cancelled, set_refused, without_patience
from lifecycle_rpc.prefect._settings import Settings

FLOW: Any = SimpleNamespace(name="render")


def run_with(parent: Any = None, **parameters: Any) -> Any:
    return SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4(), parameters=parameters, parent_task_run_id=parent)


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        (Completed(), "completed", None),
        (Failed(message="m"), "failed", "pipelineFailed"),
        (Failed(name="TimedOut"), "failed", "timedOut"),
        (Failed(name="TimedOut", data=FlowRunTimeoutError()), "failed", "timedOut"),
        (Failed(name="TimedOut", data=TimeoutError("a socket's")), "failed", "pipelineFailed"),
        (Failed(name="TimedOut", message="Flow run failed due to timeout: x"), "failed", "pipelineFailed"),
        (Crashed(), "failed", "crashed"),
        (Cancelled(), "failed", "cancelled"),
    ],
)
def test_each_final_state_has_its_verdict(state: Any, status: str, code: str | None) -> None:
    verdict = verdict_of(state)
    assert (verdict.status, verdict.code) == (status, code)


def failure(text: str, depth: int = 0) -> Any:
    def raises(left: int) -> None:
        if left:
            raises(left - 1)
        raise ValueError(text)

    try:
        raises(depth)
    except ValueError as error:
        return Failed(message=f"Flow run encountered an exception: {error}", data=error)


def test_a_message_has_the_state_the_words_and_where_it_happened() -> None:
    message = error_message(failure("no GPU"))
    assert message.startswith("Failed: Flow run encountered an exception: no GPU\n\nTraceback")
    assert message.endswith("ValueError: no GPU")
    assert error_message(Crashed(message="killed")) == "Crashed: killed"
    assert error_message(Cancelled()) == "Cancelled"


@pytest.mark.parametrize("text", ["\udcff", "é" * 10_000, "a\x00b", "😀" * 3000])
def test_a_message_is_bounded_and_can_always_be_sent(text: str, client: Client, project: str) -> None:
    message = error_message(failure(text, depth=200))
    assert len(message.encode()) < 8192
    client.update_status("failed", project, error_message=message)
    assert client.get_status(project).error_message == message


class Job(BaseModel):
    project: str


class Aliased(BaseModel):
    project: str = Field(alias="pid")


class Hidden(BaseModel):
    project: SecretStr


@flow
def of_aliased(job: Aliased) -> None: ...


@flow
def by_default(project_id: str = "p") -> None: ...


@pytest.mark.parametrize(
    ("settings", "parameters", "key"),
    [
        (Settings(), {"project_id": "p"}, ProjectKey("p", None)),
        (Settings(project_id="job.project"), {"job": {"project": "p"}}, ProjectKey("p", None)),
        (Settings(project_id="job.project"), {"job": Job(project="p")}, ProjectKey("p", None)),
        (Settings(external_id="sda"), {"sda": 7001}, ProjectKey(None, "7001")),
        (Settings(project_id=lambda _, run: run.parameters["x"][1:]), {"x": "-p"}, ProjectKey("p", None)),
        (Settings(project_id="job.project"), {"job": None}, None),
        (Settings(), {"project_id": ""}, None),
        (Settings(project_id=None), {"project_id": "p"}, None),
        (Settings(project_id="jobs.1.project"), {"jobs": [None, {"project": "p"}]}, ProjectKey("p", None)),
        (Settings(project_id="jobs[-1].project"), {"jobs": (Job(project="p"),)}, ProjectKey("p", None)),
        (Settings(project_id="jobs.1.project"), {"jobs": [{"project": "p"}]}, None),
        (Settings(project_id="jobs.first"), {"jobs": [{"project": "p"}]}, None),
        (Settings(project_id="job.project_id"), {"job": {"projectId": "p"}}, ProjectKey("p", None)),
        (Settings(project_id="job.pid"), {"job": Aliased(pid="p")}, ProjectKey("p", None)),
        (Settings(project_id="job.project"), {"job": Hidden(project=SecretStr("p"))}, ProjectKey("p", None)),
        (Settings(project_id="job"), {"job": Job(project="p")}, None),
        (Settings(project_id="job"), {"job": {"project": "p"}}, None),
        (Settings(), {"project_id": "**********"}, None),
        (Settings(), {"project_id": "<PrefectConcurrentFuture>"}, None),
    ],
)
def test_a_run_names_its_project(settings: Settings, parameters: dict[str, Any], key: ProjectKey | None) -> None:
    assert project_of(settings, FLOW, run_with(**parameters)) == key


def test_the_project_is_named_by_what_the_body_receives() -> None:
    of_model: Any = of_aliased
    run = run_with(job={"pid": "p"})
    assert project_of(Settings(project_id="job.project"), of_model, run) == ProjectKey("p", None), "another process"
    assert project_of(Settings(), by_default, run_with()) == ProjectKey("p", None)
    assert project_of(Settings(), by_default, run_with(project_id="<State>"), {"project_id": "q"}) == ProjectKey(
        "q", None
    )
    assert project_of(Settings(), by_default, run_with(project_id="p"), {"project_id": None}) is None


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
    monkeypatch.setattr(_hooks, "set_cancelled", lambda *_: told.append("cancelled"))
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
    monkeypatch.setattr(_hooks, "set_cancelled", lambda *_: None)
    monkeypatch.setattr(_hooks, "state_of", lambda _: Crashed())
    hooks: Any = lifecycle_hooks(socket=str(daemon.socket), start_budget=30)
    hooks["on_running"][0](FLOW, run_with(project_id=project), Running())
    (tracker,) = _registry.every()
    tracker.stop_reason = stop_reason
    _hooks.at_exit()
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
    monkeypatch.setattr(_hooks, "log", lambda _run, _level, words, *values: said.append(words % values))
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        _hooks.at_exit()
    assert (started, len(said)) == ([], 1), "it was tried, and complained of"
    assert _registry.every() == [tracker]
    tracker.finish(Verdict("completed"))
    _registry.remove(tracker.flow_run.id)


def test_at_exit_what_takes_too_long_is_left_behind() -> None:
    held, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        held.wait()

    farewell = Farewell(work)
    assert not farewell.call(0.1)
    assert begun.wait(60)
    held.set()
    assert farewell.call(60)


def test_a_dead_api_is_asked_once_at_exit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    with temporary_settings(updates={PREFECT_API_URL: url}), without_patience(0.5):
        client = get_client(sync_client=True)
        assert PREFECT_CLIENT_MAX_RETRIES.value() == 0
        assert client._client.timeout == httpx.Timeout(0.5)
        with pytest.raises(httpx.ConnectError):
            client.read_flow_run(uuid4())


class Api:
    """Prefect's client, in place of its server: the children that live, and which states were set."""

    def __init__(self, *children: Any) -> None:
        self.children = children
        self.set: list[tuple[Any, Any]] = []

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None: ...

    def read_flow_runs(self, *, flow_run_filter: Any) -> list[Any]:
        assert not set(flow_run_filter.state.type.any_) & TERMINAL_STATES
        return list(self.children)

    def set_flow_run_state(self, flow_run_id: Any, state: Any, force: bool = False) -> None:
        assert force == (not state.is_cancelling()), "a child may have ended meanwhile"
        self.set.append((flow_run_id, state))


def child_with(**parameters: Any) -> Any:
    return SimpleNamespace(id=uuid4(), deployment_id=uuid4(), parameters=parameters)


def test_a_refused_run_stands_in_a_state_that_prefect_does_not_hand_down(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(child_with(project_id="other"))
    monkeypatch.setattr(_prefect_api, "get_client", lambda **_: api)
    set_refused(run_with(project_id="p"), "why")
    ((_, state),) = api.set
    assert (state.type, state.name, state.message) == (StateType.FAILED, "Refused", "why")


@pytest.mark.parametrize(
    ("names", "cancelled", "kind"),
    [
        ([], 0, StateType.CANCELLED),
        (["p", "P", "sda"], 0, StateType.CANCELLED),
        (["p", "other"], 1, StateType.CRASHED),
        ([None], 0, StateType.CRASHED),
    ],
)
def test_stopping_a_flow_cancels_no_child_of_another_project(
    names: list[Any], cancelled: int, kind: StateType, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(*(child_with(job={"project": name}) for name in names))
    monkeypatch.setattr(_prefect_api, "get_client", lambda **_: api)
    flow_run = run_with(project_id="p")
    set_cancelled(flow_run, "why", ProjectKey("p", "sda"))
    *children, (own_id, own) = api.set
    assert [state.type for _, state in children] == [StateType.CANCELLING] * cancelled
    assert (own_id, own.type, own.name) == (flow_run.id, kind, "Cancelled")


def test_when_the_children_cannot_be_asked_none_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api()
    monkeypatch.setattr(api, "read_flow_runs", lambda **_: 1 / 0)
    monkeypatch.setattr(_prefect_api, "get_client", lambda **_: api)
    set_cancelled(run_with(project_id="p"), "why", ProjectKey("p", None))
    ((_, own),) = api.set
    assert (own.type, own.name) == (StateType.CRASHED, "Cancelled")
