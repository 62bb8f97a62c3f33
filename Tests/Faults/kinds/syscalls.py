"""Every system call on the daemon's files fails: at its start, under load, at a checkpoint, in a backup, at its stop. strace
says EIO, ENOSPC, EINTR or what is that call's own; a preloaded library does writes and reads by half, which strace cannot."""

import errno
import shutil
import signal
import subprocess
import time
from pathlib import Path

from harness.wire import Connection, Gone
from parts import checker, faultspace, teller
from parts.bench import PATIENCE, Bench
from parts.clerk import Unknown
from parts.trace import Trace

TITLE = "every storage system call fails (strace), or is done by half"
# Of FAULTS each, of which some are not reached: the daemon makes that call less often this time.
FAULTS = 10
SHORT, LONG = 58, -(-len(faultspace.everything()) // FAULTS)
MOST_CALLS = 3000  # in one ledger
SCRIPT = {False: 150, True: 5000}  # the calls under load
STEP = 0.04  # seconds of work after the fault
FRAMES = 4030  # of the WAL: the daemon copies it into the database when there are 4096
LEDGER = ("l.db>", "l.db-wal>")
# Seconds: SQLite tries for ten to lock its shared memory, the writer and a read after it; only then the daemon can end.
LOCK_PATIENCE = 30


def prepare(tools, binaries):
    source = Path(__file__).parent.parent / "native/short.c"
    subprocess.run(
        ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", tools / "short.so", source, "-ldl"], check=True)
    subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], check=True)


def case(case):
    count = SHORT * FAULTS
    space = faultspace.everything() if case.is_long else faultspace.sample(count, case.seed)
    runs, bench = 0, None
    try:
        for number, fault in enumerate(space[case.number * FAULTS:(case.number + 1) * FAULTS]):
            if bench is None or bench.calls > MOST_CALLS or fault.act in ("first start", "checkpoint") or case.is_long:
                if bench:
                    bench.close("at the end of a ledger")
                    shutil.rmtree(bench.folder)
                bench = make_bench(case, case.folder / str(number), fault)
            run = Run(case, bench, fault)
            try:
                run.go()
            finally:
                run.trace.detach()
            runs += run.is_hit
            if case.findings:
                return runs
        bench.close("at the end")
        return runs
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{fault}, {run.hits()[:1]}: it has not ended in {run.patience} s") from error
    except Exception as error:
        error.add_note(f"{fault}, {run.hits()[:1]}")
        raise
    finally:
        if bench:
            bench.discard()


def make_bench(case, folder, fault):
    if fault.act == "checkpoint":
        return Bench(case, folder, bulk=15000)
    return Bench(case, folder, clerks=12) if case.is_long else Bench(case, folder)


