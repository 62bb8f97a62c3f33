"""Processes that hold more than one project, or live on after a run.

python shared.py HOW PROJECT PROJECT
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from flows import LAB, QUICK, asynchronous, begin, body, wait, work  # type: ignore[import-not-found]
from prefect import flow, task
from prefect.exceptions import Abort
from prefect.states import Cancelled, Paused, Scheduled
from prefect.task_runners import ProcessPoolTaskRunner
from pydantic import BaseModel, Field, SecretStr

from lifecycle_rpc.prefect import FlowRefused, FlowStopped, progress, tracked_flow


def note(project_id: str, word: str) -> None:
    (LAB / f"{project_id}.{word}").touch()


def asks(project_id: str) -> None:
    """As an application calls a flow: a user's project that is stopped is no reason to stop the others'."""
    try:
        work(project_id, "asks")
    except FlowStopped:
        note(project_id, "stopped")


def one_after_the_other(*projects: str) -> None:
    for project in projects:
        asks(project)


def in_threads(*projects: str) -> None:
    threads = [threading.Thread(target=asks, args=[project]) for project in projects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def forked(*projects: str) -> None:
    pooled("fork", projects)


def spawned(*projects: str) -> None:
    pooled("spawn", projects)


def pooled(how: str, projects: tuple[str, ...]) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(how)) as pool:
        list(pool.map(asks, projects))


@task
def asking_task(project_id: str) -> None:
    asks(project_id)


TWO_PROCESSES: Any = ProcessPoolTaskRunner(max_workers=2)


@flow(task_runner=TWO_PROCESSES)
def in_prefects_pool(projects: list[str]) -> None:
    for future in [asking_task.submit(project) for project in projects]:
        future.result()


def prefects_pool(*projects: str) -> None:
    in_prefects_pool(list(projects))


async def awaits(project_id: str) -> None:
    try:
        await asynchronous(project_id, "waits")
    except FlowStopped:
        note(project_id, "stopped")


def coroutines(*projects: str) -> None:
    async def neighbour() -> None:
        while not (LAB / f"{projects[-1]}.go").exists():
            await asyncio.sleep(0.05)

    async def main() -> None:
        await asyncio.gather(*map(awaits, projects), neighbour())

    asyncio.run(main())
    note(projects[-1], "neighbour")


def beside_a_hook(project: str) -> None:
    """Another coroutine of the process says again and again that it lives."""

    async def neighbour(end: asyncio.Event) -> None:
        while not end.is_set():
            with (LAB / f"{project}.ticks").open("a") as file:
                file.write("tick\n")
            await asyncio.sleep(0.02)

    async def main() -> None:
        end = asyncio.Event()
        beside = asyncio.create_task(neighbour(end))
        await asynchronous(project, "waits")
        end.set()
        await beside

    asyncio.run(main())


def web(*projects: str) -> None:
    app = FastAPI()

    @app.post("/{project_id}")
    async def render(project_id: str) -> Response:
        try:
            await asynchronous(project_id, "waits")
        except FlowStopped:
            return Response(status_code=409)
        return Response("done")

    uvicorn.run(app, uds=str(LAB / f"{projects[0]}.web"), log_level="warning")


def within(*projects: str) -> None:
    """One user's project is worked on by a flow that a flow of another's calls."""
    ours, theirs = projects

    @tracked_flow(**QUICK)
    async def outside(project_id: str) -> None:
        begin(project_id)
        progress(0.1)
        await awaits(theirs)
        while True:
            await asyncio.sleep(0.05)

    async def main() -> None:
        try:
            await outside(ours)
        except FlowStopped:
            note(ours, "stopped")

    asyncio.run(main())


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


def own_retries(project: str) -> None:
    tries_twice(project)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
