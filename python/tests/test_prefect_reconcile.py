"""Which runs the reconciler reports; with a real daemon, and a Prefect that says what each test needs."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prefect.states import Cancelled, Completed, Crashed, Failed, Running, Scheduled

from harness import eventually
from lifecycle_rpc import Client
from lifecycle_rpc.prefect._reconcile import PAGE, Reconciled, Reconciliation, reconcile


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
        expected_start_time=datetime.now(timezone.utc) - timedelta(seconds=began or ago),
    )


def once(client: Client, prefect: Any, **how: Any) -> Reconciled:
    return reconcile(client, prefect, Reconciliation(**{"watch": timedelta(0), **how}))


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [
        (Completed(), "completed", None),
        (Failed(), "failed", "pipelineFailed"),
        (Crashed(), "failed", "crashed"),
        (Cancelled(), "failed", "cancelled"),
    ],
)
def test_a_run_that_ended_without_a_report_is_reported_once(
    state: Any, status: str, code: str | None, client: Client, project: str
) -> None:
    prefect = Prefect(run_of(project, state))
    assert once(client, prefect).reported == 1
    assert once(client, prefect) == Reconciled(open=0)
    found = client.get_status(project)
    assert (found.status, found.error_code) == (status, code)


def test_what_is_under_way_or_has_only_just_ended_is_left_alone(client: Client, project: str) -> None:
    ended = run_of(project, Failed())
    others: list[Any] = [Running(), Scheduled()]
    for other in others:
        assert once(client, Prefect(ended, run_of(project, other))).reported == 0
        assert once(client, Prefect(ended, run_of(project, other, parent=uuid4()))).reported == 0, "its child works on"
        helper = run_of(project, other, flow="helper")
        assert once(client, Prefect(ended, helper), flows=("render",)).reported == 0
    assert once(client, Prefect(run_of(project, Failed(), ago=5))).reported == 0
    assert once(client, Prefect(run_of(project, Failed(), parent=uuid4()))).reported == 0
    assert once(client, Prefect(run_of("another project", Failed()))).reported == 0
    assert client.get_status(project).status == "pending"


def test_of_many_runs_one_that_completed_counts_or_else_the_last(client: Client, project: str) -> None:
    second = client.create_project("ada", 1).project.project_id
    runs = [
        run_of(project, Crashed(), ago=60),
        run_of(project, Completed(), ago=90),
        run_of(second, Failed(), ago=90),
        run_of(second, Cancelled(), ago=60),
    ]
    others = [run_of(f"other {number}", Completed()) for number in range(PAGE)]
    assert once(client, Prefect(*others, *runs)).reported == 2
    assert client.get_status(project).status == "completed"
    assert client.get_status(second).error_code == "cancelled"


def test_only_the_flows_that_are_named_judge_a_project(client: Client, project: str) -> None:
    thumbnail = run_of(project, Completed(), flow="thumbnail")
    assert once(client, Prefect(thumbnail), flows=("render", "upscale")).reported == 0
    assert once(client, Prefect(thumbnail, run_of(project, Failed())), flows=("render", "upscale")).reported == 1
    assert client.get_status(project).status == "failed"
    zombies = Prefect(run_of(project, Running(), flow="cleanup"), run_of(project, Running(), parent=uuid4()))
    how: dict[str, Any] = {"end_zombies": True, "settle": timedelta(0)}
    assert once(client, zombies, flows=("render",), **how).zombies == 0


def test_zombies_end_with_their_projects_when_asked_for(client: Client, project: str) -> None:
    client.update_status("failed", project)
    zombie = run_of(project, Running(), ago=600)
    prefect = Prefect(zombie, run_of("no project's id", Running()), run_of(str(uuid4()), Running()))
    assert once(client, prefect, settle=timedelta(0)).zombies == 0
    assert once(client, prefect, end_zombies=True, flows=("render",)).zombies == 0, "it has only just ended"
    assert once(client, prefect, end_zombies=True, flows=("render",), settle=timedelta(0)).zombies == 1
    assert prefect.set == {zombie.id: "Crashed"}


def test_projects_can_be_named_by_the_upstreams_id(client: Client, project: str) -> None:
    client.update_status("processing", project, external_id="sda-1")
    assert once(client, Prefect(run_of("sda-1", Failed())), external=True).reported == 1
    assert client.get_status(project).ended


def test_a_run_that_began_long_ago_is_under_way(client: Client, project: str) -> None:
    days_old = run_of(project, Running(), began=49 * 3600)
    assert once(client, Prefect(run_of(project, Failed()), days_old)).reported == 0
    assert once(client, Prefect(run_of(project, Failed()), days_old), since=timedelta(seconds=90)).reported == 0
    assert client.get_status(project).status == "pending"


def test_a_completed_run_of_long_ago_counts(client: Client, project: str) -> None:
    runs = [run_of(project, Failed()), run_of(project, Completed(), ago=90, began=80)]
    assert once(client, Prefect(*runs), since=timedelta(seconds=85)).reported == 1
    assert client.get_status(project).status == "completed"


def test_rows_that_move_up_between_pages_are_not_left_out(client: Client, project: str) -> None:
    """As when runs are deleted. Page by page with offsets alone, the one that is under way would be skipped."""

    class Shrinking(Prefect):
        def after_page(self) -> None:
            newest = sorted(
                (run for run in self.runs if run.id != live.id and run is not ended), key=lambda run: run.id
            )
            for run in newest[-30:]:
                self.runs.remove(run)

    for _ in range(5):
        ended, live = run_of(project, Failed()), run_of(project, Running())
        others = [run_of(f"other {number}", Running()) for number in range(3 * PAGE)]
        ids = sorted(run.id for run in [*others, live])
        for run, run_id in zip([*others, live], [*ids[: -PAGE - 1], *ids[-PAGE:], ids[-PAGE - 1]], strict=True):
            run.id = run_id
        assert once(client, Shrinking(ended, live, *others)).reported == 0
    assert client.get_status(project).status == "pending"


def test_a_run_that_is_begun_again_meanwhile_is_left_alone(client: Client, project: str) -> None:
    ended = run_of(project, Failed())

    class Retried(Prefect):
        pages = 0

        def after_page(self) -> None:
            self.pages += 1
            if self.pages == 2:
                again = run_of(project, Scheduled())
                ended.state = again.state

    assert once(client, Retried(ended)).reported == 0


@pytest.mark.parametrize("way", ["upper case", "the upstream's id", "within a list"])
def test_a_project_is_what_the_daemon_says_however_it_is_named(way: str, client: Client, project: str) -> None:
    client.update_status("processing", project, external_id="sda-1")
    live = run_of(project.upper(), Running())
    if way != "upper case":
        live = run_of("sda-1", Running(), parameter="sda")
    if way == "within a list":
        live.parameters = {"jobs": [{"id": "sda-1"}]}
    assert once(client, Prefect(run_of(project, Failed()), live)).reported == 0
    assert once(client, Prefect(run_of(project.upper(), Failed()))).reported == 1


def test_zombies_are_of_the_flows_that_are_named() -> None:
    with pytest.raises(ValueError, match="helper"):
        Reconciliation(end_zombies=True)


def test_a_flow_that_beats_is_left_alone_though_its_run_was_set_to_crashed(client: Client, project: str) -> None:
    client.update_status("processing", project)
    prefect = Prefect(run_of(project, Crashed()))
    stopped = threading.Event()

    def beat() -> None:
        with Client(client.socket) as own:
            while not stopped.wait(0.05):
                own.heartbeat(project)

    flow = threading.Thread(target=beat)
    flow.start()
    try:
        assert once(client, prefect, watch=timedelta(seconds=60)).reported == 0
    finally:
        stopped.set()
        flow.join()
    assert client.get_status(project).status == "processing"
    # Its last beat shows up within a second; after that it is silent.
    eventually(lambda: once(client, prefect).reported == 1, "it is reported")
    assert client.get_status(project).error_code == "crashed"


@pytest.mark.parametrize("caller", ["of something else", "of a list of projects", "of something else, itself called"])
def test_a_child_is_the_judge_where_no_run_above_it_names_the_project(
    caller: str, client: Client, project: str
) -> None:
    batch = run_of("nightly", Running(), ago=0)
    if "list" in caller:
        batch.parameters = {"projects": [project]}
        batch.state = Completed()
    prefect = Prefect()
    if "itself" in caller:
        prefect.calls(run_of("yearly", Running(), ago=0), batch)
    child = prefect.calls(batch, run_of(project, Cancelled()))
    assert once(client, prefect, settle=timedelta(minutes=5)).reported == 0, "it has only just ended"
    assert once(client, prefect).reported == 1
    assert client.get_status(project).error_code == "cancelled"
    assert child.parent_task_run_id is not None


@pytest.mark.parametrize("above", ["by the parameter", "by another parameter", "two levels above", "deleted"])
def test_a_child_is_no_judge_under_a_run_that_names_the_project(above: str, client: Client, project: str) -> None:
    client.update_status("processing", project, external_id="sda-1")
    outer = run_of(project, Crashed())
    if above == "by another parameter":
        outer = run_of("", Crashed())
        outer.parameters = {"order": {"id": "sda-1"}}
    prefect = Prefect()
    child = run_of(project, Completed())
    if above == "two levels above":
        between = prefect.calls(outer, run_of("a step", Completed()))
        prefect.calls(between, child)
    elif above == "deleted":
        prefect.runs.append(child)
        child.parent_task_run_id = uuid4()
    else:
        prefect.calls(outer, child)
    names_it = above in ("by the parameter", "two levels above")
    assert once(client, prefect).reported == (1 if names_it else 0)
    found = client.get_status(project)
    assert (found.status, found.error_code) == (("failed", "crashed") if names_it else ("processing", None))


def test_a_child_of_a_flow_that_is_named_is_the_judge_under_one_that_is_not(client: Client, project: str) -> None:
    prefect = Prefect()
    prefect.calls(run_of(project, Failed(), flow="order"), run_of(project, Completed()))
    assert once(client, prefect, flows=("upscale",)).reported == 0
    assert once(client, prefect, flows=("render",)).reported == 1
    assert client.get_status(project).status == "completed"


def test_zombies_that_were_called_end_too(client: Client, project: str) -> None:
    client.update_status("failed", project)
    prefect = Prefect()
    child = prefect.calls(run_of("nightly", Running(), flow="nightly"), run_of(project, Running(), ago=600))
    assert once(client, prefect, end_zombies=True, flows=("render",), settle=timedelta(0)).zombies == 1
    assert prefect.set == {child.id: "Crashed"}
