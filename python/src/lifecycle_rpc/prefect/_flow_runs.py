"""The flow runs that Prefect's API knows, as the reconciler asks for them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING
from uuid import UUID

from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterId,
)
from prefect.client.schemas.objects import TERMINAL_STATES, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Crashed, Failed

from ._mentions import mentions

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

    from ..models import Project

PAGE = 200


def read_runs(prefect: SyncPrefectClient, which: FlowRunFilter) -> list[FlowRun]:
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


def read_again(prefect: SyncPrefectClient, runs: list[FlowRun]) -> list[FlowRun]:
    """The same runs as they are now."""
    ids = [run.id for run in runs]
    chunks = [ids[start : start + PAGE // 2] for start in range(0, len(ids), PAGE // 2)]
    return [run for chunk in chunks for run in read_runs(prefect, FlowRunFilter(id=FlowRunFilterId(any_=chunk)))]


def unfinished() -> FlowRunFilter:
    """Those that have not ended."""
    types = [kind for kind in StateType if kind not in TERMINAL_STATES]
    return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=types)))


def counting(prefect: SyncPrefectClient, names: Collection[str]) -> Callable[[FlowRun], bool]:
    """Whose end may be that of the project: the named flows', or all."""
    named = FlowFilter(name=FlowFilterName(any_=list(names)))
    flows = {flow.id for flow in prefect.read_flows(flow_filter=named)} if names else None
    return lambda run: flows is None or run.flow_id in flows


class Ancestors:
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

    def give_up(self, runs: list[FlowRun]) -> list[FlowRun]:
        """The runs; those that flows have called which have ended since have ended, too, whatever Prefect says of them.

        It leaves those as they are that never began, as what they waited for has failed (`NotReady`), and those whose
        caller was suspended with them and has failed when it was resumed. (Whoever lives all the same beats.)
        """
        for run in runs:
            state = run.state
            if state is None or state.is_final() or run.parent_task_run_id is None or run.deployment_id is not None:
                continue
            caller = self._caller(run.parent_task_run_id)
            if caller is not None and caller.state is not None and caller.state.is_final():
                began = state.name != "NotReady"
                words = f"{'' if began else 'It never began, and '}the flow around it has ended. {state.name}"
                message = f"{words}: {state.message}" if state.message else words
                run.state = (Crashed if began else Failed)(message=message, timestamp=caller.state.timestamp)
        return runs

    @staticmethod
    def _names(run: FlowRun, project: Project) -> bool:
        return mentions(run.parameters, project.project_id, project.external_id, in_lists=False)

    def _caller(self, task_run_id: UUID) -> FlowRun | None:
        if task_run_id not in self._callers:
            which = TaskRunFilter(id=TaskRunFilterId(any_=[task_run_id]))
            ids = [run.flow_run_id for run in self._prefect.read_task_runs(task_run_filter=which) if run.flow_run_id]
            runs = read_runs(self._prefect, FlowRunFilter(id=FlowRunFilterId(any_=ids))) if ids else []
            self._callers[task_run_id] = runs[0] if runs else None
        return self._callers[task_run_id]
