"""An automation of the Prefect server that takes runs for zombies: it sets a run to Crashed on an event of ours."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events import Event, Resource
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from harness import eventually
from prefect_table.lab import PATIENCE, Work
from prefect_table.prefect_side import patiently

EVENT = "soak.heartbeat-is-missing"
PAUSE = 2.0


@patiently
def make() -> None:
    """The automation, once for all runs."""
    with get_client(sync_client=True) as client:
        client.create_automation(
            AutomationCore(
                name="zombies",
                trigger=EventTrigger(
                    posture=Posture.Reactive,
                    expect={EVENT},
                    for_each={"prefect.resource.id"},
                    threshold=1,
                    within=timedelta(0),
                ),
                actions=[
                    ChangeFlowRunState(name=None, state=StateType.CRASHED, message="No heartbeat was seen.", force=True)
                ],
            )
        )


def crash(work: Work, flow_run: UUID) -> None:
    """Tell the automation of the run when it is at work, until it has done what it is for."""
    work.attached()
    eventually(lambda: _is_crashed(flow_run), "the automation sets the run to Crashed", PATIENCE, PAUSE)


@patiently
def _is_crashed(flow_run: UUID) -> bool:
    resource = Resource.model_validate(
        {"prefect.resource.id": f"prefect.flow-run.{flow_run}", "prefect.resource.role": "flow-run"}
    )
    event = Event(event=EVENT, resource=resource)
    with get_client(sync_client=True) as client:
        states = client.read_flow_run_states(flow_run)
        if any(state.type == StateType.CRASHED for state in states):
            return True
        client.request("POST", "/events", json=[event.model_dump(mode="json")])
        return False
