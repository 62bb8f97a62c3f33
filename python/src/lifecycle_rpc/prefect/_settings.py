"""What a tracked flow is set to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun

Find = str | Callable[["Flow[..., Any]", "FlowRun"], str]
"""A parameter of the flow (`project_id`), a path into one (`job.project_id`), or a function of flow and flow run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """See `lifecycle_hooks` for what each means. Durations are in seconds."""

    project_id: Find | None = "project_id"
    external_id: Find | None = None
    socket: str | None = None
    spool: str | None = None
    attach: bool = True
    beat: float = 5.0
    stall_timeout: float | None = None
    start_budget: float = 2.0
    report_budget: float = 10.0
    cancel_grace: float = 30.0
    stop_when_ended: bool = True
    on_missing: Literal["refuse", "log"] = "refuse"
    strict_results: bool = False
