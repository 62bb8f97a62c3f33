"""Every system call on the daemon's files fails: at its start, under load, at a checkpoint, in a backup, at its stop.
strace says EIO, ENOSPC, EINTR or what is that call's own; a preloaded library does writes and reads by half, which
strace cannot."""

import errno
import shutil
import signal
import subprocess
import time

from testkit.pace import patience
from testkit.wire import Connection, Gone
from parts import checker, faultspace, teller
from parts.bench import Bench
from parts.case import Skipped
from parts.clerk import Unknown
from parts.tools import LIBRARY, compile
from parts.trace import Trace

TITLE = "every storage system call fails (strace), or is done by half"
# Of FAULTS each, of which some are not reached: the daemon makes that call less often this time.
FAULTS = 10
SHORT = 60
LONG = -(-len(faultspace.everything()) // FAULTS) + 1  # and one that counts the calls
LEAST = 500, 20_000
MOST_CALLS = 3000  # in one ledger
SCRIPT = {False: 150, True: 5000}  # the calls under load
STEP = 0.04  # seconds of work after the fault
FRAMES = 4030  # of the WAL: the daemon copies it into the database when there are 4096
LEDGER = ("l.db>", "l.db-wal>")
PATIENCE = patience(5)  # seconds that the daemon may take for anything
# But where a lock cannot be given back: SQLite tries for ten to lock its shared memory, the writer and a read after it,
# and only then the daemon can end.
LOCK_PATIENCE = patience(60)


def prepare(tools, binaries):
    compile(tools / "short.so", *LIBRARY, "short.c", "-ldl")
    traced = subprocess.Popen(["sleep", "60"])
    try:
        trace = Trace(tools, tools / "trace", "close")
        trace.attach(traced.pid)
        trace.detach()
    except (AssertionError, OSError) as error:
        raise Skipped(f"strace cannot trace here: {error}") from error
    finally:
        traced.kill()
        traced.wait()


def case(case):
    with case.in_memory() as folder:  # only the process dies: no sync needs a disk
        return count(case, folder) if case.is_long and case.number == LONG - 1 else fail(case, folder)


def count(case, folder):
    """No fault at all: whether the table of calls has all that the daemon does in what has an end."""
    for act in faultspace.WHOLE:
        bench = make_bench(case, folder / act, act)
        run = Run(case, bench, faultspace.Fault(act, faultspace.names(), "", 0))
        try:
            run.act()
        finally:
            run.trace.detach()
            bench.discard()
        for call, most in run.trace.most().items():
            listed = faultspace.highest(act, call, is_long=True)
            case.expect(most <= listed, "wrong", f"{act}: a thread calls {call} {most} times, and {listed} are tried")
    return 0


def fail(case, folder):
    space = faultspace.everything() if case.is_long else faultspace.sample(SHORT * FAULTS, case.seed)
    runs, bench = 0, None
    try:
        for number, fault in enumerate(space[case.number * FAULTS:(case.number + 1) * FAULTS]):
            if bench is None or bench.calls > MOST_CALLS or fault.act in ("first start", "checkpoint") or case.is_long:
                if bench:
                    bench.close("at the end of a ledger")
                    shutil.rmtree(bench.folder)
                bench = make_bench(case, folder / str(number), fault.act)
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
    except BaseException as error:
        error.add_note(f"{fault}, {run.hits()[:1]}")
        raise
    finally:
        if bench:
            bench.discard()


def make_bench(case, folder, act):
    if act == "checkpoint":
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
            bench.folder, bench.folder.parent / "trace", fault.call, fault.error.rstrip("+"), fault.when,
            everywhere=fault.act == "backup")
        self.hit_at = None
        self.is_serving = False  # it has been
        self.window = 16 if case.is_long else case.rng.choice([1, 6, 6, 16])

    def hits(self):
        return (["done by half"] if self.mark.exists() else []) if self.is_half else self.trace.hits()

    @property
    def is_hit(self):
        return bool(self.hits())

    @property
    def patience(self):
        is_unlock = self.fault.call == "fcntl" and any("F_UNLCK" in hit for hit in self.hits())
        return LOCK_PATIENCE if is_unlock else PATIENCE

    @property
    def most_patience(self):
        """For a wait whose length is set before it begins: which lock's call fails is known only when it has failed."""
        return LOCK_PATIENCE if self.fault.call == "fcntl" else PATIENCE

    def go(self):
        self.act()
        self.go_on()
        self.expect_end()
        self.bench.daemon.kill()
        self.bench.examine(str(self.fault))
        self.bench.recover()

    # MARK: What the daemon does meanwhile

    def act(self):
        starts = {"first start": self.start, "start after a kill": self.start_after_kill,
                  "start after a stop": self.start_after_stop, "half": self.start_after_kill}
        starts.get(self.fault.act, self.while_running)()

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
        begun = time.monotonic()
        while daemon.process.poll() is None and not self.is_serving:
            if time.monotonic() > begun + self.patience:
                raise TimeoutError(f"neither started nor ended in {self.patience} s")
            try:
                Connection(daemon.socket).close()
                self.is_serving = True
            except Gone:
                time.sleep(0.002)
        if self.is_serving and self.fault.error:
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

        self.bench.play(until, self.window, lambda: self.patience)

    checkpoint = load

    def backup(self):
        self.bench.play(lambda: True)  # so that the threads that answer are there
        self.bench.recover()
        name, folder = f"{self.case.rng.getrandbits(32)}.db", self.bench.folder / "backups"
        before = names(folder)  # of those that were killed
        with Connection(self.bench.daemon.socket, self.most_patience) as connection:
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
        self.wait()

    def wait(self):
        """For its end, however long that may take by what has failed meanwhile."""
        begun = time.monotonic()
        while self.bench.is_running:
            if time.monotonic() > begun + self.patience:
                raise TimeoutError(f"it has not ended in {self.patience} s")
            time.sleep(0.005)

    # MARK: What must hold

    def go_on(self):
        """Nothing fails any more: who is without an answer gets one, unless the daemon ends."""
        is_lifted = self.trace.process or not self.fault.error.endswith("+")
        self.trace.detach()
        if not (self.is_serving and self.bench.is_running and is_lifted):
            return
        # Twice: the fault may have come only with the first of these.
        for _ in range(2):
            try:
                return teller.settle(self.bench.clerks, self.bench.daemon.socket, self.most_patience)
            except ConnectionError:
                break
            except Unknown:
                continue
        self.wait()

    def expect_end(self):
        """With which code it has ended, if it has; and that it has, when a sync failed."""
        process, hits = self.bench.daemon.process, self.hits()
        # The daemon's own are tried again when they were only interrupted; SQLite's are not.
        lost = [hit for hit in hits if ("fdatasync(" in hit or "fsync(" in hit and "EINTR" not in hit)
                and any(name in hit for name in LEDGER)]
        if lost:
            try:
                self.wait()
            except TimeoutError:
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
