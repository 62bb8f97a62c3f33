"""Processes that hold more than one project.

python shared.py HOW PROJECT PROJECT
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from flows import LAB, QUICK, asynchronous, begin, note, work  # type: ignore[import-not-found]
from prefect import flow, task
from prefect.task_runners import ProcessPoolTaskRunner

from lifecycle_rpc.prefect import FlowStopped, progress, tracked_flow


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


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
