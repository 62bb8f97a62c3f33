"""Stopping the flow of this process, the way that Prefect itself is told to."""

from __future__ import annotations

import os
import signal
from uuid import UUID

from . import _registry


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


def has_own_process(flow_run_id: UUID) -> bool:
    """Whether a runner or a worker made this process for the run, and nothing else goes on in it."""
    return os.environ.get("PREFECT__FLOW_RUN_ID") == str(flow_run_id)


def kill_own_process(flow_run_id: UUID) -> None:
    """End a flow that did not heed SIGTERM, as Prefect's runner does: only in a process that was made for the run."""
    if has_own_process(flow_run_id):
        os.kill(os.getpid(), signal.SIGKILL)
