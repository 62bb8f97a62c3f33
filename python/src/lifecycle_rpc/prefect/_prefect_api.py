"""The little that is asked of Prefect's API. What calls this goes on when it fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.states import Cancelled

from ._log import log

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State


def state_of(flow_run_id: UUID) -> State[Any] | None:
    """The run's state, by the server."""
    with get_client(sync_client=True) as client:
        return client.read_flow_run(flow_run_id).state


def set_cancelled(flow_run: FlowRun, message: str) -> None:
    """Have the run stand as Cancelled, whatever it was before. Never raises: it is for people to read."""
    try:
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(flow_run.id, Cancelled(message=message), force=True)
    except Exception as error:
        log(flow_run, logging.WARNING, "Prefect could not be told that %s (%s)", message, error)
