"""Which run of a project judges it where runs call others; as the reconciler sees it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from prefect.states import Cancelled, Completed, Crashed, Failed, Running

from lifecycle_rpc import Client
from prefect_api import Prefect, once, run_of


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
