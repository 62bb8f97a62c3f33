"""What Prefect knows of runs whose end nobody reported.

Nobody reports a run that is cancelled before it starts, whose file is gone, or whose worker was killed before it ran a
hook. Prefect's API has their end; this compares it with the projects that are still open. It only says what is final
there, and the daemon only takes the first verdict: so it can run at any time, twice, and beside live flows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
)
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Crashed

from ..client import Client
from ..errors import InvalidParams, ProjectNotFound, TerminalState
from ..models import Project
from ._deliver import report
from ._hooks import verdict_of
from ._identify import ProjectKey, at_path

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

logger = logging.getLogger(__name__)

PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What was looked for, and how."""

    parameter: str = "project_id"
    """The flows' parameter, or a path into one, that names the project."""
    external: bool = False
    """It is the upstream's id, not the project's."""
    flows: tuple[str, ...] = ()
    """The flows whose end is that of their project; none for every flow with that parameter."""
    since: timedelta = timedelta(days=2)
    """Runs that should have started before so long are not looked at."""
    settle: timedelta = timedelta(seconds=30)
    """A run that ended, or a project that did, less than so long ago is left to the hooks."""
    end_zombies: bool = False
    """Also have runs stand as Crashed that Prefect shows as running although their project has ended."""


@dataclass(slots=True)
class Reconciled:
    """What came of it."""

    open: int = 0
    """Projects that have not ended."""
    reported: int = 0
    """Verdicts that were missing."""
    zombies: int = 0
    """Runs that are now Crashed in Prefect, too."""


def reconcile(client: Client, prefect: SyncPrefectClient, how: Reconciliation) -> Reconciled:
    """Compare once. Raises LifecycleError, and what Prefect's client does."""
    result = Reconciled()
    open_projects = {name for project in _open_projects(client) if (name := _name(project, how))}
    result.open = len(open_projects)
    if not open_projects and not how.end_zombies:
        return result
    runs = _runs_by_project(prefect, how)
    judges = _judges(prefect, how)
    before = datetime.now(timezone.utc) - how.settle
    for name in open_projects & runs.keys():
        result.reported += _report(client, name, runs[name], judges, how, before)
    if how.end_zombies:
        for name in runs.keys() - open_projects:
            running = [run for run in runs[name] if judges(run) and run.state is not None and run.state.is_running()]
            result.zombies += _end_zombies(client, prefect, name, running, how, before)
    return result


def _name(project: Project, how: Reconciliation) -> str | None:
    return project.external_id if how.external else project.project_id


def _key(name: str, how: Reconciliation) -> ProjectKey:
    return ProjectKey(None, name) if how.external else ProjectKey(name, None)


def _open_projects(client: Client) -> Iterator[Project]:
    cursor = None
    while True:
        page = client.list_projects(status=["pending", "processing"], limit=500, cursor=cursor)
        yield from page.projects
        if (cursor := page.next_cursor) is None:
            return


def _runs_by_project(prefect: SyncPrefectClient, how: Reconciliation) -> dict[str, list[FlowRun]]:
    # Every run, also those under way and those within others: as long as one is, its project is not to be judged.
    since: Any = datetime.now(timezone.utc) - how.since  # Prefect has a type of its own for times
    start = FlowRunFilterExpectedStartTime(after_=since)
    found: dict[str, list[FlowRun]] = {}
    offset = 0
    while True:
        page = prefect.read_flow_runs(
            flow_run_filter=FlowRunFilter(expected_start_time=start),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=PAGE,
            offset=offset,
        )
        for run in page:
            if name := at_path(run.parameters or {}, how.parameter):
                found.setdefault(name, []).append(run)
        if len(page) < PAGE:
            return found
        offset += PAGE


def _judges(prefect: SyncPrefectClient, how: Reconciliation) -> Callable[[FlowRun], bool]:
    """Whose end is that of the project: the named flows', and not of a flow within another, which has its verdict."""
    named = FlowFilter(name=FlowFilterName(any_=list(how.flows)))
    flows = {flow.id for flow in prefect.read_flows(flow_filter=named)} if how.flows else None
    return lambda run: run.parent_task_run_id is None and (flows is None or run.flow_id in flows)


def _report(
    client: Client,
    name: str,
    runs: list[FlowRun],
    judges: Callable[[FlowRun], bool],
    how: Reconciliation,
    before: datetime,
) -> int:
    if any(run.state is None or not run.state.is_final() or run.state.timestamp > before for run in runs):
        return 0
    states = [run.state for run in runs if run.state is not None and judges(run)]
    if not states:
        return 0
    last = max(states, key=lambda state: (state.is_completed(), state.timestamp))
    verdict = verdict_of(last)
    try:
        report(client, _key(name, how), verdict, client.timeout)
    except TerminalState:
        return 0  # it ended while this was at work
    logger.info("project %s: %s, as Prefect's run is %s", name, verdict.status, last.name)
    return 1


def _end_zombies(
    client: Client, prefect: SyncPrefectClient, name: str, running: list[FlowRun], how: Reconciliation, before: datetime
) -> int:
    if not running:
        return 0
    key = _key(name, how)
    try:
        project = client.get_status(key.project_id, external_id=key.external_id)
    except (ProjectNotFound, InvalidParams):
        return 0  # another daemon's, or no project's id at all
    if project.finished_at is None or project.finished_at > before:
        return 0
    for run in running:
        message = f"Nothing was heard of it: its project is {project.status} ({project.error_code or 'no error'})."
        prefect.set_flow_run_state(run.id, Crashed(message=message), force=True)
        logger.info("run %s: crashed, as project %s is %s", run.name, name, project.status)
    return len(running)
