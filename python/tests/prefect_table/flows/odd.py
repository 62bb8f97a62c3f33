"""Runs that end in odd ways, and odd names of projects. Their process lives on, or holds another user's project.

python odd.py HOW … PROJECT
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Any

from flows import QUICK, begin, beside_another, body, note, wait, work  # type: ignore[import-not-found]
from prefect import flow, task
from prefect.exceptions import Abort
from prefect.states import Cancelled, Paused, Scheduled
from pydantic import BaseModel, Field, SecretStr

from lifecycle_rpc.prefect import FlowRefused, lifecycle_hooks, tracked_flow


@tracked_flow(**QUICK)
def odd(project_id: str, case: str) -> Any:
    begin(project_id)
    if case == "Cancelled":
        return Cancelled(message="by itself")
    if case == "Paused":
        return Paused(timeout_seconds=600)
    if case == "Scheduled":
        return Scheduled()
    if case == "Abort":
        raise Abort("by itself")
    return None


def silent(flow: Any, flow_run: Any, state: Any) -> None: ...


@tracked_flow(**QUICK)
async def yielding(project_id: str) -> Any:
    begin(project_id)
    for number in range(1000):
        yield number


@tracked_flow(**QUICK)
def counting(project_id: str) -> Any:
    begin(project_id)
    yield from range(1000)


HELD: list[Any] = []


def held_open(project: str) -> None:
    """Who calls a generator may hold it until the process exits."""
    HELD.append(counting(project))
    assert next(HELD[0]) == 0
    note(project, "held")
    wait(project)


def held_around(project: str, other: str) -> None:
    """To Prefect, a flow that is called meanwhile is within it."""
    values: Any = counting(project)
    assert next(values) == 0
    work(other, "waits")
    values.close()


def lives_on(case: str, project: str) -> None:
    """A run ends without a hook of ours, and the process does not. Then it is run again, where that is sensible."""
    if case == "replaced hooks":
        odd.with_options(on_completion=[silent])(project, "returns")
    elif case == "generator":
        values: Any = yielding

        async def take_one() -> None:
            async for _ in values(project):
                break

        asyncio.run(take_one())
    else:
        with suppress(Abort):
            odd(project, case, return_state=True)
    if case in ("Paused", "Scheduled"):
        odd(project, "returns")
    wait(project)


def odd_once(project: str, case: str) -> None:
    odd(project, case, return_state=True)


class Job(BaseModel):
    project: str = Field(alias="projectId")


class Secret(BaseModel):
    key: SecretStr


@task
def named(project_id: str) -> str:
    return project_id


@tracked_flow(**QUICK, project_id="job.project")
def aliased(job: Job) -> None:
    body(job.project, "returns")


@tracked_flow(**QUICK, project_id="jobs.0.project")
def listed(jobs: list[Job]) -> None:
    body(jobs[0].project, "returns")


@tracked_flow(**QUICK, project_id="secret.key")
def hidden(secret: Secret) -> None:
    body(secret.key.get_secret_value(), "returns")


@flow
def awaiting_its_name(project: str) -> None:
    work(named.submit(project), "returns")


@tracked_flow(**QUICK)
def nameless(project_id: str | None = None, other: str | None = None) -> None:
    begin(str(project_id or other))


@tracked_flow(**QUICK)
def calls_nameless(project_id: str) -> None:
    begin(project_id)
    try:
        nameless(other=project_id + "-inner")
    except FlowRefused:
        note(project_id, "refused")


def identifies(case: str, project: str) -> None:
    if case == "alias":
        aliased(Job(projectId=project))
    if case == "list":
        listed([Job(projectId=project)])
    if case == "secret":
        hidden(Secret(key=SecretStr(project)))
    if case == "future":
        awaiting_its_name(project)
    if case == "none":
        try:
            nameless(other=project)
        except FlowRefused:
            note(project, "refused")
    if case == "none within":
        calls_nameless(project)


class Renderer:
    @tracked_flow(**QUICK)
    @classmethod
    def render(cls, project_id: str) -> None:
        assert cls is Renderer
        body(project_id, "returns")


def of_class(project: str) -> None:
    render: Any = Renderer.render
    render(project)


@tracked_flow(**QUICK)
def impatient(project_id: str) -> None:
    begin(project_id)
    raise TimeoutError("a socket's")


def others_timeout(project: str) -> None:
    impatient(project)


@task
def fails() -> None:
    raise ValueError("no such model")


@tracked_flow(**QUICK, strict_results=True)
def strict(project_id: str) -> Any:
    begin(project_id)
    return {"video": fails.submit(), "preview": "preview.png"}


def failed_within(project: str) -> None:
    strict(project)


@flow
def tries_twice(project_id: str) -> None:
    """An author's own retries. The first failure has given the credits back: the second one has nobody to work for."""
    for _ in range(2):
        try:
            work(project_id, "raises")
        except FlowRefused:
            note(project_id, "refused")
        except ValueError:
            note(project_id, "failed")


@flow
def fails_before(project: str) -> None:
    """What its tracked flow waits for fails. Prefect never begins that flow's run, and calls no hook of it."""
    with suppress(Exception):
        work(project, "returns", wait_for=[fails.submit()])
    note(project, "called")
    wait(project)


def not_ready(project: str) -> None:
    fails_before(project)
    wait(project + "-exit")


def not_ready_at_exit(project: str) -> None:
    fails_before(project)


@flow(**lifecycle_hooks(beat=0.5, start_budget=30))
def plain(project_id: str) -> None:
    begin(project_id)


@flow
def fails_before_plain(projects: list[str]) -> None:
    made: Any = plain
    with suppress(Exception):
        made(projects[0], wait_for=[fails.submit()])


def not_ready_plain(project: str) -> None:
    fails_before_plain([project])


def own_retries(project: str) -> None:
    tries_twice(project)


if __name__ == "__main__":
    with beside_another():
        globals()[sys.argv[1]](*sys.argv[2:])
