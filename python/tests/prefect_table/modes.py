"""The two ways in which Prefect makes a process for a flow."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from prefect_table import prefect_side
from prefect_table.lab import Lab, Work
from prefect_table.scenario import RECONCILER, RUNNER, WORKER, scenario


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
