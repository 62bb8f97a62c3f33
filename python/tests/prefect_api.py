"""Prefect's API without a server, for the reconciler."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from lifecycle_rpc import Client
from lifecycle_rpc.prefect._flow_runs import PAGE
from lifecycle_rpc.prefect._reconcile import Reconciled, Reconciliation, reconcile


class Prefect:
    """Runs, page by page, as Prefect's client gives them."""

    def __init__(self, *runs: Any) -> None:
        self.runs = list(runs)
        self.callers: dict[Any, Any] = {}
        self.set: dict[Any, str] = {}

    def read_flow_runs(self, *, flow_run_filter: Any, sort: Any, limit: int, offset: int) -> list[Any]:
        assert sort.name == "ID_DESC"
        assert limit <= PAGE
        found = sorted(
            (run for run in self.runs if matches(run, flow_run_filter)), key=lambda run: run.id, reverse=True
        )
        page = found[offset : offset + limit]
        self.after_page()
        return page

    def after_page(self) -> None:
        """What else happens meanwhile."""

    def read_flows(self, *, flow_filter: Any) -> list[Any]:
        return [SimpleNamespace(id=name) for name in flow_filter.name.any_]

    def read_task_runs(self, *, task_run_filter: Any) -> list[Any]:
        (task_run,) = task_run_filter.id.any_
        return [SimpleNamespace(flow_run_id=self.callers[task_run].id)] if task_run in self.callers else []

    def calls(self, caller: Any, child: Any) -> Any:
        """Have one run be called by another, as Prefect's API tells it."""
        child.parent_task_run_id = uuid4()
        self.callers[child.parent_task_run_id] = caller
        self.runs += [run for run in (caller, child) if run not in self.runs]
        return child

    def set_flow_run_state(self, flow_run_id: Any, state: Any, *, force: bool) -> None:
        assert force
        self.set[flow_run_id] = state.name


def matches(run: Any, which: Any) -> bool:
    if which.id is not None and run.id not in which.id.any_:
        return False
    if which.state is not None and run.state.type not in which.state.type.any_:
        return False
    return which.expected_start_time is None or run.expected_start_time >= which.expected_start_time.after_


def run_of(
    project: str,
    state: Any,
    ago: float = 60,
    parent: Any = None,
    flow: str = "render",
    began: float | None = None,
    parameter: str = "project_id",
) -> Any:
    state.timestamp = datetime.now(timezone.utc) - timedelta(seconds=ago)
    return SimpleNamespace(
        id=uuid4(),
        name="run",
        parameters={parameter: project},
        state=state,
        parent_task_run_id=parent,
        flow_id=flow,
        deployment_id=None,
        expected_start_time=datetime.now(timezone.utc) - timedelta(seconds=began or ago),
    )


def once(client: Client, prefect: Any, **how: Any) -> Reconciled:
    return reconcile(client, prefect, Reconciliation(**{"watch": timedelta(0), **how}))
