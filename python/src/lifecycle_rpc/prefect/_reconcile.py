"""What Prefect knows of runs whose end nobody reported.

Nobody reports a run that is cancelled before it starts, whose file is gone, or whose worker was killed before it ran a
hook. Prefect's API has their end; this compares it with the projects that are still open. It only says what is final
there, and the daemon only takes the first verdict: so it can run at any time, twice, and beside live flows.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterExpectedStartTime
from prefect.client.schemas.objects import State, StateType
from prefect.states import Crashed

from ..client import Client
from ..errors import RPCError, TerminalState
from ..models import Project
from ._deliver import report
from ._flow_runs import Ancestors, counting, read_again, read_runs, unfinished
from ._identify import ProjectKey, at_path
from ._lease import pause
from ._mentions import mentions
from ._open_projects import Identities, find_project, open_projects, that_beat
from ._suspended import is_suspended, pause_of
from ._verdict import Verdict, verdict_of

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

logger = logging.getLogger(__name__)


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
    paused: int = 0
    """Projects that wait now, as their runs are suspended and nobody had said so."""
    zombies: int = 0
    """Runs that are now Crashed in Prefect, too."""


def reconcile(client: Client, prefect: SyncPrefectClient, how: Reconciliation) -> Reconciled:
    """Compare once. Raises LifecycleError, and what Prefect's client does."""
    return _Comparison(client, prefect, how).run()


class _Comparison:
    """One of them."""

    def __init__(self, client: Client, prefect: SyncPrefectClient, how: Reconciliation) -> None:
        self.client, self.prefect, self.how = client, prefect, how
        self.projects = {project.project_id: project for project in open_projects(client)}
        self.counts = counting(prefect, how.flows)
        self.ancestors = Ancestors(prefect, self.counts)
        self.before = datetime.now(timezone.utc) - how.settle

    def run(self) -> Reconciled:
        result = Reconciled(open=len(self.projects))
        runs_of = self._runs_by_project() if self.projects else {}
        ended = [project_id for project_id, runs in runs_of.items() if self._are_over(runs)]
        waiting = [project_id for project_id, runs in runs_of.items() if self._wait(self.projects[project_id], runs)]
        candidates = [self.projects[project_id] for project_id in [*ended, *waiting]]
        beating = that_beat(self.client, candidates, self.how.watch)
        # Only now, and without a limit of time: a run can be under way for days, and none may be left out.
        needed = ended or waiting or self.how.end_zombies
        under_way = self.ancestors.give_up(read_runs(self.prefect, unfinished())) if needed else []
        for project in candidates:
            if project.project_id not in beating:
                self._settle(project, runs_of[project.project_id], under_way, result)
        if self.how.end_zombies:
            result.zombies = sum(self._end_zombie(run) for run in under_way)
        return result

    def _runs_by_project(self) -> dict[str, list[FlowRun]]:
        """The runs of each open project, as far as this list knows."""
        oldest = min(project.created_at for project in self.projects.values())
        since: Any = min(oldest, datetime.now(timezone.utc)) - self.how.since  # Prefect has a type of its own for times
        start = FlowRunFilterExpectedStartTime(after_=since)
        identify = Identities(self.client, self.projects.values(), external=self.how.external)
        found: dict[str, list[FlowRun]] = {}
        for run in self.ancestors.give_up(read_runs(self.prefect, FlowRunFilter(expected_start_time=start))):
            if (name := self._name(run)) and (project_id := identify(name)):
                found.setdefault(project_id, []).append(run)
        return found

    def _name(self, run: FlowRun) -> str | None:
        return at_path(run.parameters or {}, self.how.parameter)

    def _settle(self, project: Project, runs: list[FlowRun], under_way: list[FlowRun], result: Reconciled) -> None:
        """Say what became of a project whose flow is silent, if that still holds."""
        again = self.ancestors.give_up(read_again(self.prefect, runs))
        if len(again) < len(runs):
            return
        if self._are_over(again):
            living = [run for run in under_way if not _has_ended(run)]
            judges = [run for run in again if self.counts(run) and self.ancestors.has_none(run, project)]
            if judges and not any(_mentions(run, project) for run in living):
                result.reported += _report(self.client, project, judges)
        elif suspended := self._wait(project, again):
            working = [run for run in under_way if not _has_ended(run) and not _is_suspended(run)]
            if not any(_mentions(run, project) for run in working):
                result.paused += _pause(self.client, project, suspended)

    def _are_over(self, runs: list[FlowRun]) -> bool:
        ended = all(_has_ended(run) and run.state is not None and run.state.timestamp <= self.before for run in runs)
        return ended and any(self.counts(run) for run in runs)

    def _wait(self, project: Project, runs: list[FlowRun]) -> list[FlowRun]:
        """The suspended runs of a project of which nobody has said that it waits, where no other run works for it."""
        if project.status != "processing" or project.paused_until is not None:
            return []
        if not all(_has_ended(run) or _is_suspended(run) for run in runs):
            return []
        suspended = [run for run in runs if _is_suspended(run) and self.counts(run)]
        return [run for run in suspended if self.ancestors.has_none(run, project)]

    def _end_zombie(self, run: FlowRun) -> int:
        """Have a run end whose project has. Gives 1 if it did."""
        name, state = self._name(run), run.state
        if not name or not self.counts(run) or state is None or not (state.is_running() or is_suspended(state)):
            return 0
        project = find_project(self.client, name, external=self.how.external)
        if project is None or project.finished_at is None or project.finished_at > self.before:
            return 0
        if not self.ancestors.has_none(run, project):
            return 0
        verdict = f"{project.status} ({project.error_code or 'no error'})"
        message = f"Nothing was heard of it: its project is {verdict}."
        ended: State[Any] = Crashed(message=message)
        if is_suspended(state):
            # The type Cancelled would be handed down to its children.
            message = f"To resume it would be in vain: its project is {verdict}."
            ended = State(type=StateType.CRASHED, name="Cancelled", message=message)
        self.prefect.set_flow_run_state(run.id, ended, force=True)
        logger.info("run %s: %s, as project %s is %s", run.name, ended.name, name, project.status)
        return 1


def _has_ended(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_final()


def _is_suspended(run: FlowRun) -> bool:
    return run.state is not None and is_suspended(run.state)


def _mentions(run: FlowRun, project: Project) -> bool:
    """Whether either of the project's ids is anywhere in the parameters, whatever their names: then it is worked on."""
    return mentions(run.parameters, project.project_id, project.external_id)


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


def _pause(client: Client, project: Project, suspended: list[FlowRun]) -> int:
    key, seconds = ProjectKey(project.project_id, None), max(pause_of(run.state) for run in suspended if run.state)
    try:
        beat = pause(client, key, seconds, client.timeout)
        if beat.cancel_requested:
            words = "the app cancelled its project, and its run is suspended"
            report(client, key, Verdict("failed", "cancelled", words), client.timeout)
    except RPCError as error:
        logger.info("project %s: not paused: %s", project.project_id, error)
        return 0
    logger.info("project %s: paused until %s, as its run is suspended", project.project_id, beat.paused_until)
    return int(beat.paused_until is not None)
