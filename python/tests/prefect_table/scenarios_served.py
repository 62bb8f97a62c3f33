"""Flows in processes that `serve()` or a process worker made for them."""

from __future__ import annotations

import os
import signal
from functools import partial

from prefect_table import prefect_side
from prefect_table.lab import FLOWS, PATIENCE, Lab, Work
from prefect_table.modes import BOTH, POOLED, SERVED, Mode, both, reconcile_until_ended
from prefect_table.scenario import ATTACHED, FLOW, RECONCILER, RUNNER, START, WORKER, scenario


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


both("raises", raises, "pipelineFailed", (FLOW, FLOW), "Failed", ())
both("SIGTERM to the flow", sigterm, "crashed", (FLOW, FLOW), "Crashed", ())
both("SIGKILL to the flow", sigkill, "crashed", (RUNNER, WORKER), "Crashed", BOTH)
both("os._exit(0)", exits_silently, "crashed", (ATTACHED, ATTACHED), "Running", (SERVED,))
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

both("names no project", names_no_project, "startTimeout", (START, START), "", (SERVED,), start_timeout=10)
both("named by its default", named_by_default, "", (FLOW, FLOW), "", (POOLED,))

scenario(
    "rescheduled by SIGTERM", POOLED.name, status="completed", by=FLOW, prefect="Completed", detach_grace=1, lease=600
)(rescheduled)
scenario("never picked up", "no worker", code="startTimeout", by=START, prefect="Late", start_timeout=10)(
    never_picked_up
)
scenario("its file is gone", POOLED.name, code="crashed", by=RECONCILER, prefect="Crashed")(
    partial(file_is_gone, POOLED)
)
