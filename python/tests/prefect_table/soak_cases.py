"""What happens to the flows of the soak, and what may come of their projects."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from prefect_table.lab import Work


@dataclass
class Case:
    """What happens to a flow, and what may come of its project."""

    name: str
    weight: int
    flow: str
    """What the flow does."""
    codes: set[str]
    """The codes that its project may fail with; without any, it must be completed."""
    seconds: Callable[[random.Random], float] = lambda chance: chance.uniform(0, 8)
    act: Callable[[Work, UUID], None] = lambda *_: None
    options: dict[str, int] = field(default_factory=dict)
    delay: float = 0
    reconciled: bool = False
    """Only the reconciler ends it, some time later."""


def cancel_in_prefect(work: Work, flow_run: UUID) -> None:
    from prefect_table import prefect_side

    work.attached()
    prefect_side.cancel(flow_run)


def cancel_by_app(work: Work, _: UUID) -> None:
    work.attached()
    work.client.cancel_project(work.project)


def kill(work: Work, _: UUID) -> None:
    os.kill(work.attached(), signal.SIGKILL)


def crash_by_automation(work: Work, flow_run: UUID) -> None:
    from prefect_table import soak_automation

    soak_automation.crash(work, flow_run)


def cancel_before_start(_: Work, flow_run: UUID) -> None:
    from prefect_table import prefect_side

    prefect_side.cancel(flow_run)


def suspended(work: Work) -> None:
    work.wait(lambda: work.client.get_status(work.project).paused_until is not None, "its project waits")


def resume(work: Work, flow_run: UUID) -> None:
    """One that has suspended itself."""
    from prefect_table import prefect_side

    suspended(work)
    prefect_side.resume(flow_run)


def suspend(work: Work, flow_run: UUID, seconds: int = 600) -> None:
    """At its next task."""
    from prefect_table import prefect_side

    work.attached()
    prefect_side.suspend(flow_run, seconds)
    suspended(work)


def suspend_shortly(work: Work, flow_run: UUID) -> None:
    suspend(work, flow_run, 60)


def suspend_and_resume(work: Work, flow_run: UUID) -> None:
    suspend(work, flow_run)
    work.file("go").touch()
    resume(work, flow_run)


def suspend_and_cancel_by_app(work: Work, flow_run: UUID) -> None:
    suspend(work, flow_run)
    work.client.cancel_project(work.project)


def suspend_and_cancel_in_prefect(work: Work, flow_run: UUID) -> None:
    from prefect_table import prefect_side

    suspend(work, flow_run)
    prefect_side.cancel(flow_run)


def suspend_without_a_task(work: Work, flow_run: UUID) -> None:
    """It hears of it when its work is done; one of two is resumed before that."""
    from prefect_table import prefect_side

    work.attached()
    prefect_side.suspend(flow_run)
    time.sleep(random.uniform(0, 12))
    if random.getrandbits(1):
        prefect_side.resume(flow_run)
    work.file("go").touch()


# A hook of the worker that is later than the detach grace leaves the verdict to the lease.
LATE = {"cancelled", "crashed"}


CASES = [
    Case("returns", 6, "returns", set()),
    Case("is retried, then returns", 2, "raises-once", set()),
    Case(
        "an automation sets it to Crashed",
        3,
        "returns",
        set(),
        lambda chance: chance.choice([5, 10, 45]),
        crash_by_automation,
    ),
    Case("raises", 2, "raises", {"pipelineFailed"}),
    Case("the app cancels it", 2, "hangs", {"cancelled"}, act=cancel_by_app),
    Case("is cancelled in Prefect", 2, "hangs", LATE, act=cancel_in_prefect),
    Case("SIGKILL", 2, "hangs", {"crashed"}, act=kill),
    Case("os._exit(0)", 1, "exits", {"crashed"}),
    Case("stops making progress", 1, "stalls", {"leaseExpired"}, options={"lease": 10}),
    Case(
        "is cancelled before it starts",
        1,
        "returns",
        {"cancelled"},
        act=cancel_before_start,
        delay=3600,
        reconciled=True,
    ),
    Case("suspends itself, is resumed", 2, "suspends", set(), act=resume),
    Case("is suspended at a task, is resumed", 2, "calls", set(), act=suspend_and_resume),
    Case("is suspended without a task", 2, "waits", set(), act=suspend_without_a_task),
    Case("suspended, the app cancels it", 1, "calls", {"cancelled"}, act=suspend_and_cancel_by_app),
    Case(
        "suspended, cancelled in Prefect", 1, "calls", {"cancelled"}, act=suspend_and_cancel_in_prefect, reconciled=True
    ),
    Case("suspended, and the pause times out", 1, "calls", {"pipelineFailed"}, act=suspend_shortly, reconciled=True),
]

WITHDRAWN = Case("Prefect makes no run for it", 0, "returns", {"cancelled"})
"""What becomes of any of them when Prefect's server is too busy to make a run: the app cancels its project."""
