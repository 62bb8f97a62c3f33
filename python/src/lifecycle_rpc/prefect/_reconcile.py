"""What Prefect knows of runs whose end nobody reported.

Nobody reports a run that is cancelled before it starts, whose file is gone, or whose worker was killed before it ran a
hook. Prefect's API has their end; this compares it with the projects that are still open. It only says what is final
there, and the daemon only takes the first verdict: so it can run at any time, twice, and beside live flows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterId,
)
from prefect.client.schemas.objects import TERMINAL_STATES, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Crashed

from ..client import Client
from ..errors import InvalidParams, ProjectNotFound, TerminalState
from ..models import Project
from ._deliver import report
from ._hooks import verdict_of
from ._identify import ProjectKey, at_path
from ._mentions import mentions

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
    """Runs that should have started so long before the oldest open project was created are no project's."""
    settle: timedelta = timedelta(seconds=30)
    """A run that ended, or a project that did, less than so long ago is left to the hooks."""
    watch: timedelta = timedelta(seconds=11)
    """A project that has ended in Prefect, but is processing, is watched so long for a heartbeat: two, and the second
    after which the daemon shows one. An API call or an automation may set a run to Crashed whose flow lives."""
    end_zombies: bool = False
    """Also have runs stand as Crashed that Prefect shows as running although their project has ended. Of `flows` only:
    another flow with that parameter may be a helper that lives on."""

    def __post_init__(self) -> None:
        if self.end_zombies and not self.flows:
            raise ValueError("end_zombies needs flows: another flow with that parameter may be a helper that lives on")


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
    open_projects = {project.project_id: project for project in _open_projects(client)}
    result.open = len(open_projects)
    counts = _counts(prefect, how)
    ancestors = _Ancestors(prefect, counts)
    before = datetime.now(timezone.utc) - how.settle
    ended = _ended_projects(client, prefect, open_projects, counts, how, before) if open_projects else {}
    ended = _silent(client, ended, open_projects, how)
    # Only now, and without a limit of time: a run can be under way for days, and none may be left out.
    under_way = _runs(prefect, _unfinished()) if ended or how.end_zombies else []
    for project_id, runs in ended.items():
        project = open_projects[project_id]
        if any(_mentions(run.parameters, project) for run in under_way):
            continue
        again = _again(prefect, runs)
        if len(again) < len(runs) or not _is_over(again, counts, before):
            continue
        if judges := [run for run in again if counts(run) and ancestors.has_none(run, project)]:
            result.reported += _report(client, project, judges)
    if how.end_zombies:
        for run in under_way:
            name = at_path(run.parameters or {}, how.parameter)
            if name and counts(run) and run.state is not None and run.state.is_running():
                result.zombies += _end_zombie(client, prefect, name, run, how, before, ancestors)
    return result


def _open_projects(client: Client) -> Iterator[Project]:
    cursor = None
    while True:
        page = client.list_projects(status=["pending", "processing"], limit=500, cursor=cursor)
        yield from page.projects
        if (cursor := page.next_cursor) is None:
            return


def _ended_projects(
    client: Client,
    prefect: SyncPrefectClient,
    open_projects: dict[str, Project],
    counts: Callable[[FlowRun], bool],
    how: Reconciliation,
    before: datetime,
) -> dict[str, list[FlowRun]]:
    """The runs of each open project all of whose runs have ended, as far as this list knows."""
    oldest = min(project.created_at for project in open_projects.values())
    since: Any = min(oldest, datetime.now(timezone.utc)) - how.since  # Prefect has a type of its own for times
    start = FlowRunFilterExpectedStartTime(after_=since)
    identify = _Identities(client, open_projects.values(), how)
    found: dict[str, list[FlowRun]] = {}
    for run in _runs(prefect, FlowRunFilter(expected_start_time=start)):
        if (name := at_path(run.parameters or {}, how.parameter)) and (project_id := identify(name)):
            found.setdefault(project_id, []).append(run)
    return {project_id: runs for project_id, runs in found.items() if _is_over(runs, counts, before)}


def _silent(
    client: Client, ended: dict[str, list[FlowRun]], open_projects: dict[str, Project], how: Reconciliation
) -> dict[str, list[FlowRun]]:
    """Without those whose lease is renewed meanwhile, which are left to their flow."""
    quiet = {project_id for project_id in ended if open_projects[project_id].status == "processing"}
    beating: set[str] = set()
    end = time.monotonic() + how.watch.total_seconds()
    while quiet:
        for project_id in sorted(quiet):
            was, now = open_projects[project_id].deadline, client.get_status(project_id).deadline
            # An attached lease that lost its connection has an earlier one.
            if was is not None and now is not None and now > was:
                logger.info("project %s: left to its flow, which beats", project_id)
                beating.add(project_id)
        quiet -= beating
        left = end - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(left, 0.5))
    return {project_id: runs for project_id, runs in ended.items() if project_id not in beating}


class _Identities:
    """Which open project a text names, by what the daemon says: an id can be written in more than one way."""

    def __init__(self, client: Client, projects: Iterable[Project], how: Reconciliation) -> None:
        self._client = client
        self._external = how.external
        names = {project.external_id if how.external else project.project_id: project for project in projects}
        self._known = {name: project.project_id for name, project in names.items() if name}
        self._alike = {name.casefold() for name in self._known}
        self._asked: dict[str, str | None] = {}

    def __call__(self, name: str) -> str | None:
        """The project's id, or None."""
        if name in self._known or name.casefold() not in self._alike:
            return self._known.get(name)
        if name not in self._asked:
            try:
                self._asked[name] = _project(self._client, name, external=self._external).project_id
            except (ProjectNotFound, InvalidParams):
                self._asked[name] = None
        return self._asked[name]


