"""Flows that are suspended or paused: their projects wait, and end once."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import datetime, timedelta, timezone
from functools import partial
from uuid import UUID

from prefect_table import prefect_side
from prefect_table.lab import PATIENCE, Lab, Work
from prefect_table.modes import POOLED, SERVED, Mode, both, reconcile_until_ended
from prefect_table.scenario import APP, ATTACHED, FLOW, LEASE, RECONCILER, RUNNER, WORKER, is_untouched, scenario

MODE = "python flow.py"


def is_paused(work: Work) -> bool:
    return work.client.get_status(work.project).paused_until is not None


def bodies(work: Work) -> int:
    return len(work.file("body").read_text().split())


def suspend(mode: Mode, work: Work, case: str = "calls tasks", timeout: int = 600) -> UUID:
    """As an operator does. Waits until its process has left the project."""
    flow_run = prefect_side.run(work, mode.deployment, case)
    work.attached()
    prefect_side.suspend(flow_run, timeout)
    work.wait(lambda: is_paused(work), "its project waits")
    found = work.client.get_status(work.project)
    assert found.status == "processing"
    assert found.deadline is not None
    assert found.paused_until is not None
    assert timedelta(0) < found.paused_until - datetime.now(timezone.utc) <= timedelta(seconds=timeout + 1)
    assert found.deadline > found.paused_until
    return flow_run


def resume(lab: Lab, work: Work, flow_run: UUID) -> None:
    """Have it go on, in a process that has nothing to do with the first one."""
    begun = bodies(work)
    work.file("go").touch()
    prefect_side.resume(flow_run)
    work.wait(lambda: bodies(work) > begun, "the body begins again")
    lab.tools[work.body()] = FLOW


def suspends_itself(mode: Mode, lab: Lab, work: Work) -> None:
    mode.start(lab, work, "suspends 600")
    work.wait(lambda: is_paused(work), "its project waits")
    work.wait(lambda: not os.path.exists(f"/proc/{work.body()}"), "its process ends")
    time.sleep(3)  # three times the detach grace: nobody holds the project, and nobody need
    assert is_paused(work)
    resume(lab, work, prefect_side.run_of(work.project))


def at_a_task(mode: Mode, lab: Lab, work: Work) -> None:
    resume(lab, work, suspend(mode, work))


def without_a_task(mode: Mode, lab: Lab, work: Work) -> None:
    flow_run = prefect_side.run(work, mode.deployment, "waits")
    work.attached()
    prefect_side.suspend(flow_run)
    work.go()
    work.wait(lambda: prefect_side.state_name(flow_run) == "Completed", "it stands as completed")
    assert bodies(work) == 1


def while_it_works(mode: Mode, lab: Lab, work: Work) -> None:
    """Suspended and resumed before it has heard of the first."""
    flow_run = prefect_side.run(work, mode.deployment, "waits")
    first = work.attached()
    prefect_side.suspend(flow_run)
    prefect_side.resume(flow_run)
    if mode is POOLED:
        work.wait(lambda: prefect_side.state_name(flow_run) == "Running", "another process begins")
        work.go()
        work.wait(lambda: prefect_side.state_name(flow_run) == "Refused", "the second one is turned down")
    else:  # a runner begins no second one as long as the first one lives
        work.go()
        work.wait(lambda: prefect_side.state_name(flow_run) == "Completed", "it stands as completed")
    assert work.body() == first
    assert bodies(work) == 1


def cancelled_by_app(mode: Mode, lab: Lab, work: Work) -> None:
    flow_run = suspend(mode, work)
    work.now()
    assert work.client.cancel_project(work.project).credits_refunded == 10
    prefect_side.resume(flow_run)
    work.wait(lambda: prefect_side.state_name(flow_run) == "Refused", "the resumed run is turned down")
    assert bodies(work) == 1


def cancelled_in_prefect(mode: Mode, lab: Lab, work: Work) -> None:
    flow_run = suspend(mode, work)
    work.now()
    prefect_side.cancel(flow_run)
    work.wait(lambda: prefect_side.state_name(flow_run) == "Cancelled", "Prefect has cancelled it")
    reconcile_until_ended(lab, work)


def times_out(mode: Mode, lab: Lab, work: Work) -> None:
    flow_run = suspend(mode, work, timeout=60)
    work.wait(lambda: prefect_side.state_name(flow_run) == "Failed", "Prefect has given it up")
    work.now()
    reconcile_until_ended(lab, work)


def is_forgotten(mode: Mode, lab: Lab, work: Work) -> None:
    """Nobody resumes it, and no reconciler comes by."""
    suspend(mode, work, timeout=60)
    work.since = work.client.get_status(work.project).paused_until


def killed_before_it_heard(mode: Mode, lab: Lab, work: Work) -> None:
    flow_run = prefect_side.run(work, mode.deployment, "waits")
    pid = work.attached()
    prefect_side.suspend(flow_run)
    work.now()
    os.kill(pid, signal.SIGKILL)


def with_another_within(mode: Mode, lab: Lab, work: Work) -> None:
    """A flow of another user's project is called within it: both wait, and both go on."""
    neighbour = lab.work(work.daemon)
    flow_run = prefect_side.run(work, mode.deployment, f"around-tasks {neighbour.project}")
    work.attached()
    assert neighbour.attached() == work.body(), "they are in one process"
    prefect_side.suspend(flow_run)
    for one in (work, neighbour):
        one.wait(partial(is_paused, one), "its project waits")
    neighbour.file("go").touch()
    resume(lab, work, flow_run)
    work.wait(lambda: bodies(neighbour) == 2, "the one within begins again, too")
    is_untouched(neighbour)


