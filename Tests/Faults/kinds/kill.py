"""SIGKILL at a random moment under load: also in a checkpoint, in a backup, in an orderly stop, and in the start that
follows."""

import os
import random
import signal
import threading
import time

from testkit.daemon import Daemon
from testkit.wire import Connection, Gone
from parts import checker, teller
from parts.clerk import Clerk

TITLE = "SIGKILL at a random moment under load"
# Of KILLS each.
SHORT, LONG = 10, 1000
KILLS = 20
LEAST = SHORT * KILLS, LONG * KILLS
LONGEST = 0.06  # seconds of work before a kill
BULK = 15000  # bytes of metadata, with which the WAL soon has the 4096 pages at which it is copied into the database


def case(case):
    daemon = Daemon(case.binaries / "lifecycled", case.folder)
    clerks = [Clerk(n, random.Random(case.rng.random())) for n in range(4)]
    # Each once at least, of which a checkpoint takes the longest.
    lives = [in_checkpoint, in_backup, in_stop] + case.rng.choices(
        [at_work, in_backup, in_stop], [7, 1, 1], k=KILLS - 3)
    case.rng.shuffle(lives)
    try:
        daemon.start()
        for live in lives:
            live(case, daemon, clerks)
            daemon.process.wait(30)
            if case.rng.random() < 0.2:
                daemon.launch()
                time.sleep(case.rng.uniform(0, 0.05))
                daemon.kill()
            # The daemon takes in the WAL itself: reading the file here would do it in its place.
            daemon.start()
            teller.settle(clerks, daemon.socket)
        daemon.end(signal.SIGTERM)
        checker.check(case, daemon.database, clerks, "at the end")
        case.expect(any(clerk.found_applied for clerk in clerks), "wrong", "no kill hit a daemon at work")
        return KILLS
    finally:
        daemon.kill()
        teller.save(clerks, case.folder)


# MARK: When it is killed


def at_work(case, daemon, clerks):
    threading.Timer(case.rng.uniform(0, LONGEST), daemon.process.kill).start()
    teller.play(clerks, daemon.socket)


def in_checkpoint(case, daemon, clerks):
    """Or just after it."""
    delay = case.rng.uniform(0, 0.02)

    def kill():
        before = os.stat(daemon.database).st_mtime_ns
        while os.stat(daemon.database).st_mtime_ns == before and process.poll() is None:
            time.sleep(0.0005)
        time.sleep(delay)
        process.kill()

    process, thread = daemon.process, threading.Thread(target=kill)
    thread.start()
    usual = clerks[0].bulk
    for clerk in clerks:
        clerk.bulk = BULK
    teller.play(clerks, daemon.socket)
    for clerk in clerks:
        clerk.bulk = usual
    thread.join()


def in_backup(case, daemon, clerks):
    def back_up():
        try:
            with Connection(daemon.socket) as connection:
                connection.call("backup", {"path": name})
        except Gone:
            pass

    name = f"{case.rng.getrandbits(32)}.db"
    thread = threading.Thread(target=back_up)
    thread.start()
    at_work(case, daemon, clerks)
    thread.join()


def in_stop(case, daemon, clerks):
    process, moment = daemon.process, case.rng.uniform(0, LONGEST)
    threading.Timer(moment, process.terminate).start()
    threading.Timer(moment + case.rng.uniform(0, 0.02), process.kill).start()
    teller.play(clerks, daemon.socket)
