"""Negative controls: the daemon broken on purpose, which the harness's own detectors must notice. A mutant that survives is
a finding, as is one that is caught as something else; and so is anything found in the daemon as it is."""

import random
import re
import signal
import sys
import time

from harness.daemon import Daemon
from kinds import kill
from parts import checker, saboteur, teller
from parts.case import Case
from parts.clerk import Clerk
from parts.mutations import MUTANTS, SHORT as FIRST

TITLE = "negative controls: mutants that must be caught"
LIVE = float(__import__("os").environ.get("LIVE","2"))  # seconds of calls a try


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


DETECTORS = {"kill": kill.case, "live": live, "ledger": live}
CONTROLS = sorted(DETECTORS)
SHORT = len(FIRST)
LONG = len(MUTANTS) + len(CONTROLS)


# MARK: The cases: first the mutants, in their order, then each detector at the daemon as it is.

def prepare(tools, binaries):
    saboteur.build(tools)


def case(case):
    if case.number >= len(MUTANTS):
        return control(case, CONTROLS[case.number - len(MUTANTS)])
    mutant = MUTANTS[case.number]
    start = time.monotonic()
    tries, findings, idle = 0, [], []
    while not findings and time.monotonic() - start < mutant.within:
        sabotage = saboteur.Sabotage(case.folder / f"b{tries}", case.tools, case.binaries, mutant.rules)
        findings = detect(case, mutant.by, sabotage.binaries, tries)
        idle = sabotage.idle()
        tries += 1
    seconds = time.monotonic() - start
    told = "; ".join(f"{what}: {text.splitlines()[0]}" for what, text in findings)
    case.expect(not idle, "wrong", f"{mutant.name}: nothing was broken by {idle}")
    if not findings:
        case.find("wrong", f"{mutant.name}: survived {tries} tries of {mutant.by} in {seconds:.0f} s")
    elif not re.search(mutant.says, told):
        case.find("wrong", f"{mutant.name}: {mutant.by} was to find {mutant.says!r}, not {told}")
    if case.is_long:
        tell(f"{mutant.name:<45} {mutant.by:<8}{seconds:6.1f} s  {told[:150]}")
    return tries


def control(case, name):
    for finding in detect(case, name, case.binaries, 0):
        case.findings.append(finding)
    return 1


def detect(outer, name, binaries, number):
    folder = outer.folder / str(number)
    folder.mkdir()
    inner = Case(f"{outer.kind}-{outer.number}", number, outer.seed, False, binaries, outer.tools, folder)
    try:
        DETECTORS[name](inner)
    except TimeoutError as error:
        inner.find("hung", str(error))
    except Exception as error:
        inner.find("wrong", f"{type(error).__name__}: {error}")
    return inner.findings


def tell(line):
    print(line, file=sys.stderr, flush=True)
