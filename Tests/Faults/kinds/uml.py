"""Power cuts of a real kernel: the daemon on ext4 in User Mode Linux, the clerks outside of it at the ends of serial lines,
so that what counts as acknowledged is what had left the machine when it died."""

import random
import shutil
import threading
import time
from pathlib import Path

from parts import checker, teller
from parts.clerk import Clerk
from parts.machine import Machine, command, make_disk, make_root

TITLE = "real kernel power cut (User Mode Linux, ext4)"
# Of CUTS each.
SHORT, LONG = 1, 100
CUTS = 5
LONGEST = 1.0  # seconds of work before a cut
CLERKS = 4
MOUNTS = ("data=ordered", "data=ordered,commit=1", "data=writeback", "data=journal")
HERE = Path(__file__).resolve().parent.parent


def prepare(tools, binaries):
    make_root(tools / "root", binaries / "lifecycled", HERE)


def options(rng):
    """How the kernel of this boot writes: when its own time has come, or so soon that at any moment a part is on the disk."""
    eager = ["writeback=5"] if rng.random() < 0.5 else []
    return [f"disk={rng.choice(MOUNTS)}", *eager]


def begin(case, machine, clerks, *environment):
    """environment: NAME=VALUE for the daemon. Twice the lines, for another daemon in the same boot."""
    machine.boot(2 * CLERKS, *options(case.rng), *environment)
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


def case(case, *environment):
    make_disk(case.folder / "disk")
    machine = Machine(case.tools / "root", case.folder / "disk", case.folder)
    clerks = [Clerk(n, random.Random(case.rng.random())) for n in range(CLERKS)]
    try:
        for number in range(1, CUTS + 1):
            begin(case, machine, clerks, *environment)
            cut = threading.Timer(case.rng.uniform(0, LONGEST), machine.cut)
            cut.start()
            teller.play(clerks, machine.line)
            cut.join()
            look(case, machine, clerks, f"after cut {number}")
            if case.rng.random() < 0.3:  # and again, before it serves or just then
                machine.boot(0, *options(case.rng), *environment)
                machine.say("start")
                time.sleep(case.rng.uniform(0.1, 1.2))
                machine.cut()
                look(case, machine, clerks, f"after cut {number}, and another at the start")
            if case.findings:
                return number
        begin(case, machine, clerks, *environment)
        end = machine.off()
        case.expect(end == "exit 0", "wrong", f"the daemon ended with {end} after SIGTERM: {machine.last_words()}")
        look(case, machine, clerks, "at the end")
        case.expect(any(clerk.answered for clerk in clerks), "wrong", "no cut hit a daemon at work")
        return CUTS
    finally:
        machine.cut()
        if case.findings:
            teller.save(clerks, case.folder)
