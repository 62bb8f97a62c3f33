"""Real Prefect for a long time: a worker that runs four flows at once, and everything that happens to flows at random.

Flows return, raise, are retried, hang, stall, exit, are suspended, cancelled and killed; an automation of the
server sets some runs to Crashed while their flow goes on; the reconciler looks on every 30 seconds. In the end
every project has ended once, no credit is lost or made, and nobody's work was delivered and refunded, or neither.

Usage: python -m prefect_table.soak [--minutes N] [--seed N] [--keep]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx

from lifecycle_rpc import Client, Project
from prefect_table.lab import PATIENCE, Lab, Work
from prefect_table.soak_cases import CASES, WITHDRAWN, Case

POOL = "soak"
AT_ONCE = 6
"""Projects that are looked after at once: the worker runs four of them, and the others wait for it."""
RECONCILE_SECONDS = 30.0
SETTLE_SECONDS = 600.0
MOST_WITHDRAWN = 100
"""One project in so many may be without a run."""
AUTOMATIONS = {"PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "true"}
FLOWS = Path(__file__).parent / "soak_flows"


@dataclass
class Outcome:
    """A project at the end of the soak."""

    case: Case
    work: Work
    project: Project
    entries: list[str]
    delivered: bool
    wrong: list[str] = field(default_factory=list)

    def judge(self) -> None:
        """Note all that must not be."""
        project, case = self.project, self.case
        wanted = ["charge", "refund" if case.codes else "capture"]
        for what, holds in [
            (f"it is {project.status}", project.ended),
            (f"an innocent project failed with {project.error_code}", case.codes or project.status == "completed"),
            (f"it failed with {project.error_code}", not case.codes or project.error_code in case.codes),
            (f"its entries are {self.entries}", not project.ended or self.entries == wanted),
            ("it was delivered and refunded", not (self.delivered and project.status == "failed")),
            ("it was paid for, and nothing delivered", self.delivered or project.status != "completed"),
        ]:
            if not holds:
                self.wrong.append(f"{case.name}: project {project.project_id}: {what}")


class Soak:
    """All of it."""

    def __init__(self, lab: Lab, minutes: float, seed: int) -> None:
        self.lab, self.chance = lab, random.Random(seed)
        self.until = time.monotonic() + minutes * 60
        self.played: list[tuple[Case, Work]] = []
        self.broken: list[str] = []
        self.reconciled = 0
        self._over = threading.Event()
        self._lock = threading.Lock()

    def run(self) -> list[Outcome]:
        """Play until the time is over, and wait until the last project has ended."""
        reconciler = threading.Thread(target=self._reconcile)
        reconciler.start()
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for future in [pool.submit(self._look_after) for _ in range(AT_ONCE)]:
                    future.result()
            end = time.monotonic() + SETTLE_SECONDS
            while self._open() and time.monotonic() < end:
                time.sleep(1)
        finally:
            self._over.set()
            reconciler.join()
        with Client(self.lab.daemon.socket, timeout=60) as client:
            return [self._outcome(client, case, work) for case, work in self.played]

    def _look_after(self) -> None:
        """One project after the other."""
        while time.monotonic() < self.until:
            with self._lock:
                (case,) = self.chance.choices(CASES, [case.weight for case in CASES])
                words = f"{case.flow} {case.seconds(self.chance):.1f}"
            work = self.lab.work(None, **case.options)
            try:
                flow_run = self._start(work, words, case.delay)
                if flow_run is None:
                    case = WITHDRAWN
                    continue
                case.act(work, flow_run)
                if not case.reconciled:
                    work.ended()
            except Exception as error:
                traceback.print_exc()
                self.broken.append(f"{case.name}: project {work.project}: {type(error).__name__}: {error}")
            finally:
                with self._lock:
                    self.played.append((case, work))
                # The daemon lets one user have 256 connections, and an hour has more projects.
                work.client.close()

    def _start(self, work: Work, words: str, delay: float) -> UUID | None:
        """None if Prefect's server was too busy for too long: its SQLite may be locked for many minutes."""
        from prefect_table import prefect_side

        try:
            return prefect_side.run(work, POOL, words, delay=delay)
        except httpx.HTTPError as error:
            print(f"  project {work.project} is withdrawn: {error}", flush=True)
            work.client.cancel_project(work.project)
            return None

    def _reconcile(self) -> None:
        while not self._over.wait(RECONCILE_SECONDS):
            try:
                self.lab.tool("the reconciler", "lifecycle_rpc.prefect", "reconcile", "--flow", "work")
                self.reconciled += 1
            except Exception as error:
                self.broken.append(f"the reconciler: {type(error).__name__}: {error}")
            print(f"  {len(self.played)} projects, {self._open()} of them open", flush=True)

    def _open(self) -> int:
        with Client(self.lab.daemon.socket, timeout=60) as client:
            return len(client.list_projects(status=["pending", "processing"], limit=500).projects)

    def _outcome(self, client: Client, case: Case, work: Work) -> Outcome:
        story = client.explain_project(work.project)
        entries = [entry.kind for entry in story.entries]
        found = Outcome(case, work, story.project, entries, work.file("delivered").exists())
        found.judge()
        balance = client.get_balance(work.user)
        left = 90 if story.project.status == "completed" else 100
        if story.project.ended and (balance.available, balance.held) != (left, 0):
            found.wrong.append(f"{case.name}: project {work.project}: the user's balance is {balance}")
        return found


