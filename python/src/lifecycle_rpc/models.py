"""What the daemon answers, as dataclasses.

Members that the daemon leaves out are None. Times are in UTC and by the daemon's clock; credits are whole numbers from
-(2**53 - 1) to 2**53 - 1. Members that this version does not know are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Status = Literal["pending", "processing", "completed", "failed"]
"""Where a project is. `failed` always means refunded."""

Report = Literal["processing", "completed", "failed"]
"""What `update_status` may report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A user's credits: `available` can be spent, `held` is taken by unfinished projects."""

    user_id: str
    available: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Paid work of one user."""

    project_id: str
    user_id: str
    status: Status
    credits_used: int
    credits_refunded: int
    cancel_requested: bool
    created_at: datetime
    updated_at: datetime
    external_id: str | None = None
    name: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    progress: float | None = None
    message: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline: datetime | None = None
    paused_until: datetime | None = None
    retry_of: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def ended(self) -> bool:
        """Whether its verdict has come, which never changes."""
        return self.status in ("completed", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger: `grant`, `adjustment`, `charge`, `capture` or `refund`, or a kind that came later."""

    entry_id: int
    kind: str
    credits: int
    at: datetime
    project_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the history, with its caller as the kernel knew it. `seq` grows in the order of the commits."""

    seq: int
    kind: str
    at: datetime
    user_id: str
    uid: int
    gid: int
    pid: int
    project_id: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCreated:
    """A new project, or with `replayed` the one that the same key made before, as it is now."""

    project: Project
    balance: Balance
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectChanged:
    """A project after a report or a cancellation; `changed` is False when it was so already."""

    project: Project
    changed: bool
    credits_refunded: int
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFound:
    """One project, as it is now."""

    project: Project


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCounts:
    """How many projects are in each status."""

    pending: int
    processing: int
    completed: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The figures of all projects that a filter matches, not only of the page."""

    total: int
    by_status: StatusCounts
    credits_used: int
    credits_refunded: int
    credits_held: int
    credits_captured: int
    success_rate: float | None = None
    average_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """A page of projects, newest first; `next_cursor` is None on the last one."""

    projects: list[Project]
    next_cursor: str | None = None
    stats: Statistics | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The answer to a heartbeat. Without `deadline` the project has ended, without `paused_until` it is not paused."""

    status: Status
    cancel_requested: bool
    deadline: datetime | None = None
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where a project's credits are, and who did what when, oldest first."""

    project: Project
    entries: list[Entry]
    events: list[Event]
    refused_reports: int
    summary: str
    trimmed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStarted:
    """The number of the newest event when a watch began."""

    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """A page of a user's ledger, newest first; `next_cursor` is None on the last one."""

    entries: list[Entry]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsPosted:
    """A grant or an adjustment, and the balance after it."""

    balance: Balance
    entry: Entry
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an audit found wrong."""

    check: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """Whether every invariant of the ledger holds, over how many rows, and what does not."""

    ok: bool
    checked: int
    findings: list[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade:
    """A finished, checked backup: absolute path on the daemon's machine, size in bytes, newest event in it."""

    path: str
    bytes: int
    projects: int
    last_seq: int
