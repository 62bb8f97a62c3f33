"""Stopping the flow of this process, the way that Prefect itself is told to."""

from __future__ import annotations

import multiprocessing
import os
import signal
from typing import TYPE_CHECKING

from . import _registry

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun


def terminate_flow(*, in_main_thread: bool) -> bool:
    """Send SIGTERM to this process, which Prefect's engine turns into the flow's end as `Crashed`, with its hooks.

    Not done for a flow in another thread than the main one, where the engine cannot listen and somebody else may; nor
    when other tracked flows run in the process, which must go on. Such a flow learns it from `progress()` only. Gives
    whether it was done.
    """
    listens = in_main_thread and signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, signal.SIG_IGN, None)
    if not listens or len(_registry.every()) > 1:
        return False
    os.kill(os.getpid(), signal.SIGTERM)
    return True


def has_own_process(flow_run: FlowRun) -> bool:
    """Whether a runner or a worker made this process for the run.

    A worker says so in the environment. `serve()` does not: it spawns a process whose target is Prefect's own, with the
    one run that it got from its deployment. Flows that are called in there have no deployment.
    """
    if os.environ.get("PREFECT__FLOW_RUN_ID") == str(flow_run.id):
        return True
    # What a process runs is public only for whoever makes one. Without it, nothing is killed.
    target = getattr(multiprocessing.current_process(), "_target", None)
    by_prefect = (getattr(target, "__module__", None) or "").split(".")[0] == "prefect"
    return by_prefect and getattr(flow_run, "deployment_id", None) is not None


def kill_own_process(flow_run: FlowRun) -> None:
    """End a flow that did not heed SIGTERM, as Prefect's runner does: only in a process that was made for the run."""
    if has_own_process(flow_run):
        os.kill(os.getpid(), signal.SIGKILL)
