"""Which runs the reconciler reports; with a real daemon, and a Prefect that says what each test needs."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from prefect.states import Cancelled, Completed, Crashed, Failed, Paused, Pending, Running, Scheduled, Suspended

from harness import eventually
from lifecycle_rpc import Client
from lifecycle_rpc.prefect._flow_runs import PAGE
from lifecycle_rpc.prefect._reconcile import Reconciled, Reconciliation
from prefect_api import Prefect, once, run_of


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


def test_the_project_of_a_suspended_run_waits_when_nobody_has_said_so(client: Client, project: str) -> None:
    suspended = run_of(project, Suspended(timeout_seconds=3600))
    assert once(client, Prefect(suspended)) == Reconciled(open=1), "it has not begun"
    client.update_status("processing", project)
    assert once(client, Prefect(suspended, run_of(project, Running()))).paused == 0, "another run works for it"
    assert once(client, Prefect(suspended, run_of(project, Scheduled(), flow="helper")), flows=("render",)).paused == 0
    assert once(client, Prefect(run_of(project, Paused(timeout_seconds=3600)))).paused == 0, "that waits in its process"
    assert once(client, Prefect(suspended, run_of(project, Crashed()))) == Reconciled(open=1, paused=1)
    found = client.get_status(project)
    assert found.paused_until is not None
    assert once(client, Prefect(suspended)) == Reconciled(open=1), "it waits already"
    assert client.get_status(project) == found


def test_a_suspended_run_whose_project_shall_be_cancelled_does_not_wait(client: Client, project: str) -> None:
    client.update_status("processing", project)
    client.cancel_project(project)
    assert once(client, Prefect(run_of(project, Suspended()))).paused == 0
    assert client.get_status(project).error_code == "cancelled"


def test_a_suspended_run_ends_with_its_project_when_asked_for(client: Client, project: str) -> None:
    client.update_status("failed", project)
    suspended = run_of(project, Suspended(), ago=600)
    prefect = Prefect(suspended)
    assert once(client, prefect, end_zombies=True, flows=("render",), settle=timedelta(0)).zombies == 1
    assert prefect.set == {suspended.id: "Cancelled"}


@pytest.mark.parametrize("deployed", [True, False])
def test_a_called_run_ends_with_its_caller_unless_it_has_a_process_of_its_own(
    deployed: bool, client: Client, project: str
) -> None:
    client.update_status("processing", project)
    client.heartbeat(project, pause=3600)
    prefect = Prefect()
    called = prefect.calls(run_of("nightly", Failed()), run_of(project, Running()))
    called.deployment_id = uuid4() if deployed else None
    assert once(client, prefect).reported == (0 if deployed else 1)
    assert client.get_status(project).error_code == (None if deployed else "crashed")


@pytest.mark.parametrize("caller", [Running(), Failed()])
def test_a_run_that_never_began_ends_by_the_one_around_it(caller: Any, client: Client, project: str) -> None:
    prefect = Prefect()
    prefect.calls(run_of("nightly", caller), run_of(project, Pending(name="NotReady", message="no such model")))
    assert once(client, prefect).reported == (1 if caller.is_final() else 0)
    if caller.is_final():
        found = client.get_status(project)
        assert found.error_code == "pipelineFailed"
        assert "It never began" in (found.error_message or "")