def show(outcomes: list[Outcome], soak: Soak, minutes: float) -> None:
    """The figures."""
    print(f"\n{'what happened':36} {'projects':>8}  {'median':>7}  outcomes")
    for case in [*CASES, WITHDRAWN]:
        of_case = [outcome for outcome in outcomes if outcome.case is case]
        ends = Counter(outcome.project.error_code or outcome.project.status for outcome in of_case)
        spans = [
            (outcome.project.finished_at - outcome.project.created_at).total_seconds()
            for outcome in of_case
            if outcome.project.finished_at is not None
        ]
        median = f"{statistics.median(spans):.1f} s" if spans else ""
        said = ", ".join(f"{number} {end}" for end, number in ends.most_common())
        print(f"{case.name:36} {len(of_case):8}  {median:>7}  {said}")
    delivered = sum(outcome.delivered for outcome in outcomes)
    refunded = sum(outcome.delivered and outcome.project.status == "failed" for outcome in outcomes)
    innocent = sum(not outcome.case.codes and outcome.project.status == "failed" for outcome in outcomes)
    still_open = sum(not outcome.project.ended for outcome in outcomes)
    print(
        f"{len(outcomes)} projects in {minutes:g} minutes, {still_open} open; {delivered} delivered, {refunded} of "
        f"them refunded; {innocent} innocent ones failed; {soak.reconciled} runs of the reconciler"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Real Prefect against the real daemon, for a long time.")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder, with all logs")
    options = parser.parse_args()

    def interrupted(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt(signal.Signals(number).name)

    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(how, interrupted)
    print(f"python -m prefect_table.soak --minutes {options.minutes:g} --seed {options.seed}", flush=True)
    lab = Lab(Path(tempfile.mkdtemp(prefix="ls-")), **AUTOMATIONS)
    keep, wrong = options.keep, True
    try:
        # They import Prefect, which reads its settings from the environment that the lab has made.
        from prefect_table import prefect_side, soak_automation

        lab.start("--detach-grace", "30")
        soak_automation.make()
        prefect_side.make_pool(POOL, str(FLOWS), "soaked.py:work")
        lab.worker_of(POOL, lab.daemon, "--limit", "4")
        soak = Soak(lab, options.minutes, options.seed)
        outcomes = soak.run()
        with Client(lab.daemon.socket, timeout=PATIENCE) as client:
            audit = client.audit()
        show(outcomes, soak, options.minutes)
        findings = [*soak.broken, *(words for outcome in outcomes for words in outcome.wrong)]
        findings += [] if audit.ok else [f"the audit: {audit}"]
        withdrawn = sum(outcome.case is WITHDRAWN for outcome in outcomes)
        if withdrawn * MOST_WITHDRAWN > len(outcomes):
            findings.append(f"Prefect made no run for {withdrawn} of {len(outcomes)} projects")
        print("\n".join(findings) or "nothing is wrong")
        wrong = bool(findings) or not outcomes
    except BaseException:
        print(lab.logs_of(None))
        traceback.print_exc()
        keep = True
    finally:
        lab.close(keep=keep or wrong)
    sys.stdout.flush()
    os._exit(1 if wrong else 0)  # and not wait for threads whose processes are gone


if __name__ == "__main__":
    main()