def daemon_away(mode: Mode, lab: Lab, work: Work) -> None:
    """Nobody could say that it waits: the reconciler does."""
    pid, _ = mode.start(lab, work, "calls tasks")
    work.attached()
    flow_run = prefect_side.run_of(work.project)
    work.daemon.stop(signal.SIGKILL)
    prefect_side.suspend(flow_run)
    work.wait(lambda: not os.path.exists(f"/proc/{pid}"), "its process ends")
    work.daemon.start()
    assert not is_paused(work)
    arguments = ("reconcile", "--socket", str(work.daemon.socket))
    assert json.loads(lab.tool(RECONCILER, "lifecycle_rpc.prefect", *arguments))["paused"] == 1
    assert is_paused(work)
    assert json.loads(lab.tool(RECONCILER, "lifecycle_rpc.prefect", *arguments))["paused"] == 0
    resume(lab, work, flow_run)


both("suspends itself, is resumed", suspends_itself, "", (FLOW, FLOW), "Completed", (POOLED,), detach_grace=1)
both("suspended at a task, resumed", at_a_task, "", (FLOW, FLOW), "Completed", (SERVED,))
both("suspended without a task", without_a_task, "", (FLOW, FLOW), "Completed", (POOLED,))
for mode, state in [(SERVED, "Completed"), (POOLED, "Refused")]:
    row = "suspended and resumed while it works"
    scenario(row, mode.name, status="completed", by=FLOW, prefect=state, full_only=True)(partial(while_it_works, mode))
both("suspended, cancelled by the app", cancelled_by_app, "cancelled", (APP, APP), "Refused", ())
reconciled = (RECONCILER, RECONCILER)
both("suspended, cancelled in Prefect", cancelled_in_prefect, "cancelled", reconciled, "Cancelled", ())
both("suspended, and the pause times out", times_out, "pipelineFailed", reconciled, "Failed", ())
both("suspended and forgotten", is_forgotten, "leaseExpired", (LEASE, LEASE), "Failed", (), lease=10)
both("suspended, killed before it heard", killed_before_it_heard, "crashed", (RUNNER, WORKER), "Crashed", ())
both("suspended with another's flow within", with_another_within, "", (FLOW, FLOW), "Completed", ())
both("suspended while the daemon is away", daemon_away, "", (FLOW, FLOW), "Completed", (), own_daemon=True)


def pauses(timeout: int, lab: Lab, work: Work) -> UUID:
    """`pause_flow_run` waits in the flow's process, which holds the project meanwhile."""
    lab.direct(work, "work", f"pauses {timeout}")
    work.attached()
    flow_run = prefect_side.run_of(work.project)
    work.wait(lambda: prefect_side.state_name(flow_run) == "Paused", "it is paused")
    assert not is_paused(work), "its process holds it"
    return flow_run


@scenario("pauses in its process, is resumed", MODE, status="completed", by=FLOW, prefect="Completed", full_only=True)
def paused_and_resumed(lab: Lab, work: Work) -> None:
    prefect_side.resume(pauses(600, lab, work))


@scenario("pauses in its process, times out", MODE, code="pipelineFailed", by=FLOW, prefect="Failed", full_only=True)
def paused_in_vain(lab: Lab, work: Work) -> None:
    pauses(10, lab, work)


@scenario(
    "pauses in its process, which is killed",
    MODE,
    code="crashed",
    by=ATTACHED,
    prefect="Paused",
    neighbour="failed",
    full_only=True,
)
def paused_and_killed(lab: Lab, work: Work) -> None:
    pauses(600, lab, work)
    work.now()
    os.kill(work.body(), signal.SIGKILL)


@scenario(
    "suspends itself without a deployment", MODE, code="pipelineFailed", by=FLOW, prefect="Failed", full_only=True
)
def without_deployment(lab: Lab, work: Work) -> None:
    assert lab.direct(work, "work", "suspends 600").wait(PATIENCE) == 1
    assert "without a deployment" in (work.client.get_status(work.project).error_message or "")


@scenario("returns Paused(), cancelled by the app", MODE, code="cancelled", by=APP, prefect="Paused", full_only=True)
def returns_paused(lab: Lab, work: Work) -> None:
    assert lab.beside(work, "odd.py", "odd_once", work.project, "Paused").wait(PATIENCE) == 0
    assert is_paused(work)
    work.now()
    assert work.client.cancel_project(work.project).credits_refunded == 10
