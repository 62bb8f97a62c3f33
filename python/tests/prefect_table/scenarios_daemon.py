"""Flows whose daemon is away for a time, or beside which the reconciler runs."""

from __future__ import annotations

import json
import signal

from prefect_table.lab import PATIENCE, Lab, Work
from prefect_table.scenario import FLOW, FLUSH, LEASE, RECONCILER, scenario

MODE = "python flow.py"


@scenario("runs beside the reconciler", MODE, status="completed", by=FLOW, prefect="Completed", own_daemon=True)
def beside_reconciler(lab: Lab, work: Work) -> None:
    lab.direct(work, "work", "waits")
    work.attached()
    arguments = ("reconcile", "--settle", "0", "--end-zombies", "--flow", "work", "--socket", str(work.daemon.socket))
    said = json.loads(lab.tool(RECONCILER, "lifecycle_rpc.prefect", *arguments))
    assert said == {"open": 2, "reported": 0, "paused": 0, "zombies": 0}, said
    assert work.client.get_status(work.project).status == "processing"
    work.go()


@scenario("daemon down at the start", MODE, status="completed", by=FLOW, prefect="Completed", own_daemon=True)
def down_at_start(lab: Lab, work: Work) -> None:
    lab.give_neighbour(work)
    work.daemon.stop()
    lab.direct(work, "work", "waits", LIFECYCLE_TABLE_START="1")
    work.body()
    work.daemon.start()
    work.attached()
    work.go()


@scenario("daemon killed in the middle", MODE, status="completed", by=FLOW, prefect="Completed", own_daemon=True)
def down_in_middle(lab: Lab, work: Work) -> None:
    lab.direct(work, "work", "waits")
    work.attached()
    work.daemon.stop(signal.SIGKILL)
    work.daemon.start()
    work.go()


@scenario(
    "killed, daemon too",
    MODE,
    code="leaseExpired",
    by=LEASE,
    prefect="Running",
    own_daemon=True,
    lease=10,
    neighbour="failed",
)
def both_killed(lab: Lab, work: Work) -> None:
    process = lab.direct(work, "work", "waits")
    work.attached()
    work.now()
    # First the daemon, or its connection's end could move the deadline.
    work.daemon.stop(signal.SIGKILL)
    process.kill()
    work.daemon.start()


@scenario("daemon down at the end", MODE, status="completed", by=FLUSH, prefect="Completed", own_daemon=True)
def down_at_end(lab: Lab, work: Work) -> None:
    spool = str(lab.folder / f"spool-{work.project}")
    process = lab.direct(work, "work", "waits", LIFECYCLE_SPOOL=spool, LIFECYCLE_TABLE_BUDGET="1")
    work.attached()
    work.daemon.stop(signal.SIGKILL)
    work.go()
    assert process.wait(PATIENCE) == 0
    work.daemon.start()
    for _ in range(2):
        lab.tool(FLUSH, "lifecycle_rpc", "--spool", spool, "--socket", str(work.daemon.socket), "flush")
