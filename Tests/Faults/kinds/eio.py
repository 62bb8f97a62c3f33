"""A disk that stops writing under a real kernel: EIO comes late, from fdatasync, and the page cache then holds as clean
what is not on the disk. The daemon must stop, and neither it nor one started after it in the same kernel may build on
such pages."""

import random
import threading
import time

from testkit.pace import patience
from kinds.uml import CLERKS, LONGEST, begin, look, prepare
from parts import teller
from parts.clerk import Clerk, Unknown
from parts.machine import DISK, Machine, make_disk

TITLE = "disk error under a real kernel, restart, power cut"
# Of ERRORS each.
SHORT, LONG = 1, 50
ERRORS = 3
LEAST = ERRORS * SHORT, ERRORS * LONG
PATIENCE = patience(60)  # seconds within which the daemon notices, under load and on a busy machine
LOWEST = 1 << 20  # the first offset from which writes fail: below it is what no file can do without
__all__ = ["case", "prepare"]


def fail(case, machine, clerks):
    """Returns how the daemon ended. The writes fail on a part of the disk; if nobody notices, on nearly all of it."""
    # The journal is in 2..6 MiB: beyond that only data fails, and the file system does not even turn read-only.
    beyond = case.rng.choice([LOWEST, case.rng.randrange(LOWEST, DISK // 2), 6 << 20, 7 << 20])
    first = case.rng.uniform(0, LONGEST / 2)
    timers = [threading.Timer(first, machine.fail_writes, [beyond]),
              threading.Timer(first + LONGEST, machine.fail_writes, [LOWEST])]
    for timer in timers:
        timer.start()
    try:
        end = time.monotonic() + PATIENCE
        teller.play(clerks, machine.line, until=lambda: machine.has_spoken() or time.monotonic() > end)
    finally:
        for timer in timers:
            timer.cancel()
            timer.join()
    return machine.hear() if machine.has_spoken() else "it goes on"


def go_on(case, machine, clerks):
    """The disk writes again, and in the same kernel the daemon is started again, as systemd does."""
    machine.fail_writes(None)
    end = machine.start(range(CLERKS + 1, 2 * CLERKS + 1))
    try:
        if end:
            raise ConnectionError(f"it does not start: {end}")
        teller.settle(clerks, machine.line)
        cut = threading.Timer(case.rng.uniform(0, LONGEST), machine.cut)
        cut.start()
        teller.play(clerks, machine.line)
        cut.join()
    except (ConnectionError, TimeoutError, Unknown) as error:
        # A line of that kernel does not always tell that its other end has gone; who hangs says nothing here either.
        end = end or machine.hear()
        holds = machine.has_aborted() and end in ("exit 73", "exit 74")
        case.expect(holds, "wrong", f"{end}, but the disk writes again: {error}: {machine.last_words()}")


def case(case):
    make_disk(case.folder / "disk")
    machine = Machine(case.tools / "root", case.folder / "disk", case.folder)
    clerks = [Clerk(n, random.Random(case.rng.random())) for n in range(CLERKS)]
    try:
        for number in range(1, ERRORS + 1):
            begin(case, machine, clerks)
            end = fail(case, machine, clerks)
            case.expect(end == "exit 74", "wrong", f"{end} after error {number}: {machine.last_words()}")
            if case.rng.random() < 0.7:
                go_on(case, machine, clerks)
            machine.cut()
            look(case, machine, clerks, f"after error {number}")
            if case.findings:
                return number
        begin(case, machine, clerks)
        machine.off()
        look(case, machine, clerks, "at the end")
        return ERRORS
    finally:
        machine.cut()
        teller.save(clerks, case.folder)
