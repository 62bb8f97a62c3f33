"""Stopping one flow, and nothing else that the process does."""

from __future__ import annotations

import multiprocessing
import os
import signal
from typing import TYPE_CHECKING

from . import _registry

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

    from ._tracker import Tracker


def interrupt(tracker: Tracker, *, in_main_thread: bool) -> bool:
    """Interrupt the flow where that meets nobody else. Gives whether it was done; it can be tried again.

    In a process that was made for the run and holds nothing else: by SIGTERM, which Prefect's engine turns into the
    flow's end, with its hooks. Elsewhere an async flow's task is cancelled. All other flows are only asked: by
    `progress()`, and by Prefect when they call a task or wait for one.
    """
    own = has_own_process(tracker.flow_run) and is_alone(tracker)
    if own and terminate_process(in_main_thread=in_main_thread):
        return True
    tracker.body.cancel(lambda: not _registry.within(tracker))
    return tracker.body.cancelled


def terminate_process(*, in_main_thread: bool) -> bool:
    """Send SIGTERM to this process. Not to a flow in another thread than the main one, where no engine listens."""
    if not in_main_thread or signal.getsignal(signal.SIGTERM) in (signal.SIG_DFL, signal.SIG_IGN, None):
        return False
    os.kill(os.getpid(), signal.SIGTERM)
    return True


def is_alone(tracker: Tracker) -> bool:
    """Whether it is the only tracked run of this process."""
    return _registry.every() in ([], [tracker])


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


def kill_own_process(tracker: Tracker) -> None:
    """End a flow that did not heed SIGTERM, as Prefect's runner does: only where nothing else can be met."""
    if has_own_process(tracker.flow_run) and is_alone(tracker):
        os.kill(os.getpid(), signal.SIGKILL)
