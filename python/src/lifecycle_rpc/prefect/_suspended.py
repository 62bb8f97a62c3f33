"""Runs that are suspended: nobody works for their projects until somebody resumes them."""

from __future__ import annotations

import math
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..errors import LifecycleError

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State

    from ..client import Client
    from ._identify import ProjectKey

AS_LONG_AS_MAY_BE = 31_536_000
"""A year, in seconds: more than any daemon allows."""
LOOK = 0.5
"""Seconds between looking at the project."""


def pause_of(state: State[Any]) -> int:
    """Seconds until Prefect gives the run up, or as many as there can be where it never does."""
    end: datetime | None = state.state_details.pause_timeout
    if end is None:
        return AS_LONG_AS_MAY_BE
    return max(1, math.ceil((end - datetime.now(timezone.utc)).total_seconds()))


def is_suspended(state: State[Any]) -> bool:
    """Whether another process is to go on with the run; one that is only paused waits in its own."""
    return state.is_paused() and state.state_details.pause_reschedule


def was_resumed(flow_run: FlowRun) -> bool:
    """Whether the run was suspended before, and begins anew."""
    return bool(getattr(getattr(flow_run, "empirical_policy", None), "resuming", False))


def wait_for_the_one_before(client: Client, key: ProjectKey, beat: float) -> None:
    """Let the process end that ran it before it was suspended, where its body still runs: both would do the same work.

    When it ends it pauses the project, or completes it. One that died without a word does not beat any more.
    """
    patience = 2 * beat + 1
    known: datetime | None = None
    silent_since = time.monotonic()
    while time.monotonic() - silent_since <= patience:
        try:
            project = client.get_status(key.project_id, external_id=key.external_id, timeout=patience)
        except LifecycleError:
            return  # whoever starts the run waits for the daemon
        if project.status != "processing" or project.paused_until is not None or project.deadline is None:
            return
        if known is None or project.deadline > known:
            known, silent_since = project.deadline, time.monotonic()
        time.sleep(min(LOOK, beat))
