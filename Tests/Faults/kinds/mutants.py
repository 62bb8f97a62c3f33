"""Negative controls: the daemon broken on purpose, which the harness's own detectors must notice. A mutant that
survives is a finding, as is one that is caught as something else or that breaks nothing; and so is anything found
where the library that breaks the daemon is there and has nothing to do."""

import random
import re
import signal
import sqlite3
import sys
import time

from testkit.daemon import Daemon
from kinds import history, kill, power, syncerror
from parts import checker, overdue, recording, saboteur, second, teller
from parts.case import Case
from parts.clerk import Clerk
from parts.mutations import FIRST, REST, Mutant

TITLE = "negative controls: mutants that must be caught"
# What a try is.
LIVE = 2  # seconds
STATES = 100
CALLS = 5000


# MARK: The detectors. Each is as `case` of a kind: it finds, or raises.

def live(case):
    """No fault at all: only what the clerks are answered, and the file afterwards."""
    daemon = Daemon(case.binaries / "lifecycled", case.folder)
    clerks = [Clerk(n, random.Random(case.rng.random())) for n in range(4)]
    try:
        daemon.start()
        end = time.monotonic() + LIVE
        teller.play(clerks, daemon.socket, until=lambda: time.monotonic() > end)
        teller.settle(clerks, daemon.socket)
        daemon.end(signal.SIGTERM)
        checker.check(case, daemon.database, clerks, "at the end")
        return 1
    finally:
        daemon.kill()


DETECTORS = {
    "live": live, "kill": kill.case, "overdue": overdue.detect, "second": second.detect,
    "power": lambda case: power.detect(case, STATES),
    "checkpoint": lambda case: power.detect(case, STATES, until_checkpoint=True),
    "syncerror": syncerror.case, "history": lambda case: history.play(case, CALLS),
}


def control(name):
    return Mutant(f"nothing broken, {name}", name, None, ())


QUICK = ("live", "kill")
CASES = [*FIRST, *map(control, QUICK), *REST, *(control(name) for name in DETECTORS if name not in QUICK)]
SHORT = len(FIRST) + len(QUICK)
LONG = len(CASES)
LEAST = SHORT, LONG


def prepare(tools, binaries):
    saboteur.build(tools)
    recording.build(tools)


def case(case):
    mutant = CASES[case.number]
    if mutant.until and sqlite3.sqlite_version_info >= mutant.until:
        return case.skip(f"{mutant.name}: nothing comes of it since SQLite {'.'.join(map(str, mutant.until))}")
    start, tries, findings = time.monotonic(), 0, []
    while not findings and time.monotonic() - start < mutant.within and (mutant.rules or not tries):
        sabotage = saboteur.Sabotage(case.folder / f"b{tries}", case.tools, case.binaries, mutant.rules)
        findings = detect(case, mutant.by, sabotage.binaries, tries)
        idle = sabotage.idle()
        tries += 1
    seconds = time.monotonic() - start
    told = " ".join("; ".join(f"{what}: {text}" for what, text in findings).split())
    if mutant.rules:
        judge(case, mutant, tries, idle, told)
    else:
        case.findings += findings
    if case.is_long:
        print(f"{mutant.name:<52} {mutant.by:<10}{seconds:6.1f} s  {told[:150]}", file=sys.stderr, flush=True)
    return tries


def judge(case, mutant, tries, idle, told):
    case.expect(not idle, "wrong", f"{mutant.name}: nothing was broken by {idle}")
    if not told:
        case.find("wrong", f"{mutant.name}: survived {tries} tries of {mutant.by}")
    elif not re.search(mutant.says, told):
        case.find("wrong", f"{mutant.name}: {mutant.by} was to find {mutant.says!r}, not {told[:1000]}")


def detect(outer, name, binaries, number):
    folder = outer.folder / str(number)
    folder.mkdir()
    inner = Case(f"{outer.kind}-{outer.number}", number, outer.seed, False, binaries, outer.tools, folder)
    inner.attempt(DETECTORS[name], lambda error: f"{error}{last_words(folder)}")
    return inner.findings


def last_words(folder):
    """What the daemon said of its own end, where that is what was noticed."""
    log = folder / "log"
    said = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    grave = [line for line in said if " critical " in line or " error " in line]
    return f"; the daemon said: {grave[-1]}" if grave else ""

