"""A disk that is full, of other things or of our own log, and one that turns read-only."""

import os
import signal
import subprocess
import sys
import threading

from testkit.wire import Connection
from . import teller
from .bench import PATIENCE, Bench
from .books import NOT_DONE, TERMINAL
from .clerk import READS
from .exhaust import ended, recover
from .limits import states, wait_for
from .smalldisk import SmallDisk


def full_memory_disk(case):
    return full_disk(case, "tmpfs")


def full_ext4_disk(case):
    return full_disk(case, "ext4")


def full_disk(case, kind):
    disk = SmallDisk(case.folder / "m", kind)
    bench = Bench(case, case.folder / "d", state=disk.path)
    try:
        bench.daemon.start()
        bench.work(300)
        bench.recover()
        threading.Timer(0.05, disk.fill).start()
        bench.play(lambda: "storageFull" in not_done(bench) or bench.calls > 20_000)
        case.expect(not_done(bench) == {"storageFull"}, "wrong", f"a full disk is answered with {not_done(bench)}")
        case.expect(bench.is_running, "wrong", f"a full disk ended it: {bench.daemon.last_words()}")
        settle_on_full_disk(bench)
        if case.rng.random() < 0.5:  # also a start
            bench.daemon.kill()
            bench.examine("killed on a full disk")
            bench.daemon.start()
            settle_on_full_disk(bench)
        disk.empty()
        before = sum(clerk.not_done.total() for clerk in bench.clerks)
        bench.recover()
        bench.work(100)
        refused = sum(clerk.not_done.total() for clerk in bench.clerks) - before
        case.expect(not refused, "wrong", f"with space again {refused} calls were refused")
        bench.recover()
        recover(bench, "after the full disk")
        bench.close("at the end")
        return 1
    finally:
        bench.discard()
        disk.close()


class Reader:
    """Another program that has begun to read the database and does not end, so that its log can only grow."""

    SCRIPT = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN');"
        "c.execute('SELECT count(*) FROM project').fetchall(); print(1, flush=True); sys.stdin.read()"
    )

    def __init__(self, database):
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.SCRIPT, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def leave(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(PATIENCE)


def held_log(case):
    disk = SmallDisk(case.folder / "m", case.rng.choice(["tmpfs", "ext4"]), megabytes=case.rng.choice([64, 96, 128]))
    bench = Bench(case, case.folder / "d", state=disk.path)
    reader = None
    try:
        bench.daemon.start()
        bench.work(300)
        bench.recover()
        reader = Reader(bench.daemon.database)
        bench.play(lambda: "storageFull" in not_done(bench) or bench.calls > 200_000)
        case.expect(not_done(bench) == {"storageFull"}, "wrong", f"a disk full of the log is answered with {not_done(bench)}")
        settle_on_full_disk(bench)
        for ending in case.rng.choices(["kill", "end"], k=2):
            getattr(bench.daemon, ending)()
            bench.examine(f"after {ending} beside a reader")
            bench.daemon.start()
            settle_on_full_disk(bench)
        reader.leave()
        case.expect(wait_for(lambda: not refuses_charges(bench), PATIENCE), "hung", "the reader has gone, and charges are refused")
        before = sum(clerk.not_done.total() for clerk in bench.clerks)
        bench.recover()
        bench.work(100)
        refused = sum(clerk.not_done.total() for clerk in bench.clerks) - before
        case.expect(not refused, "wrong", f"with the reader gone {refused} calls were refused")
        recover(bench, "after a log that was held")
        bench.close("at the end")
        return 1
    finally:
        if reader:
            reader.process.kill()
        bench.discard()
        disk.close()


def refuses_charges(bench):
    with Connection(bench.daemon.socket, PATIENCE) as connection:
        gauges = connection.call("getMetrics")["gauges"]
    return any(gauge["name"] == "lifecycle_charges_refused" and gauge["value"] for gauge in gauges)


def not_done(bench):
    return {kind for clerk in bench.clerks for kind in clerk.not_done}


def settle_on_full_disk(bench):
    """All projects but some are given back."""
    for clerk in bench.clerks:
        with Connection(bench.daemon.socket, PATIENCE) as connection:
            settle_unanswered(clerk, connection)
            alive = [key for key, project in clerk.books.projects.items() if project.status not in TERMINAL]
            for key in alive[len(alive) // 3:]:
                call = clerk.report(key, "failed")
                answer = ask(connection, call)
                if "error" in answer and answer["error"]["data"]["kind"] in NOT_DONE:
                    return bench.case.find("wrong", f"on a full disk a refund is answered {answer}")
                clerk.calls.append(call)
                clerk.enter(call, answer, is_repeated=False)
                clerk.answered += 1
    return None


def settle_unanswered(clerk, connection):
    """As `Clerk.settle`; what the full disk refuses was not done, and is forgotten."""
    for call in clerk.unsettled:
        if call.method in READS or isinstance(clerk.books.copy().apply(call), str):
            continue
        answer = ask(connection, call)
        if "error" not in answer or answer["error"]["data"]["kind"] != "storageFull":
            clerk.enter(call, answer, is_repeated=True)
    clerk.unsettled = []


def ask(connection, call):
    connection.socket.sendall(teller.request(call))
    return connection.line()


def turn_read_only(disk, pid):
    """Between two calls of the daemon: a sync during the remount itself is answered with 0 by ext4 (Linux 6.18) and not
    done, as also six writes and a sync in a loop, without any daemon, show."""
    os.kill(pid, signal.SIGSTOP)
    try:
        if wait_for(lambda: states(pid) == {"T"}, PATIENCE):
            disk.turn_read_only()
    finally:
        os.kill(pid, signal.SIGCONT)


def read_only_disk(case):
    disk = SmallDisk(case.folder / "m", "ext4")
    bench = Bench(case, case.folder / "d", state=disk.path)
    try:
        bench.daemon.start()
        bench.work(100)
        bench.recover()
        # In use it cannot be remounted, and goes on.
        done = subprocess.run(["mount", "-o", "remount,ro", disk.path], capture_output=True, text=True, check=False)
        case.expect(done.returncode != 0, "wrong", "a file system that is written to was remounted read-only")
        bench.work(50)
        bench.recover()
        threading.Timer(case.rng.uniform(0.02, 0.2), turn_read_only, [disk, bench.daemon.process.pid]).start()
        bench.work(20_000)  # or fewer
        ended(bench, [74])
        bench.daemon.launch()
        ended(bench, [73])
        case.expect("ead-only" in bench.daemon.last_words(), "wrong", f"not clear: {bench.daemon.last_words()}")
        disk.repair()
        recover(bench, "after the read-only disk")
        bench.close("at the end")
        return 1
    finally:
        bench.discard()
        disk.close()
