"""Power cuts of a real kernel: the daemon on ext4 in User Mode Linux, the clerks outside of it at the ends of serial
lines, so that what counts as acknowledged is what had left the machine when it died. The last case is a negative
control: a daemon whose syncs do nothing must be caught."""

import random
import threading
import time
from dataclasses import replace

from parts import checker, saboteur, teller
from parts.case import Skipped
from parts.clerk import Clerk
from parts.machine import Machine, make_disk, make_root
from parts.tools import command, tool

TITLE = "real kernel power cut (User Mode Linux, ext4)"
# Of CUTS each, and the negative control.
SHORT, LONG = 2, 101
CUTS = 5
LEAST = CUTS * (SHORT - 1), CUTS * (LONG - 1)
LONGEST = 1.0  # seconds of work before a cut
CLERKS = 4
MOUNTS = ("data=ordered", "data=ordered,commit=1", "data=writeback", "data=journal")
SPEECHLESS = "the syncs of the daemon did nothing, and no power cut has shown it"


def prepare(tools, binaries):
    try:
        for name in ("linux.uml", "busybox", "mkfs.ext4", "e2fsck", "debugfs"):
            tool(name)
    except FileNotFoundError as error:
        raise Skipped(str(error)) from error
    make_root(tools / "root", binaries / "lifecycled")
    make_root(tools / "broken", binaries / "lifecycled")
    sabotage(tools / "broken")
    probe(tools)


def probe(tools):
    """Where it may not trace, or not execute what is in the memory that it shares, the kernel ends before it is one."""
    make_disk(tools / "disk")
    machine = Machine(tools / "root", tools / "disk", tools)
    try:
        machine.boot(0)
        machine.expect("up")
    except (AssertionError, ConnectionError):
        if "panic" in machine.last_words():
            raise
        raise Skipped(f"linux.uml does not start here: {machine.last_words().strip()}") from None
    finally:
        machine.cut()


def sabotage(root):
    """The guest's root is read-only, and the saboteur counts beside its plan."""
    saboteur.build(root)
    saboteur.write_plan(root / "plan", [saboteur.Rule("no-sync", "l.db")])
    daemon = root / "bin/lifecycled"
    daemon.rename(root / "bin/real")
    daemon.write_text(
        '#!/bin/sh\ncat /plan >/run/plan\nSABOTEUR=/run/plan LD_PRELOAD=/saboteur.so exec /bin/real "$@"\n')
    daemon.chmod(0o755)


def options(rng):
    """How the kernel of this boot writes: when its own time has come, or so soon that at any moment a part is on the
    disk."""
    eager = ["writeback=5"] if rng.random() < 0.5 else []
    return [f"disk={rng.choice(MOUNTS)}", *eager]


def begin(case, machine, clerks):
    """Twice the lines, for another daemon in the same boot."""
    machine.boot(2 * CLERKS, *options(case.rng))
    machine.expect("up")
    if end := machine.start(range(1, CLERKS + 1)):
        raise AssertionError(f"the daemon does not start on what the cut left: {end}: {machine.last_words()}")
    teller.settle(clerks, machine.line)


def look(case, machine, clerks, about):
    """Holds what is on the disk to the books, with nothing of the guest's: e2fsck replays the journal of a copy."""
    disk, database = case.folder / "copy", case.folder / "l.db"
    database.unlink(missing_ok=True)
    command("cp", "--sparse=always", machine.disk, disk)
    command("e2fsck", "-fp", disk, codes=(0, 1))
    for end in ("", "-wal"):  # says so and leaves none where there is none
        command("debugfs", "-R", f"dump /state/l.db{end} {database}{end}", disk)
    checker.check(case, database, clerks, about)


def case(case):
    if case.number != (LONG if case.is_long else SHORT) - 1:
        return cuts(case, "root")
    inner = replace(case, findings=[])
    inner.attempt(lambda case: cuts(case, "broken"))
    case.expect({what for what, _ in inner.findings} & {"lost", "corrupt"}, "wrong", f"{SPEECHLESS}: {inner.findings}")
    return 0


def cuts(case, root):
    make_disk(case.folder / "disk")
    machine = Machine(case.tools / root, case.folder / "disk", case.folder)
    clerks = [Clerk(n, random.Random(case.rng.random())) for n in range(CLERKS)]
    try:
        for number in range(1, CUTS + 1):
            begin(case, machine, clerks)
            cut = threading.Timer(case.rng.uniform(0, LONGEST), machine.cut)
            cut.start()
            teller.play(clerks, machine.line)
            cut.join()
            look(case, machine, clerks, f"after cut {number}")
            if case.rng.random() < 0.3:  # and again, before it serves or just then
                machine.boot(0, *options(case.rng))
                machine.say("start")
                time.sleep(case.rng.uniform(0.1, 1.2))
                machine.cut()
                look(case, machine, clerks, f"after cut {number}, and another at the start")
            if case.findings:
                return number
        begin(case, machine, clerks)
        end = machine.off()
        case.expect(end == "exit 0", "wrong", f"the daemon ended with {end} after SIGTERM: {machine.last_words()}")
        look(case, machine, clerks, "at the end")
        case.expect(any(clerk.answered for clerk in clerks), "wrong", "no cut hit a daemon at work")
        return CUTS
    finally:
        machine.cut()
        teller.save(clerks, case.folder)