class Run:
    """One fault: what the daemon does meanwhile, what it says, and what is there afterwards."""

    def __init__(self, case, bench, fault):
        self.case, self.bench, self.fault = case, bench, fault
        self.is_half = fault.act == "half"
        self.mark = case.folder / "mark"
        self.mark.unlink(missing_ok=True)
        self.trace = Trace(
            bench.folder, case.folder / "trace", fault.call, fault.error.rstrip("+"), fault.when,
            everywhere=fault.act == "backup")
        self.patience = LOCK_PATIENCE if fault.call == "fcntl" else PATIENCE
        self.hit_at = None
        self.is_serving = False  # it has been
        self.window = 16 if case.is_long else case.rng.choice([1, 6, 6, 16])

    def hits(self):
        return (["done by half"] if self.mark.exists() else []) if self.is_half else self.trace.hits()

    @property
    def is_hit(self):
        return bool(self.hits())

    def go(self):
        act = self.fault.act
        {"first start": self.start, "start after a kill": self.start_after_kill, "start after a stop": self.start_after_stop,
         "half": self.start_after_kill}.get(act, self.while_running)()
        self.go_on()
        self.expect_end()
        self.bench.daemon.kill()
        self.bench.examine(str(self.fault))
        self.bench.recover()

    # MARK: What the daemon does meanwhile

    def start_after_kill(self):
        self.run_plain()
        self.bench.work(20)
        self.bench.recover()
        self.bench.daemon.kill()
        self.start()

    def start_after_stop(self):
        self.run_plain()
        self.bench.daemon.end()
        self.start()

    def start(self):
        daemon, fault = self.bench.daemon, self.fault
        if self.is_half:
            daemon.environment = {
                **daemon.environment, "LD_PRELOAD": str(self.case.tools / "short.so"), "SHORT_CALL": fault.call,
                "SHORT_INDEX": str(fault.index), "SHORT_ERROR": str(getattr(errno, fault.error, 0)),
                "SHORT_FOLDER": str(self.bench.folder), "SHORT_MARK": str(self.mark)}
        else:
            daemon.command = [*self.trace.wrapper, *daemon.command]
        daemon.launch()
        deadline = time.monotonic() + self.patience
        while daemon.process.poll() is None and not self.is_serving:
            if time.monotonic() > deadline:
                raise TimeoutError(f"neither started nor ended in {self.patience} s")
            try:
                Connection(daemon.socket).close()
                self.is_serving = True
            except Gone:
                time.sleep(0.002)
        if self.is_serving:
            self.load(script=SCRIPT[self.case.is_long] if self.is_half else 20)

    def while_running(self):
        self.run_plain()
        if self.fault.act == "checkpoint":
            wal = self.bench.folder / "l.db-wal"
            self.bench.play(lambda: wal.stat().st_size > FRAMES * 4120)
        else:
            self.bench.work(40)
        self.bench.recover()
        self.is_serving = True
        getattr(self, self.fault.act)()

    def run_plain(self):
        if not self.bench.is_running:
            self.bench.recover()

    def load(self, script=None):
        if not self.is_half and not self.bench.daemon.command[0] == "strace":
            self.trace.attach(self.bench.daemon.process.pid)
        goal = self.bench.calls + (script or SCRIPT[self.case.is_long])

        def until():
            if not self.hit_at and self.is_hit:
                self.hit_at = time.monotonic()
            return time.monotonic() > self.hit_at + STEP if self.hit_at else self.bench.calls > goal

        self.bench.play(until, self.window, self.patience)

    checkpoint = load

    def backup(self):
        self.bench.play(lambda: True)  # so that the threads that answer are there
        self.bench.recover()
        name, folder = f"{self.case.rng.getrandbits(32)}.db", self.bench.folder / "backups"
        before = names(folder)  # of those that were killed
        with Connection(self.bench.daemon.socket, self.patience) as connection:
            connection.call("getMetrics")
            self.trace.attach(self.bench.daemon.process.pid)
            connection.send("backup", {"path": name})
            try:
                answer = connection.line()
            except Gone:
                return
        if "result" in answer:
            checker.check(self.case, folder / name, self.bench.clerks, f"the backup: {self.fault}")
            (folder / name).unlink(missing_ok=True)
        else:
            kind = answer["error"]["data"]["kind"]
            self.case.expect(kind in ("backupFailed", "storageUnavailable"), "wrong", f"{self.fault}: {answer}")
            left = names(folder) - before
            may_stay = self.fault.call.startswith("unlink")
            self.case.expect(not left or may_stay, "wrong", f"{self.fault}: a refused backup leaves {left}")

    def stop(self):
        process = self.bench.daemon.process
        self.trace.attach(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(self.patience)

    # MARK: What must hold

    def go_on(self):
        """Nothing fails any more: who is without an answer gets one, unless the daemon ends."""
        is_lifted = self.trace.process or not self.fault.error.endswith("+")
        self.trace.detach()
        if not (self.is_serving and self.bench.is_running and is_lifted):
            return
        try:
            teller.settle(self.bench.clerks, self.bench.daemon.socket, self.patience)
        except (ConnectionError, FileNotFoundError, Unknown):
            self.bench.daemon.process.wait(self.patience)

    def expect_end(self):
        """With which code it has ended, if it has; and that it has, when a sync failed."""
        process, hits = self.bench.daemon.process, self.hits()
        # The daemon's own are tried again when they were only interrupted; SQLite's are not.
        lost = [hit for hit in hits if ("fdatasync(" in hit or "fsync(" in hit and "EINTR" not in hit)
                and any(name in hit for name in LEDGER)]
        if lost:
            try:
                process.wait(self.patience)
            except subprocess.TimeoutExpired:
                return self.case.find("lost", f"{self.fault}: it goes on after {lost[0].strip()}")
        code = process.poll()
        is_stop = self.fault.act == "stop"
        if not hits:
            allowed = [0 if is_stop else None]
        elif is_stop:
            allowed = [74] if lost else [0, 74]
        else:
            # It can be connected to shortly before it has started.
            allowed = [*([None] if self.is_serving else []), *([73] if "start" in self.fault.act or self.is_half else []), 74]
        self.case.expect(
            code in allowed, "wrong", f"{self.fault}: ended with {code}, {hits[:2]}: {self.bench.daemon.last_words()}")


def names(folder):
    return {file.name for file in folder.iterdir()} if folder.exists() else set()
