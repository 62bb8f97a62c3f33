"""What the scenarios ask of Prefect's API. Imported only when its environment is set."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling, Scheduled

from harness import eventually
from prefect_table.lab import PATIENCE, PAUSE, Work


def make_pool(name: str, path: str, entrypoint: str = "flows.py:work") -> None:
    """A process pool, and a deployment `work/NAME` on it."""
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=name, type="process"))
        flow_id = client.create_flow_from_name("work")
        client.create_deployment(
            flow_id=flow_id,
            name=name,
            work_pool_name=name,
            path=path,
            entrypoint=entrypoint,
            enforce_parameter_schema=False,
        )


def _deployment(name: str) -> UUID | None:
    with get_client(sync_client=True) as client:
        try:
            return client.read_deployment_by_name(f"work/{name}").id
        except (ObjectNotFound, httpx.HTTPError):
            return None  # and it is asked again


def run(work: Work, deployment: str, case: str, delay: float = 0) -> UUID:
    """Have a run of the deployment started, in `delay` seconds."""
    found: list[UUID] = []

    def is_there() -> bool:
        found.extend(filter(None, [_deployment(deployment)]))
        return bool(found)

    eventually(is_there, f"the deployment {deployment}", PATIENCE, PAUSE)
    state: Any = Scheduled(scheduled_time=datetime.now(timezone.utc) + timedelta(seconds=delay))
    parameters = {"project_id": work.project, "case": case}
    with get_client(sync_client=True) as client:
        return client.create_flow_run_from_deployment(found[0], parameters=parameters, state=state).id


def cancel(flow_run_id: UUID) -> None:
    """As `prefect flow-run cancel` and the UI do."""
    with get_client(sync_client=True) as client:
        answer: Any = client.set_flow_run_state(flow_run_id, Cancelling())
        # The server itself turns it down for a run that nobody has begun, and makes it Cancelled.
        assert answer.state is not None


def retry(flow_run_id: UUID) -> None:
    """As the UI's Retry does."""
    with get_client(sync_client=True) as client:
        state: Any = Scheduled(name="AwaitingRetry", message="Retry from the UI")
        client.set_flow_run_state(flow_run_id, state, force=True)


def state_name(flow_run_id: UUID) -> str:
    """The run's state, or nothing when the server has no answer: whoever waits asks again."""
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(flow_run_id).state
    except httpx.HTTPError:
        return ""
    return state.name or "" if state is not None else ""


def states_by_project() -> dict[str, str]:
    """How Prefect has the last run of each project; none when the server has no answer."""
    found: dict[str, str] = {}
    runs: list[FlowRun] = []
    try:
        with get_client(sync_client=True) as client:
            while page := client.read_flow_runs(limit=200, offset=len(runs)):
                runs += page
    except httpx.HTTPError:
        return found
    for flow_run in sorted(runs, key=lambda item: item.expected_start_time or datetime.min):
        if flow_run.parent_task_run_id is None and flow_run.state is not None:
            found[str((flow_run.parameters or {}).get("project_id"))] = flow_run.state.name or ""
    return found
