"""Flows that are cancelled, or whose runner or worker is stopped, in processes that these made for them."""

from __future__ import annotations

import signal
from functools import partial

from prefect_table import prefect_side
from prefect_table.lab import PATIENCE, Lab, Work
from prefect_table.modes import BOTH, POOLED, SERVED, Mode, both, reconcile_until_ended
from prefect_table.scenario import ATTACHED, FLOW, RECONCILER, RUNNER, WORKER, is_untouched, scenario


def cancelled_in_prefect(mode: Mode, lab: Lab, work: Work) -> None:
    flow_run = prefect_side.run(work, mode.deployment, "waits")
    work.attached()
    work.now()
    prefect_side.cancel(flow_run)
    work.wait(lambda: prefect_side.state_name(flow_run) == "Cancelled", "Prefect has cancelled it")


def cancelled_by_app(mode: Mode, lab: Lab, work: Work) -> None:
    flow_run = prefect_side.run(work, mode.deployment, "waits")
    work.attached()
    work.now()
    work.client.cancel_project(work.project)
    work.wait(lambda: prefect_side.state_name(flow_run) == "Cancelled", "Prefect has cancelled it")


def cancelled_before_start(mode: Mode, lab: Lab, work: Work) -> None:
    flow_run = prefect_side.run(work, mode.deployment, "returns", delay=3600)
    work.now()
    prefect_side.cancel(flow_run)
    work.wait(lambda: prefect_side.state_name(flow_run) == "Cancelled", "Prefect has cancelled it")
    reconcile_until_ended(lab, work)


def child_cancelled_before_start(mode: Mode, lab: Lab, work: Work) -> None:
    assert lab.direct(work, "batch", mode.deployment).wait(PATIENCE) == 0
    child = prefect_side.run_of(work.project)
    work.now()
    prefect_side.cancel(child)
    work.wait(lambda: prefect_side.state_name(child) == "Cancelled", "Prefect has cancelled it")
    reconcile_until_ended(lab, work)


def stopped(mode: Mode, lab: Lab, work: Work) -> None:
    _, process = mode.start(lab, work)
    work.attached()
    work.now()
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)


def killed_by_itself(lab: Lab, work: Work) -> None:
    name = f"stubborn-{work.user}"
    lab.serve(name, work.daemon, LIFECYCLE_TABLE_GRACE="2")
    flow_run = prefect_side.run(work, name, "swallows")
    work.attached()
    work.now()
    work.client.cancel_project(work.project)
    # Nobody lets it go on: only its own SIGKILL ends it.
    work.wait(lambda: prefect_side.state_name(flow_run) == "Crashed", "the runner has seen its process end")
    assert work.file("swallowed").exists()


def returns_cancelled(mode: Mode, lab: Lab, work: Work) -> None:
    prefect_side.run(work, mode.deployment, "Cancelled")


def cancelled_around_another(mode: Mode, lab: Lab, work: Work) -> None:
    """The process was made for its run, but holds another user's project."""
    neighbour = lab.work(work.daemon)
    prefect_side.run(work, mode.deployment, f"around {neighbour.project}")
    work.attached()
    pid = neighbour.attached()
    assert pid == work.body(), "they are in one process"
    work.client.cancel_project(work.project)
    work.wait(lambda: "asking the flow to stop" in lab.logs_of(work), "it hears of it")
    neighbour.go()
    is_untouched(neighbour)
    work.now()
    work.ended()


both("cancelled in Prefect", cancelled_in_prefect, "cancelled", (RUNNER, WORKER), "Cancelled", BOTH)
both("the app cancels it", cancelled_by_app, "cancelled", (FLOW, FLOW), "Cancelled", (SERVED,))
both(
    "cancelled before it started", cancelled_before_start, "cancelled", (RECONCILER, RECONCILER), "Cancelled", (POOLED,)
)
both(
    "started by another flow, cancelled before it started",
    child_cancelled_before_start,
    "cancelled",
    (RECONCILER, RECONCILER),
    "Cancelled",
    (SERVED,),
)
both("returns Cancelled()", returns_cancelled, "cancelled", (FLOW, FLOW), "Cancelled", (SERVED,))
both("cancelled around another's flow", cancelled_around_another, "cancelled", (FLOW, FLOW), "Cancelled", (SERVED,))
scenario("worker stopped (SIGTERM)", POOLED.name, code="crashed", by=ATTACHED, prefect="Running")(
    partial(stopped, POOLED)
)
scenario("runner stopped (SIGTERM)", SERVED.name, code="cancelled", by=RUNNER, prefect="Cancelled", full_only=True)(
    partial(stopped, SERVED)
)
scenario("cancelled, but it does not stop", SERVED.name, code="cancelled", by=FLOW, prefect="Crashed")(killed_by_itself)
