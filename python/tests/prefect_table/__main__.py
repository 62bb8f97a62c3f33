"""Real Prefect against the real daemon: a table of what comes of a flow in each kind of death.

Usage: python -m prefect_table [--table short|full] [--only WORDS] [--jobs N] [--shuffle SEED] [--busy N] [--keep]
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from prefect_table.lab import PAUSE, Lab, Work
from prefect_table.scenario import ALL, ATTACHED, RECONCILER, Row, Scenario, is_untouched


def play(lab: Lab, scenario: Scenario) -> Row:
    """Run one scenario to the end of its project."""
    row = Row(scenario)
    try:
        grace = scenario.detach_grace
        flags = () if grace is None else ("--detach-grace", str(grace))
        work = lab.work(lab.own_daemon(*flags) if scenario.own_daemon else None, **scenario.options)
        row.work = work
        scenario.act(lab, work)
        work.ended()
        row.measure(work, lab.tools)
        if work.neighbour is not None:
            is_untouched(work.neighbour, scenario.neighbour)
        lab.retire(work)
    except Exception as error:
        row.wrong.append(f"{type(error).__name__}: {error}")
        traceback.print_exc()
    after = "" if row.seconds is None else f" after {row.seconds:.1f} s"
    print(f"  {scenario}: {row.status} {row.code or ''} ({'+'.join(row.money)}) by {row.by}{after}", flush=True)
    return row


def show(rows: list[Row]) -> None:
    """The table."""
    columns = ["situation", "started by", "project", "errorCode", "entries", "after", "closed by", "run in Prefect"]
    columns.append("another's in the process")
    lines = [
        [
            row.scenario.name,
            row.scenario.mode,
            row.status,
            row.code or "",
            "+".join(row.money),
            "" if row.seconds is None else f"{row.seconds:.1f} s",
            row.by,
            row.prefect or "none",
            row.scenario.neighbour if row.work is not None and row.work.neighbour is not None else "",
        ]
        for row in rows
    ]
    widths = [max(len(line[i]) for line in [columns, *lines]) for i in range(len(columns))]
    for line in [columns, ["-" * width for width in widths], *lines]:
        print("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |")


def run(lab: Lab, scenarios: list[Scenario], jobs: int) -> list[Row]:
    """All of them, `jobs` at a time, and then once more a look at each: nothing may have come later."""
    if any(scenario.mode == "serve()" for scenario in scenarios):
        lab.serve("served", lab.daemon)
    if any(scenario.mode == "process worker" for scenario in scenarios):
        lab.worker("pool", lab.daemon)
    # Those that wait for a clock first, so that the others run meanwhile. A reconciler closes whatever has ended
    # unreported, also what a slow hook is about to report: each comes alone, when all others are over.
    waiting = sorted(scenarios, key=lambda scenario: scenario.by != ATTACHED)
    alone = [scenario for scenario in waiting if scenario.by == RECONCILER]
    together = [scenario for scenario in waiting if scenario not in alone]
    played: dict[Scenario, Row] = dict(
        zip(together, ThreadPoolExecutor(jobs).map(partial(play, lab), together), strict=True)
    )
    played |= {scenario: play(lab, scenario) for scenario in alone}
    rows = [played[scenario] for scenario in scenarios]
    read_states(rows)
    for row in rows:
        if row.work is not None and not row.wrong:
            try:
                check(row, row.work, lab)
            except Exception as error:
                row.wrong.append(f"{type(error).__name__}: {error}")
        if row.work is not None and row.wrong:
            print(f"=== {row.scenario}\n{lab.logs_of(row.work)}")
    return rows


def read_states(rows: list[Row]) -> None:
    """How Prefect has the runs. It may get there only after the project has."""
    from prefect_table import prefect_side

    end = time.monotonic() + 60
    while True:
        states = prefect_side.states_by_project()
        for row in rows:
            row.prefect = states.get(row.work.project, "") if row.work is not None else ""
        if time.monotonic() > end or all(row.wrong or row.is_as_wanted_in_prefect for row in rows):
            return
        time.sleep(PAUSE)


def check(row: Row, work: Work, lab: Lab) -> None:
    """Look at what came of it, and at the user's money."""
    row.measure(work, lab.tools)
    row.judge()
    balance = work.client.get_balance(work.user)
    if (balance.available, balance.held) != (100 if row.status == "failed" else 90, 0):
        row.wrong.append(f"the user's balance is {balance}")
    if not work.client.audit().ok:
        row.wrong.append("the audit found something")


def interrupted(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)  # cleaning up goes on, however often it is pressed
    raise KeyboardInterrupt(signal.Signals(number).name)


def main() -> int:
    parser = argparse.ArgumentParser(description="Real Prefect against the real daemon.")
    parser.add_argument("--table", choices=["short", "full"], default="short")
    parser.add_argument("--only", default="", help="rows whose name or mode contains this, or one of these: A|B")
    parser.add_argument("--jobs", type=int, default=4, help="scenarios at once (default: 4)")
    parser.add_argument("--shuffle", type=int, help="play them in the order that this number makes")
    parser.add_argument("--busy", type=int, default=0, help="processes that do nothing but use a core (default: none)")
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder, with all logs")
    options = parser.parse_args()
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(how, interrupted)
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="lt-"))
    lab = Lab(folder)
    try:
        lab.start()
        # They import Prefect, which reads its settings from the environment that the lab has made.
        for name in sorted(file.stem for file in Path(__file__).parent.glob("scenarios_*.py")):
            importlib.import_module(f"prefect_table.{name}")
        wanted = options.only.split("|")
        chosen = [s for s in ALL if options.table == "full" or not s.full_only]
        chosen = [s for s in chosen if any(words in str(s) for words in wanted)]
        if options.shuffle is not None:
            random.Random(options.shuffle).shuffle(chosen)
        for number in range(options.busy):
            lab.processes.start(f"busy-{number}", sys.executable, "-c", "while True: pass")
        rows = run(lab, chosen, options.jobs)
    except BaseException:
        print(lab.logs_of(None))
        lab.close(keep=options.keep)
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)  # and not wait for scenarios whose processes are gone
    lab.close(keep=options.keep)
    show(rows)
    wrong = [row for row in rows if row.wrong]
    for row in wrong:
        print(f"{row.scenario}: {'; '.join(row.wrong)}")
    print(f"{len(rows) - len(wrong)} passed, {len(wrong)} failed in {time.monotonic() - started:.0f} s")
    return 1 if wrong or not rows else 0


sys.exit(main())
