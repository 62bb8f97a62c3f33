"""Which project a run names, and what is said of its end."""

from __future__ import annotations

from typing import Any

import pytest
from prefect import flow
from prefect.flow_engine import FlowRunTimeoutError
from prefect.states import Cancelled, Completed, Crashed, Failed
from pydantic import BaseModel, Field, SecretStr

from engines import FLOW, run_with
from lifecycle_rpc import Client
from lifecycle_rpc.prefect._identify import ProjectKey, project_of
from lifecycle_rpc.prefect._message import error_message
from lifecycle_rpc.prefect._settings import Settings
from lifecycle_rpc.prefect._verdict import verdict_of


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
