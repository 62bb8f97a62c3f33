"""What the scenarios ask of Prefect's API. Imported only when its environment is set."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any, ParamSpec, TypeVar
from uuid import UUID, uuid4

import httpx
from prefect import flow, resume_flow_run, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import NotPausedError, ObjectNotFound
from prefect.states import Cancelled, Cancelling, Running, Scheduled, Suspended

from harness import eventually
from prefect_table.lab import PATIENCE, PAUSE, Work

P = ParamSpec("P")
R = TypeVar("R")


def patiently(ask: Callable[P, R]) -> Callable[P, R]:
    """Ask again when the server is too busy to answer. All that is asked here may be asked twice."""

    @functools.wraps(ask)
    def again(*arguments: P.args, **options: P.kwargs) -> R:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return ask(*arguments, **options)
            except httpx.HTTPError as error:
                refused = isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500
                if refused or time.monotonic() > end:
                    raise
            time.sleep(PAUSE)

    return again


@patiently
def make_pool(name: str, path: str, entrypoint: str = "flows.py:work") -> None:
    """A process pool, and a deployment `work/NAME` on it."""
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=name, type="process"), overwrite=True)
        flow_id = client.create_flow_from_name("work")
        client.create_deployment(
            flow_id=flow_id,
            name=name,
            work_pool_name=name,
            path=path,
            entrypoint=entrypoint,
            enforce_parameter_schema=False,
        )


@patiently
def _deployment(name: str) -> UUID | None:
    with get_client(sync_client=True) as client:
        try:
            return client.read_deployment_by_name(f"work/{name}").id
        except ObjectNotFound:
            return None


def run(work: Work, deployment: str, case: str, delay: float = 0, **instead: Any) -> UUID:
    """Have a run of the deployment started, in `delay` seconds. `instead` is for its parameters."""
    eventually(lambda: _deployment(deployment), f"the deployment {deployment}", PATIENCE, PAUSE)
    deployment_id = _deployment(deployment)
    assert deployment_id is not None
    state: Any = Scheduled(scheduled_time=datetime.now(timezone.utc) + timedelta(seconds=delay))
    given = {"project_id": work.project, "case": case} | instead
    parameters = {name: value for name, value in given.items() if value is not None}
    return _create_run(deployment_id, parameters, state, idempotency_key=str(uuid4()))


@patiently
def _create_run(deployment_id: UUID, parameters: dict[str, Any], state: Any, idempotency_key: str) -> UUID:
    with get_client(sync_client=True) as client:
        return client.create_flow_run_from_deployment(
            deployment_id, parameters=parameters, state=state, idempotency_key=idempotency_key
        ).id


@patiently
def cancel(flow_run_id: UUID) -> None:
    """As `prefect flow-run cancel` and the UI do."""
    with get_client(sync_client=True) as client:
        answer: Any = client.set_flow_run_state(flow_run_id, Cancelling())
        # The server itself turns it down for a run that nobody has begun, and makes it Cancelled.
        assert answer.state is not None


@patiently
def suspend(flow_run_id: UUID, timeout: int = 600) -> None:
    """As an operator does in the UI, or an automation."""
    key = str(uuid4())
    with get_client(sync_client=True) as client:
        state: Any = Suspended(timeout_seconds=timeout, pause_key=key)
        answer = client.set_flow_run_state(flow_run_id, state)
        assert answer.state is not None
        assert answer.state.is_paused(), answer


def resume(flow_run_id: UUID) -> None:
    """As the UI's Resume does. Prefect's call says nothing when the server was too busy to do it."""
    eventually(lambda: _is_resumed(flow_run_id), "the run is resumed", PATIENCE, PAUSE)


@patiently
def _is_resumed(flow_run_id: UUID) -> bool:
    with suppress(NotPausedError):
        resume_flow_run(flow_run_id)
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(flow_run_id).state
        return state is not None and not state.is_paused()


@patiently
def give_up(flow_run_id: UUID) -> None:
    """As the server does when a run is Cancelling for too long."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run_id, Cancelled(message="Cancelling for too long"), force=True)


@patiently
def run_of(project: str) -> UUID:
    """The run that works for it."""
    with get_client(sync_client=True) as client:
        (found,) = [
            run for run in client.read_flow_runs(limit=200) if (run.parameters or {}).get("project_id") == project
        ]
        return found.id


@patiently
def retry(flow_run_id: UUID) -> None:
    """As the UI's Retry does."""
    with get_client(sync_client=True) as client:
        state: Any = Scheduled(name="AwaitingRetry", message="Retry from the UI")
        client.set_flow_run_state(flow_run_id, state, force=True)


@patiently
def state_name(flow_run_id: UUID) -> str:
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(flow_run_id).state
        return state.name or "" if state is not None else ""


@patiently
def states_by_project() -> dict[str, str]:
    """How Prefect has the last run of each project; of those that no other called, where there are such."""
    found: dict[str, str] = {}
    with get_client(sync_client=True) as client:
        runs: list[FlowRun] = []
        while page := client.read_flow_runs(limit=200, offset=len(runs)):
            runs += page
    runs.sort(key=lambda item: (item.parent_task_run_id is None, item.expected_start_time or datetime.min))
    for flow_run in runs:
        if flow_run.state is not None:
            found[str((flow_run.parameters or {}).get("project_id"))] = flow_run.state.name or ""
    return found


@patiently
def wait_for_the_server_to_cancel_children() -> None:
    """Have it cancel the child of a run of nobody's: what else it was to cancel before is cancelled then, too."""

    @flow
    def nobodys() -> None: ...

    with get_client(sync_client=True) as client:
        parent = client.create_flow_run(nobodys, state=Running())
        task_run: Any = client.create_task_run(task(lambda: None), parent.id, dynamic_key="0", state=Running())
        child = client.create_flow_run(nobodys, parent_task_run_id=task_run.id, state=Running())
        client.set_flow_run_state(parent.id, Cancelled(), force=True)
    eventually(lambda: state_name(child.id) == "Cancelled", "the server cancels children", PATIENCE, PAUSE)
