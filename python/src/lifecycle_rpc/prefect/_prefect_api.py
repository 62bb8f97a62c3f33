"""The little that is asked of Prefect's API. What calls this goes on when it fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES, State, StateType
from prefect.settings import (
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
    temporary_settings,
)
from prefect.states import Cancelled, Cancelling, Completed, Failed

from ._log import log
from ._mentions import mentions

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

    from ._identify import ProjectKey

REFUSED = "Refused"
"""The name of the state of a run that was not to begin, as its project has ended."""


@contextmanager
def without_patience(timeout: float) -> Iterator[None]:
    """Ask once, for `timeout` seconds, and only a server that there is: Prefect would start a temporary one."""
    quick: dict[Any, Any] = {
        PREFECT_API_REQUEST_TIMEOUT: timeout,
        PREFECT_CLIENT_MAX_RETRIES: 0,
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: False,
    }
    with temporary_settings(updates=quick):
        yield


def state_of(flow_run_id: UUID) -> State[Any] | None:
    """The run's state, by the server."""
    with get_client(sync_client=True) as client:
        return client.read_flow_run(flow_run_id).state


def set_refused(flow_run: FlowRun, message: str) -> None:
    """Have a run that did not begin stand as Failed, by the name of Refused. Never raises.

    Not as Cancelled: Prefect would cancel the children that its first try started, and which may live.
    """
    _set(flow_run, Failed(name=REFUSED, message=message))


def set_completed(flow_run: FlowRun, message: str) -> None:
    """Have a suspended run stand as Completed, unless somebody has made something else of it. Never raises."""
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(flow_run.id).state
    except Exception as error:
        log(flow_run, logging.WARNING, "Prefect could not be told that the run's work is done (%s)", error)
        return
    if state is not None and (state.is_paused() or state.is_scheduled()):
        _set(flow_run, Completed(message=message))


def was_cancelled(flow_run: FlowRun) -> bool:
    """Whether somebody has cancelled the run in Prefect, whatever its state is now. False when nobody can say."""
    try:
        with get_client(sync_client=True) as client:
            states = client.read_flow_run_states(flow_run.id)
    except Exception as error:
        log(flow_run, logging.WARNING, "Prefect cannot be asked whether the run was cancelled (%s)", error)
        return False
    return any(state.is_cancelling() or state.is_cancelled() for state in states)


def set_cancelled(flow_run: FlowRun, message: str, project: ProjectKey) -> None:
    """Have the run stand as Cancelled, whatever it was before. Never raises: it is for people to read.

    Prefect cancels all children of a run of the type Cancelled. Those that do not have the project's id in their
    parameters may work for others: as long as one of them lives, the run is Cancelled by its name only, and the other
    children are cancelled one by one.
    """
    all_are_ours = False
    try:
        with get_client(sync_client=True) as client:
            children = client.read_flow_runs(flow_run_filter=_living_children(flow_run.id))
            ours = [child for child in children if mentions(child.parameters, project.project_id, project.external_id)]
            all_are_ours = len(ours) == len(children)
            for child in ours:
                if not all_are_ours and child.deployment_id is not None:
                    client.set_flow_run_state(child.id, Cancelling(message=message))
    except Exception as error:
        log(flow_run, logging.WARNING, "what its children are could not be asked (%s)", error)
    by_name = State(type=StateType.CRASHED, name="Cancelled", message=message)
    _set(flow_run, Cancelled(message=message) if all_are_ours else by_name)


def _living_children(flow_run_id: UUID) -> FlowRunFilter:
    types = [kind for kind in StateType if kind not in TERMINAL_STATES]
    return FlowRunFilter(
        parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[flow_run_id]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)),
    )


def _set(flow_run: FlowRun, state: State[Any]) -> None:
    try:
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(flow_run.id, state, force=True)
    except Exception as error:
        log(flow_run, logging.WARNING, "Prefect could not be told that %s (%s)", state.message, error)
