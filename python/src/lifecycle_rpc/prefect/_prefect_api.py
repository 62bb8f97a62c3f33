"""The little that is asked of Prefect's API. What calls this goes on when it fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.settings import (
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
    temporary_settings,
)
from prefect.states import Cancelled

from ._log import log

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State


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


def was_cancelled(flow_run: FlowRun) -> bool:
    """Whether somebody has cancelled the run in Prefect, whatever its state is now. False when nobody can say."""
    try:
        with get_client(sync_client=True) as client:
            states = client.read_flow_run_states(flow_run.id)
    except Exception as error:
        log(flow_run, logging.WARNING, "Prefect cannot be asked whether the run was cancelled (%s)", error)
        return False
    return any(state.is_cancelling() or state.is_cancelled() for state in states)


def set_cancelled(flow_run: FlowRun, message: str) -> None:
    """Have the run stand as Cancelled, whatever it was before. Never raises: it is for people to read."""
    try:
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(flow_run.id, Cancelled(message=message), force=True)
    except Exception as error:
        log(flow_run, logging.WARNING, "Prefect could not be told that %s (%s)", message, error)
