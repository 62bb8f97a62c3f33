"""SIGKILL at a random moment under load, sometimes also in the middle of the start that follows."""

import random
import signal
import threading
import time

from harness.daemon import Daemon
from parts import checker, teller
from parts.clerk import Clerk

TITLE = "SIGKILL at a random moment under load"
# Of KILLS each.
SHORT, LONG = 10, 1000
KILLS = 20
LONGEST = 0.06  # seconds of work before a kill


def kill_after(daemon, seconds):
    threading.Timer(seconds, daemon.process.kill).start()


def case(case):
    daemon = Daemon(case.binaries / "lifecycled", case.folder)
    clerks = [Clerk(n, random.Random(case.rng.random())) for n in range(4)]
    try:
        daemon.start()
        for number in range(KILLS):
            kill_after(daemon, case.rng.uniform(0, LONGEST))
            teller.play(clerks, daemon.socket)
            daemon.process.wait(30)
            if case.rng.random() < 0.2:
                daemon.launch()
                time.sleep(case.rng.uniform(0, 0.05))
                daemon.kill()
            # The daemon takes in the WAL itself: reading the file here would do it in its place.
            daemon.start()
            teller.settle(clerks, daemon.socket)
            if case.findings:
                return number + 1
        daemon.end(signal.SIGTERM)
        checker.check(case, daemon.database, clerks, "at the end")
        case.expect(any(clerk.found_applied for clerk in clerks), "wrong", "no kill hit a daemon at work")
        return KILLS
    finally:
        daemon.kill()
        if case.findings:
            teller.save(clerks, case.folder)
