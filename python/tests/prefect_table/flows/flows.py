"""The flows of the table. Nothing else is in this folder, since a process worker copies it for each run.

python flows.py FLOW PROJECT CASE
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.deployments import run_deployment
from prefect.states import Cancelled

from lifecycle_rpc.prefect import in_this_flow, lifecycle_hooks, progress, tracked_flow

LAB = Path(os.environ["LIFECYCLE_TABLE"])
# A busy machine gets its time to start in; what is measured is what comes after.
QUICK = {
    "beat": 0.5,
    "start_budget": float(os.environ.get("LIFECYCLE_TABLE_START", "30")),
    "report_budget": float(os.environ.get("LIFECYCLE_TABLE_BUDGET", "10")),
    "cancel_grace": float(os.environ.get("LIFECYCLE_TABLE_GRACE", "30")),
}


def begin(project_id: str) -> int:
    """Note that the body runs. Gives how often it has."""
    with (LAB / f"{project_id}.body").open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len((LAB / f"{project_id}.body").read_text().split())


def wait(project_id: str, what: str = "go") -> None:
    """Until the scenario says so."""
    while not (LAB / f"{project_id}.{what}").exists():
        time.sleep(0.05)


@task
def failing_task() -> None:
    raise ValueError("no such model")


@task
def short_task() -> None:
    time.sleep(0.05)


def body(project_id: str, case: str) -> Any:
    count = begin(project_id)
    progress(0.1, case)
    if case == "raises":
        raise ValueError("GPU out of memory")
    if case == "task fails":
        failing_task()
    if case == "waits":
        wait(project_id)
    if case == "exits":
        os._exit(0)
    if case == "third time" and count < 3:
        raise RuntimeError(f"attempt {count}")
    if case == "swallows":
        while not (LAB / f"{project_id}.go").exists():
            try:
                wait(project_id)
            except BaseException:
                (LAB / f"{project_id}.swallowed").touch()
    while case == "asks" and not (LAB / f"{project_id}.go").exists():
        progress(0.5)
        time.sleep(0.05)
    while case == "calls tasks" and not (LAB / f"{project_id}.go").exists():
        short_task()
    if case == "stalls":
        wait(project_id)  # without a word more
    if case.startswith("child "):
        deployment, other = case.split()[1:]
        start_child(deployment, other)
        raise ValueError("its child lives on")
    if case == "Cancelled":
        return Cancelled(message="by itself")
    if case.startswith("around "):  # another user's project
        work(case.removeprefix("around "), "waits")
        wait(project_id)
    return None


def start_child(deployment: str, project_id: str, delay: float = 0) -> None:
    """Have another deployment's run begin, and go on."""
    run_deployment(
        f"work/{deployment}",
        parameters={"project_id": project_id, "case": "waits"},
        scheduled_time=datetime.now(timezone.utc) + timedelta(seconds=delay),
        timeout=0,
    )


@flow
def batch(deployment: str, projects: list[str]) -> None:
    for project in projects:
        start_child(deployment, project, delay=3600)


@tracked_flow(**QUICK)
def work(project_id: str, case: str) -> Any:
    return body(project_id, case)


@tracked_flow(**QUICK, name="work")
def by_default(project_id: str = os.environ.get("LIFECYCLE_TABLE_DEFAULT", ""), case: str = "returns") -> None:
    body(project_id, case)


@tracked_flow(**{**QUICK, "cancel_grace": 2})
def short_grace(project_id: str, case: str) -> None:
    body(project_id, case)


@tracked_flow(**QUICK, retries=2)
def retried(project_id: str, case: str) -> None:
    body(project_id, case)


@tracked_flow(**QUICK, timeout_seconds=1)
def timed(project_id: str, case: str) -> None:
    body(project_id, case)


@tracked_flow(**QUICK)
async def asynchronous(project_id: str, case: str) -> None:
    body(project_id, "raises" if case == "raises" else "returns")
    while not (LAB / f"{project_id}.go").exists():
        await asyncio.sleep(0.05)


@tracked_flow(**QUICK, stall_timeout=1)
def watched(project_id: str, case: str) -> None:
    body(project_id, case)


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


@tracked_flow(**QUICK)
def outer(project_id: str, case: str) -> None:
    # Each fails or completes by itself, and neither is the project's verdict.
    work(project_id, "returns")
    state: Any = work(project_id, "raises", return_state=True)
    assert state.is_failed()
    body(project_id, case)


def raising(flow: Any, flow_run: Any, state: Any) -> None:
    raise RuntimeError("a hook of the author's own")


def exiting(flow: Any, flow_run: Any, state: Any) -> None:
    raise SystemExit(1)


@tracked_flow(**QUICK, on_running=[raising], on_completion=[raising])
def with_raising_hooks(project_id: str, case: str) -> None:
    body(project_id, case)


HOOKS = lifecycle_hooks(beat=0.5, start_budget=30)


@flow(on_running=HOOKS["on_running"], on_completion=[exiting, *HOOKS["on_completion"]])
def with_exiting_hook(project_id: str, case: str) -> None:
    body(project_id, case)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        served = by_default if "LIFECYCLE_TABLE_DEFAULT" in os.environ else work
        served.serve(name=sys.argv[2], pause_on_shutdown=False)
    else:
        if sys.argv[1] == "batch":
            batch(sys.argv[3], [sys.argv[2]])
            sys.exit()
        made = globals()[sys.argv[1]](*sys.argv[2:])
        if sys.argv[1] == "asynchronous":
            asyncio.run(made)