def _project(client: Client, name: str, *, external: bool) -> Project:
    return client.get_status(external_id=name) if external else client.get_status(name)


def _mentions(value: object, project: Project) -> bool:
    """Whether either of the project's ids is anywhere in the parameters, whatever their names: then it is worked on."""
    return mentions(value, project.project_id, project.external_id)


def _unfinished() -> FlowRunFilter:
    types = [kind for kind in StateType if kind not in TERMINAL_STATES]
    return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)))


def _runs(prefect: SyncPrefectClient, which: FlowRunFilter) -> list[FlowRun]:
    """All runs of a filter.

    Each page begins with the last one of the page before. Should it not, as rows have gone meanwhile and the others
    moved up, the pages go back until it does.
    """
    found: dict[UUID, FlowRun] = {}
    offset, last = 0, None
    while True:
        page = prefect.read_flow_runs(flow_run_filter=which, sort=FlowRunSort.ID_DESC, limit=PAGE, offset=offset)
        if offset and last is not None and (not page or page[0].id < last):
            offset = max(0, offset - PAGE // 2)
            continue
        found.update((run.id, run) for run in page)
        if len(page) < PAGE:
            return list(found.values())
        last = page[-1].id
        offset += len(page) - 1


def _again(prefect: SyncPrefectClient, runs: list[FlowRun]) -> list[FlowRun]:
    """The same runs as they are now."""
    ids = [run.id for run in runs]
    chunks = [ids[start : start + PAGE // 2] for start in range(0, len(ids), PAGE // 2)]
    return [run for chunk in chunks for run in _runs(prefect, FlowRunFilter(id=FlowRunFilterId(any_=chunk)))]


def _counts(prefect: SyncPrefectClient, how: Reconciliation) -> Callable[[FlowRun], bool]:
    """Whose end may be that of the project: the named flows'."""
    named = FlowFilter(name=FlowFilterName(any_=list(how.flows)))
    flows = {flow.id for flow in prefect.read_flows(flow_filter=named)} if how.flows else None
    return lambda run: flows is None or run.flow_id in flows


class _Ancestors:
    """The runs that called a run or had it started. The topmost that names the project has its verdict."""

    def __init__(self, prefect: SyncPrefectClient, counts: Callable[[FlowRun], bool]) -> None:
        self._prefect = prefect
        self._counts = counts
        self._callers: dict[UUID, FlowRun | None] = {}

    def has_none(self, run: FlowRun, project: Project) -> bool:
        """Whether no run above it, of a flow that counts, names the project, by whichever parameter.

        One that only has it in a list is that of a batch, whose end says nothing of a single project.
        """
        above: FlowRun | None = run
        while above is not None and (task_run := above.parent_task_run_id) is not None:
            above = self._caller(task_run)
            # One that cannot be read has been deleted: whose verdict it is cannot be told.
            if above is None or (self._counts(above) and self._names(above, project)):
                return False
        return True

    @staticmethod
    def _names(run: FlowRun, project: Project) -> bool:
        return mentions(run.parameters, project.project_id, project.external_id, in_lists=False)

    def _caller(self, task_run_id: UUID) -> FlowRun | None:
        if task_run_id not in self._callers:
            which = TaskRunFilter(id=TaskRunFilterId(any_=[task_run_id]))
            ids = [run.flow_run_id for run in self._prefect.read_task_runs(task_run_filter=which) if run.flow_run_id]
            runs = _runs(self._prefect, FlowRunFilter(id=FlowRunFilterId(any_=ids))) if ids else []
            self._callers[task_run_id] = runs[0] if runs else None
        return self._callers[task_run_id]


def _is_over(runs: list[FlowRun], counts: Callable[[FlowRun], bool], before: datetime) -> bool:
    ended = all(run.state is not None and run.state.is_final() and run.state.timestamp <= before for run in runs)
    return ended and any(counts(run) for run in runs)


def _report(client: Client, project: Project, judges: list[FlowRun]) -> int:
    states = [run.state for run in judges if run.state is not None]
    last = max(states, key=lambda state: (state.is_completed(), state.timestamp))
    verdict = verdict_of(last)
    try:
        report(client, ProjectKey(project.project_id, None), verdict, client.timeout)
    except TerminalState:
        return 0  # it ended while this was at work
    logger.info("project %s: %s, as Prefect's run is %s", project.project_id, verdict.status, last.name)
    return 1


def _end_zombie(
    client: Client,
    prefect: SyncPrefectClient,
    name: str,
    run: FlowRun,
    how: Reconciliation,
    before: datetime,
    ancestors: _Ancestors,
) -> int:
    try:
        project = _project(client, name, external=how.external)
    except (ProjectNotFound, InvalidParams):
        return 0  # another daemon's, or no project's id at all
    if project.finished_at is None or project.finished_at > before or not ancestors.has_none(run, project):
        return 0
    message = f"Nothing was heard of it: its project is {project.status} ({project.error_code or 'no error'})."
    prefect.set_flow_run_state(run.id, Crashed(message=message), force=True)
    logger.info("run %s: crashed, as project %s is %s", run.name, name, project.status)
    return 1
