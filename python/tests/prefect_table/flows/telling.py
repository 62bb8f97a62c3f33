"""Flows that say how far they are from wherever they work, several projects in a process.

python telling.py HOW PROJECT PROJECT
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time

from flows import LAB, QUICK, begin  # type: ignore[import-not-found]
from prefect import flow, task

from lifecycle_rpc.prefect import in_this_flow, progress, tracked_flow


def say_until(project_id: str, where: str) -> None:
    """Progress, and nothing else, until the scenario has heard of it."""
    while not (LAB / f"{project_id}.{where}").exists():
        progress(0.5, f"in {where}")
        time.sleep(0.05)


@flow
def step(project_id: str) -> None:
    say_until(project_id, "a subflow")


@task
def task_of(project_id: str) -> None:
    say_until(project_id, "a task")


@tracked_flow(**QUICK, stall_timeout=1)
def deep(project_id: str) -> None:
    begin(project_id)
    step(project_id)
    task_of.submit(project_id).result()
    carried = threading.Thread(target=in_this_flow(say_until), args=[project_id, "a thread"])
    carried.start()
    carried.join()
    bare = threading.Thread(target=say_until, args=[project_id, "a bare thread"])
    bare.start()
    bare.join()


def side_by_side(*projects: str) -> None:
    """One process, as many projects."""
    threads = [threading.Thread(target=deep, args=[project]) for project in projects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@tracked_flow(**QUICK, stall_timeout=1)
async def deep_async(project_id: str) -> None:
    begin(project_id)
    await asyncio.to_thread(step, project_id)
    await asyncio.to_thread(task_of, project_id)
    await asyncio.to_thread(say_until, project_id, "a thread")
    await asyncio.get_running_loop().run_in_executor(None, say_until, project_id, "a bare thread")


def side_by_side_async(*projects: str) -> None:
    """One event loop, as many projects."""

    async def gather() -> None:
        await asyncio.gather(*(deep_async(project) for project in projects))

    asyncio.run(gather())


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
