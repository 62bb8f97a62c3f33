"""Flows in processes that `serve()` or a process worker made for them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from prefect_table import prefect_side
from prefect_table.lab import FLOWS, PATIENCE, Lab, Work
from prefect_table.scenario import ATTACHED, FLOW, RECONCILER, RUNNER, START, WORKER, is_untouched, scenario


@dataclass(frozen=True)
class Mode:
    """Who makes the flow's process, and the deployment by which all scenarios but the killers share it."""

    name: str
    deployment: str
    hook: str

    def start(self, lab: Lab, work: Work, case: str = "waits") -> tuple[int, subprocess.Popen[bytes]]:
        """One of its own, with a run on it. Gives the flow's process and the runner's or worker's."""
        name = f"{self.deployment}-{work.user}"
        process = lab.serve(name, work.daemon) if self is SERVED else lab.worker(name, work.daemon)
        prefect_side.run(work, name, case)
        return work.body(), process


SERVED = Mode("serve()", "served", RUNNER)
POOLED = Mode("process worker", "pool", WORKER)


def raises(mode: Mode, lab: Lab, work: Work) -> None:
    prefect_side.run(work, mode.deployment, "raises")


def sigterm(mode: Mode, lab: Lab, work: Work) -> None:
    signal_flow(mode, work, signal.SIGTERM)


def sigkill(mode: Mode, lab: Lab, work: Work) -> None:
    signal_flow(mode, work, signal.SIGKILL)


def signal_flow(mode: Mode, work: Work, how: signal.Signals) -> None:
    prefect_side.run(work, mode.deployment, "waits")
    pid = work.attached()
    work.now()
    os.kill(pid, how)


def exits_silently(mode: Mode, lab: Lab, work: Work) -> None:
    mode.start(lab, work, "exits")
    work.now()


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


def retried_in_ui(mode: Mode, lab: Lab, work: Work) -> None:
    flow_run = prefect_side.run(work, mode.deployment, "raises")
    work.ended()
    work.wait(lambda: prefect_side.state_name(flow_run) == "Failed", "the run has failed")
    prefect_side.retry(flow_run)
    work.wait(lambda: prefect_side.state_name(flow_run) == "Refused", "the second run is turned down")
    assert len(work.file("body").read_text().split()) == 1, "the body ran again"


def retried_with_child(mode: Mode, lab: Lab, work: Work) -> None:
    other = lab.work()
    flow_run = prefect_side.run(work, mode.deployment, f"child {mode.deployment} {other.project}")
    work.ended()
    other.attached()
    prefect_side.retry(flow_run)
    work.wait(lambda: prefect_side.state_name(flow_run) == "Refused", "the second run is turned down")
    prefect_side.wait_for_the_server_to_cancel_children()
    other.go()
    other.ended()
    assert other.client.get_status(other.project).status == "completed", "the child was cancelled"


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


def killed_with_flow(mode: Mode, lab: Lab, work: Work) -> None:
    pid, process = mode.start(lab, work)
    work.attached()
    work.now()
    process.kill()
    os.kill(pid, signal.SIGKILL)


def killed_alone(mode: Mode, lab: Lab, work: Work) -> None:
    _, process = mode.start(lab, work)
    work.attached()
    process.kill()
    process.wait(PATIENCE)
    work.go()


def file_is_gone(mode: Mode, lab: Lab, work: Work) -> None:
    name = f"gone-{work.user}"
    (lab.folder / name).mkdir()
    prefect_side.make_pool(name, str(lab.folder / name))
    lab.worker_of(name, work.daemon)
    flow_run = prefect_side.run(work, name, "returns")
    work.wait(lambda: prefect_side.state_name(flow_run) == "Crashed", "Prefect has crashed it")
    work.now()
    reconcile_until_ended(lab, work)


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


def names_no_project(mode: Mode, lab: Lab, work: Work) -> None:
    flow_run = prefect_side.run(work, mode.deployment, "returns", project_id="")
    work.wait(lambda: prefect_side.state_name(flow_run) == "Refused", "it is refused")
    assert not (lab.folder / ".body").exists()


def named_by_default(mode: Mode, lab: Lab, work: Work) -> None:
    name = f"{mode.deployment}-{work.user}"
    if mode is SERVED:
        lab.serve(name, work.daemon, LIFECYCLE_TABLE_DEFAULT=work.project)
    else:
        lab.worker(name, work.daemon, "flows.py:by_default", LIFECYCLE_TABLE_DEFAULT=work.project)
    prefect_side.run(work, name, "returns", project_id=None)
    work.body()


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


