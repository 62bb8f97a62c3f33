"""A verdict to the daemon, or into the spool."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .._decode import decode
from ..errors import LifecycleError, PermissionDenied, RPCError, TerminalState
from ..models import ProjectChanged
from ..spool import Spool
from ._log import log

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

    from ..client import Client
    from ._identify import ProjectKey
    from ._settings import Settings
    from ._verdict import Verdict


def report(client: Client, key: ProjectKey, verdict: Verdict, timeout: float) -> int:
    """Report it. Gives the credits that the project's failure gave back. Raises LifecycleError."""
    changed = client.call("updateStatus", verdict.params(key), timeout=timeout)
    return decode(ProjectChanged, changed).credits_refunded


def deliver(
    client: Client, settings: Settings, key: ProjectKey, verdict: Verdict, flow_run: FlowRun, timeout: float
) -> None:
    """Report it within `timeout` seconds, or spool it.

    Raises only what is raised into it, as Prefect does at SIGTERM: the lease is the safety net.
    """
    what = f"{verdict.status} for project {key}"
    try:
        refunded = report(client, key, verdict, timeout)
    except TerminalState as error:
        log(flow_run, logging.WARNING, "%s came too late: it is %s since %s", what, error.status, error.finished_at)
    except LifecycleError as error:
        if isinstance(error, RPCError) and not error.retryable and not isinstance(error, PermissionDenied):
            log(flow_run, logging.ERROR, "%s was refused: %s", what, error)
        else:
            spool(settings, key, verdict, flow_run, error)
    except BaseException as error:
        spool(settings, key, verdict, flow_run, error)
        raise
    else:
        log(flow_run, logging.INFO, "reported %s; %d credits refunded", what, refunded)


def spool(settings: Settings, key: ProjectKey, verdict: Verdict, flow_run: FlowRun, reason: BaseException) -> None:
    """Keep it for `flush`. Never raises."""
    what = f"{verdict.status} for project {key}"
    why = f"{type(reason).__name__}: {reason}"
    try:
        file = Spool(settings.spool).add(verdict.params(key))
    except OSError as error:
        log(flow_run, logging.ERROR, "%s could be neither reported (%s) nor spooled (%s)", what, why, error)
    else:
        log(flow_run, logging.WARNING, "%s could not be reported (%s); `flush` will, from %s", what, why, file)
