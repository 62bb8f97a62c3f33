"""What a row of the table is, and how its outcome is measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect_table.lab import Lab, Work

FLOW = "the flow's hook"
RUNNER = "the runner's hook"
WORKER = "the worker's hook"
LEASE = "the lease"
ATTACHED = "the attached lease"
START = "the start timeout"
APP = "the app"
FLUSH = "flush"
RECONCILER = "the reconciler"
DETACH_GRACE = 30
"""The daemon's default, in seconds."""
BY_CLOCK = {"crashed": ATTACHED, "leaseExpired": LEASE, "startTimeout": START}


@dataclass(frozen=True, eq=False)
class Scenario:
    """One row: what is done, and what must come of it."""

    name: str
    mode: str
    act: Callable[[Lab, Work], object]
    status: str
    code: str | None
    by: str
    prefect: str
    full_only: bool
    options: dict[str, int]
    own_daemon: bool
    detach_grace: int | None
    neighbour: str
    """What becomes of another user's project in the same process, where there is one."""

    @property
    def at_most(self) -> float:
        """Seconds that it may take: what the clock says that must close it, and a margin for a busy machine."""
        clocks = {ATTACHED: DETACH_GRACE, LEASE: self.options.get("lease"), START: self.options.get("start_timeout")}
        clock = clocks.get(self.by)
        return math.inf if clock is None else clock + 30

    def __str__(self) -> str:
        return f"{self.name} ({self.mode})"


ALL: list[Scenario] = []


def scenario(
    name: str,
    mode: str,
    *,
    status: str = "failed",
    code: str | None = None,
    by: str,
    prefect: str,
    full_only: bool = False,
    own_daemon: bool = False,
    detach_grace: int | None = None,
    neighbour: str = "completed",
    **options: int,
) -> Callable[[Callable[[Lab, Work], object]], Callable[[Lab, Work], object]]:
    """Put a function into the table. `options` are the project's; `prefect` is how Prefect has the run in the end."""

    def decorate(act: Callable[[Lab, Work], object]) -> Callable[[Lab, Work], object]:
        # Only there is the daemon's grace the default one.
        own = own_daemon or by == ATTACHED or detach_grace is not None
        ALL.append(
            Scenario(name, mode, act, status, code, by, prefect, full_only, options, own, detach_grace, neighbour)
        )
        return act

    return decorate


def is_untouched(neighbour: Work, status: str = "completed") -> None:
    """It did its work, and its user has paid for it once; or it died with its process, and was refunded once."""
    neighbour.ended()
    story = neighbour.client.explain_project(neighbour.project)
    assert story.project.status == status, story.summary
    done = status == "completed"
    assert [entry.kind for entry in story.entries] == ["charge", "capture" if done else "refund"], story.entries
    balance = neighbour.client.get_balance(neighbour.user)
    assert (balance.available, balance.held) == (90 if done else 100, 0), balance


@dataclass
class Row:
    """What came of a scenario."""

    scenario: Scenario
    work: Work | None = None
    status: str = ""
    code: str | None = None
    money: list[str] = field(default_factory=list)
    by: str = ""
    seconds: float | None = None
    prefect: str = ""
    wrong: list[str] = field(default_factory=list)

    def measure(self, work: Work, tools: dict[int, str]) -> None:
        """What the daemon has of the project."""
        story = work.client.explain_project(work.project)
        self.status, self.code = story.project.status, story.project.error_code
        self.money = [entry.kind for entry in story.entries]
        pids = {event.kind: event.pid for event in story.events}
        begun, ended = pids.get("processing"), pids.get(self.status)
        if ended == work.daemon.pid:
            self.by = BY_CLOCK.get(self.code or "", str(self.code))
        elif ended is not None:
            self.by = FLOW if ended == begun else tools.get(ended, WORKER)
        since: datetime | None = work.since or story.project.started_at
        if since is not None and story.project.finished_at is not None:
            self.seconds = (story.project.finished_at - since).total_seconds()

    @property
    def is_as_wanted_in_prefect(self) -> bool:
        """The states are read at the table's end. In a long table the server has given up what is Cancelling."""
        wanted = self.scenario.prefect
        return self.prefect in ((wanted, "Cancelled") if wanted == "Cancelling" else (wanted,))

    def judge(self) -> None:
        """Compare with what must come of it."""
        wanted = self.scenario
        outcome = "refund" if wanted.status == "failed" else "capture"
        for what, got, right in [
            ("status", self.status, self.status == wanted.status),
            ("errorCode", self.code, self.code == wanted.code),
            ("entries", self.money, self.money == ["charge", outcome]),
            ("closed by", self.by, self.by == wanted.by),
            ("after", self.seconds, self.seconds is None or self.seconds <= wanted.at_most),
            ("Prefect's state", self.prefect, self.is_as_wanted_in_prefect),
        ]:
            if not right:
                self.wrong.append(f"{what} is {got}")