def rescheduled(lab: Lab, work: Work) -> None:
    """The supervisor of a container gets SIGTERM, and is set to have the run go on elsewhere."""
    name = f"moved-{work.user}"
    prefect_side.make_pool(name, str(FLOWS))
    flow_run = prefect_side.run(work, name, "waits")
    process = lab.processes.start(
        f"execute-{work.user}",
        *("prefect", "flow-run", "execute", str(flow_run)),
        LIFECYCLE_SOCKET=str(work.daemon.socket),
        PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR="reschedule",
    )
    work.attached()
    process.terminate()
    process.wait(PATIENCE)
    assert prefect_side.state_name(flow_run) == "AwaitingRetry"
    lab.worker_of(name, work.daemon)
    work.wait(lambda: len(work.file("body").read_text().split()) == 2, "the body runs again")
    lab.tools[work.body()] = FLOW
    work.go()


def never_picked_up(lab: Lab, work: Work) -> None:
    name = f"idle-{work.user}"
    prefect_side.make_pool(name, str(lab.folder))
    prefect_side.run(work, name, "returns")
    work.now()


def reconcile_until_ended(lab: Lab, work: Work) -> None:
    """As the timer does, and once more."""

    def once() -> bool:
        lab.tool(RECONCILER, "lifecycle_rpc.prefect", "reconcile", "--settle", "1")
        return work.client.get_status(work.project).ended

    work.wait(once, "it is reconciled")
    once()


Act = Callable[[Mode, Lab, Work], None]


def both(
    name: str, act: Act, code: str, by: tuple[str, str], prefect: str, short: tuple[Mode, ...], **options: Any
) -> None:
    """A row for `serve()` and one for a worker; those not in `short` are only in the full table."""
    for mode, closer in zip((SERVED, POOLED), by, strict=True):
        status = "failed" if code else "completed"
        only = mode not in short
        row = scenario(
            name, mode.name, status=status, code=code or None, by=closer, prefect=prefect, full_only=only, **options
        )
        row(partial(act, mode))


BOTH = (SERVED, POOLED)
both("raises", raises, "pipelineFailed", (FLOW, FLOW), "Failed", ())
both("SIGTERM to the flow", sigterm, "crashed", (FLOW, FLOW), "Crashed", ())
both("SIGKILL to the flow", sigkill, "crashed", (RUNNER, WORKER), "Crashed", BOTH)
both("os._exit(0)", exits_silently, "crashed", (ATTACHED, ATTACHED), "Running", (SERVED,))
both("cancelled in Prefect", cancelled_in_prefect, "cancelled", (RUNNER, WORKER), "Cancelled", BOTH)
both("the app cancels it", cancelled_by_app, "cancelled", (FLOW, FLOW), "Cancelled", (SERVED,))
both("retried in the UI after the refund", retried_in_ui, "pipelineFailed", (FLOW, FLOW), "Refused", (SERVED,))
both(
    "the same, with a child of another project",
    retried_with_child,
    "pipelineFailed",
    (FLOW, FLOW),
    "Refused",
    (POOLED,),
)
both("runner or worker killed with the flow", killed_with_flow, "crashed", (ATTACHED, ATTACHED), "Running", (SERVED,))
both("runner or worker killed, the flow goes on", killed_alone, "", (FLOW, FLOW), "Completed", (POOLED,))
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
both("names no project", names_no_project, "startTimeout", (START, START), "", (SERVED,), start_timeout=10)
both("named by its default", named_by_default, "", (FLOW, FLOW), "", (POOLED,))
both("cancelled around another's flow", cancelled_around_another, "cancelled", (FLOW, FLOW), "Cancelled", (SERVED,))

scenario(
    "rescheduled by SIGTERM", POOLED.name, status="completed", by=FLOW, prefect="Completed", detach_grace=1, lease=600
)(rescheduled)
scenario("worker stopped (SIGTERM)", POOLED.name, code="crashed", by=ATTACHED, prefect="Running")(
    partial(stopped, POOLED)
)
scenario("runner stopped (SIGTERM)", SERVED.name, code="cancelled", by=RUNNER, prefect="Cancelled", full_only=True)(
    partial(stopped, SERVED)
)
scenario("cancelled, but it does not stop", SERVED.name, code="cancelled", by=FLOW, prefect="Crashed")(killed_by_itself)
scenario("never picked up", "no worker", code="startTimeout", by=START, prefect="Late", start_timeout=10)(
    never_picked_up
)
scenario("its file is gone", POOLED.name, code="crashed", by=RECONCILER, prefect="Crashed")(
    partial(file_is_gone, POOLED)
)
