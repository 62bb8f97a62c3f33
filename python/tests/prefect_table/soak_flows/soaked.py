"""The flow of the soak. Nothing else is in this folder, since a process worker copies it for each run."""

from __future__ import annotations

import os
import time
from pathlib import Path

from prefect import suspend_flow_run, task

from lifecycle_rpc.prefect import progress, tracked_flow

LAB = Path(os.environ["LIFECYCLE_TABLE"])


@task
def part(seconds: float) -> None:
    """Some work, and a word of it."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        progress(1 - left / seconds if seconds else 1, "in a task")
        time.sleep(min(left, 0.2))


@tracked_flow(beat=1, start_budget=30, stall_timeout=20, retries=1)
def work(project_id: str, case: str) -> None:
    how, seconds = case.split()
    with (LAB / f"{project_id}.body").open("a") as file:
        file.write(f"{os.getpid()}\n")
    progress(0.1, how)
    if how == "exits":
        os._exit(0)
    if how == "raises" or (how == "raises-once" and len((LAB / f"{project_id}.body").read_text().split()) == 1):
        raise ValueError("GPU out of memory")
    while how == "hangs":
        progress(0.5, "until it is ended")
        time.sleep(0.2)
    while how == "stalls":
        time.sleep(1)
    if how == "suspends":
        suspend_flow_run(timeout=600)
    while how == "calls" and not (LAB / f"{project_id}.go").exists():
        part(0.2)
    while how == "waits" and not (LAB / f"{project_id}.go").exists():
        progress(0.5, "without a task")
        time.sleep(0.2)
    if how != "waits":
        part(float(seconds))
    # The last thing it does: from here on the work is delivered.
    (LAB / f"{project_id}.delivered").touch()
