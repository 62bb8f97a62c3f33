"""Flows that are called in a Python process of the author's own."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta
from functools import partial

from prefect_table.lab import PATIENCE, Lab, Work
from prefect_table.scenario import APP, ATTACHED, FLOW, LEASE, scenario

MODE = "python flow.py"


@scenario("returns", MODE, status="completed", by=FLOW, prefect="Completed")
def returns(lab: Lab, work: Work) -> None:
    lab.direct(work, "work", "returns").wait(PATIENCE)


@scenario("raises", MODE, code="pipelineFailed", by=FLOW, prefect="Failed")
def raises(lab: Lab, work: Work) -> None:
    lab.direct(work, "work", "raises").wait(PATIENCE)
    message = work.client.get_status(work.project).error_message or ""
    assert message.startswith("Failed: Flow run encountered an exception: ValueError: GPU out of memory"), message
    assert 'raise ValueError("GPU out of memory")' in message, message


@scenario("an async flow raises", MODE, code="pipelineFailed", by=FLOW, prefect="Failed", full_only=True)
def raises_async(lab: Lab, work: Work) -> None:
    lab.direct(work, "asynchronous", "raises").wait(PATIENCE)


@scenario("the app cancels an async flow", MODE, code="cancelled", by=FLOW, prefect="Cancelled", full_only=True)
def cancelled_async(lab: Lab, work: Work) -> None:
    lab.direct(work, "asynchronous", "waits")
    work.attached()
    work.now()
    work.client.cancel_project(work.project)


@scenario("an async flow after the refund", MODE, code="crashed", by=APP, prefect="Refused", full_only=True)
def async_after_refund(lab: Lab, work: Work) -> None:
    work.client.update_status("failed", work.project, error_code="crashed")
    assert lab.direct(work, "asynchronous", "waits").wait(PATIENCE) == 1
    assert not work.file("body").exists()


@scenario("a task fails", MODE, code="pipelineFailed", by=FLOW, prefect="Failed")
def task_fails(lab: Lab, work: Work) -> None:
    lab.direct(work, "work", "task fails").wait(PATIENCE)
    assert "no such model" in (work.client.get_status(work.project).error_message or "")


@scenario("times out", MODE, code="timedOut", by=FLOW, prefect="TimedOut")
def times_out(lab: Lab, work: Work) -> None:
    lab.direct(work, "timed", "waits").wait(PATIENCE)


@scenario("is retried, then succeeds", MODE, status="completed", by=FLOW, prefect="Completed")
def retried_then_succeeds(lab: Lab, work: Work) -> None:
    lab.direct(work, "retried", "third time").wait(PATIENCE)
    assert len(work.file("body").read_text().split()) == 3


@scenario("is retried, then fails", MODE, code="pipelineFailed", by=FLOW, prefect="Failed")
def retried_then_fails(lab: Lab, work: Work) -> None:
    lab.direct(work, "retried", "raises").wait(PATIENCE)
    assert len(work.file("body").read_text().split()) == 3


@scenario("has tracked flows within", MODE, status="completed", by=FLOW, prefect="Completed")
def nested(lab: Lab, work: Work) -> None:
    lab.direct(work, "outer", "returns").wait(PATIENCE)


def progress_from_anywhere(flows: str, lab: Lab, work: Work) -> None:
    other = lab.work(lease=60)
    process = lab.alone(work, "telling.py", flows, work.project, other.project)
    for where in ("a subflow", "a task", "a thread"):
        for one in (work, other):
            one.wait(partial(says, one, f"in {where}"), f"progress arrives from {where}")
            one.file(where).touch()
    # From here nothing is heard, but it counts as movement: without any, the beats would stop after a second.
    for one in (work, other):
        begun = one.client.get_status(one.project).deadline
        one.wait(partial(renewed, one, begun), "it beats on")
    for one in (work, other):
        one.file("a bare thread").touch()
    assert process.wait(PATIENCE) == 0
    assert other.client.get_status(other.project).status == "completed"
    log = (lab.processes.logs / f"direct-{work.project}.log").read_text()
    assert log.count("Start the thread by in_this_flow") == 1, log


for name, flows in [("two", "side_by_side"), ("two async ones", "side_by_side_async")]:
    row = f"progress from anywhere, {name} in a process"
    scenario(row, MODE, status="completed", by=FLOW, prefect="Completed", lease=60, full_only="async" in flows)(
        partial(progress_from_anywhere, flows)
    )


def says(work: Work, words: str) -> bool:
    return work.client.get_status(work.project).message == words


def renewed(work: Work, was: datetime | None) -> bool:
    """Whether the lease goes on to be renewed."""
    now = work.client.get_status(work.project).deadline
    return was is not None and now is not None and now - was > timedelta(seconds=4)


@scenario("hooks of its own raise", MODE, status="completed", by=FLOW, prefect="Completed")
def hooks_raise(lab: Lab, work: Work) -> None:
    assert lab.direct(work, "with_raising_hooks", "returns").wait(PATIENCE) == 0


@scenario("a hook before ours exits", MODE, status="completed", by=FLOW, prefect="Completed")
def hook_exits(lab: Lab, work: Work) -> None:
    lab.direct(work, "with_exiting_hook", "returns").wait(PATIENCE)


@scenario("SIGTERM", MODE, code="crashed", by=FLOW, prefect="Crashed", neighbour="failed")
def sigterm(lab: Lab, work: Work) -> None:
    process = lab.direct(work, "work", "waits")
    work.attached()
    work.now()
    process.send_signal(signal.SIGTERM)


@scenario("Ctrl-C", MODE, code="crashed", by=FLOW, prefect="Crashed", full_only=True)
def sigint(lab: Lab, work: Work) -> None:
    process = lab.direct(work, "work", "waits")
    work.attached()
    work.now()
    process.send_signal(signal.SIGINT)


@scenario("SIGKILL", MODE, code="crashed", by=ATTACHED, prefect="Running", neighbour="failed")
def sigkill(lab: Lab, work: Work) -> None:
    process = lab.direct(work, "work", "waits")
    work.attached()
    work.now()
    process.kill()


@scenario("stops making progress", MODE, code="leaseExpired", by=LEASE, prefect="Completed", lease=10)
def stalls(lab: Lab, work: Work) -> None:
    process = lab.direct(work, "watched", "stalls")
    work.body()
    work.now()
    work.ended()
    # It does not ask whether it is to stop, and its process is not ours to end.
    work.file("go").touch()
    process.wait(PATIENCE)


@scenario("the app cancels it", MODE, code="cancelled", by=FLOW, prefect="Cancelled")
def cancelled_by_app(lab: Lab, work: Work) -> None:
    lab.direct(work, "work", "asks")
    work.attached()
    work.now()
    assert work.client.cancel_project(work.project).credits_refunded == 0


@scenario("cancelled, but it does not stop", MODE, code="cancelled", by=FLOW, prefect="Completed")
def cancelled_in_vain(lab: Lab, work: Work) -> None:
    process = lab.direct(work, "short_grace", "waits")
    work.attached()
    work.now()
    work.client.cancel_project(work.project)
    work.ended()
    message = work.client.get_status(work.project).error_message or ""
    assert "was asked to stop, and still runs" in message, message
    work.file("go").touch()
    process.wait(PATIENCE)


@scenario(
    "frozen (SIGSTOP)",
    MODE,
    code="leaseExpired",
    by=LEASE,
    prefect="Running",
    lease=10,
    full_only=True,
    neighbour="failed",
)
def frozen(lab: Lab, work: Work) -> None:
    process = lab.direct(work, "work", "waits")
    work.attached()
    work.now()
    process.send_signal(signal.SIGSTOP)
    work.ended()
    process.kill()


@scenario("run again after the refund", MODE, code="crashed", by=APP, prefect="Refused")
def again_after_refund(lab: Lab, work: Work) -> None:
    work.client.update_status("failed", work.project, error_code="crashed")
    assert lab.direct(work, "work", "returns").wait(PATIENCE) == 1
    assert not work.file("body").exists()


@scenario("cancelled by the app while pending", "no worker", code="cancelled", by=APP, prefect="")
def cancelled_pending(_: Lab, work: Work) -> None:
    work.now()
    assert work.client.cancel_project(work.project).credits_refunded == 10
