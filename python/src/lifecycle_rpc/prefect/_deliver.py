"""A verdict to the daemon, or into the spool."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .._decode import parameters
from ..errors import LifecycleError, PermissionDenied, RPCError, TerminalState
from ..spool import Spool
from ._log import log

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

    from ..client import Client
    from ._identify import ProjectKey
    from ._settings import Settings


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended: `code` and `message` only with `failed`."""

    status: Literal["completed", "failed"]
    code: str | None = None
    message: str | None = None


def report(client: Client, key: ProjectKey, verdict: Verdict, timeout: float) -> int:
    """Report it. Gives the credits that the project's failure gave back. Raises LifecycleError."""
    return client.update_status(
        key.project_id,
        external_id=key.external_id,
        status=verdict.status,
        error_code=verdict.code,
        error_message=verdict.message,
        timeout=timeout,
    ).credits_refunded


def deliver(client: Client, settings: Settings, key: ProjectKey, verdict: Verdict, flow_run: FlowRun) -> None:
    """Report it within `settings.report_budget` seconds, or spool it. Never raises: the lease is the safety net."""
    what = f"{verdict.status} for project {key}"
    try:
        refunded = report(client, key, verdict, settings.report_budget)
    except TerminalState as error:
        log(flow_run, logging.WARNING, "%s came too late: it is %s since %s", what, error.status, error.finished_at)
    except LifecycleError as error:
        if isinstance(error, RPCError) and not error.retryable and not isinstance(error, PermissionDenied):
            log(flow_run, logging.ERROR, "%s was refused: %s", what, error)
        else:
            _spool(settings, key, verdict, flow_run, error)
    else:
        log(flow_run, logging.INFO, "reported %s; %d credits refunded", what, refunded)


def _spool(settings: Settings, key: ProjectKey, verdict: Verdict, flow_run: FlowRun, reason: LifecycleError) -> None:
    what = f"{verdict.status} for project {key}"
    params: dict[str, object] = {
        "project_id": key.project_id,
        "external_id": key.external_id,
        "status": verdict.status,
        "error_code": verdict.code,
        "error_message": verdict.message,
    }
    try:
        file = Spool(settings.spool).add(parameters(params))
    except OSError as error:
        log(flow_run, logging.ERROR, "%s could be neither reported (%s) nor spooled (%s)", what, reason, error)
    else:
        log(flow_run, logging.WARNING, "%s could not be reported (%s); `flush` will, from %s", what, reason, file)
