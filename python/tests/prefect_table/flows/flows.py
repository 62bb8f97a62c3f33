"""The flows of the table. Nothing else is in this folder, since a process worker copies it for each run.

python flows.py FLOW PROJECT CASE
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from prefect import flow, pause_flow_run, suspend_flow_run, task
from prefect.deployments import run_deployment
from prefect.states import Cancelled

from lifecycle_rpc.prefect import lifecycle_hooks, progress, tracked_flow

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


def note(project_id: str, word: str) -> None:
    (LAB / f"{project_id}.{word}").touch()


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
    how, *seconds = case.split()
    if how == "suspends":  # the run is ended by this, and goes on after it when it is resumed
        suspend_flow_run(timeout=int(seconds[0]))
    if how == "pauses":
        pause_flow_run(timeout=int(seconds[0]), poll_interval=1)
    if case.startswith("child "):
        deployment, other = case.split()[1:]
        start_child(deployment, other)
        raise ValueError("its child lives on")
    if case == "Cancelled":
        return Cancelled(message="by itself")
    if case.startswith("around "):  # another user's project
        work(case.removeprefix("around "), "waits")
        wait(project_id)
    if case.startswith("around-tasks "):
        work(case.removeprefix("around-tasks "), "calls tasks")
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


@contextmanager
def beside_another() -> Iterator[None]:
    """Another user's project is worked on in this process, from before what is done to after it."""
    other = os.environ.get("LIFECYCLE_TABLE_NEIGHBOUR")
    if other is None:
        yield
        return
    thread = threading.Thread(target=work, args=[other, "waits"])
    thread.start()
    wait(other, "body")
    try:
        yield
    finally:
        note(other, "go")
        thread.join()


def main() -> None:
    if sys.argv[1] == "serve":
        served = by_default if "LIFECYCLE_TABLE_DEFAULT" in os.environ else work
        served.serve(name=sys.argv[2], pause_on_shutdown=False)
        return
    with beside_another():
        if sys.argv[1] == "batch":
            batch(sys.argv[3], [sys.argv[2]])
            return
        made = globals()[sys.argv[1]](*sys.argv[2:])
        if sys.argv[1] == "asynchronous":
            asyncio.run(made)


if __name__ == "__main__":
    main()
