"""The machine runs out of something under load, and has it again: space, descriptors, memory, the size of a file, the right to
write. Each is a clear error that passes, or an end with its exit code; what was acknowledged is there afterwards."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

from harness.wire import Connection, Gone
from parts import teller
from parts.bench import PATIENCE, Bench
from parts.books import TERMINAL
from parts.clerk import NOT_DONE, READS
from parts.limits import MemoryGroup, address_space, cpu_seconds, has, set_limit, wait_for
from parts.smalldisk import SmallDisk

TITLE = "disk full, fd, memory and file-size limit, read-only remount"
MEBI = 1 << 20


def case(case):
    limit = LIMITS[case.number % len(LIMITS)]
    if limit in MOUNTS and (os.geteuid() != 0 or not has("mount", "mkfs.ext4", "e2fsck")):
        print(f"limits: {limit.__name__} is skipped: only root can mount, and e2fsprogs is needed", file=sys.stderr)
        return 0
    return limit(case)


# MARK: Parts


def ended(bench, allowed, within=PATIENCE):
    """It must have ended by now, in one of these ways."""
    try:
        code = bench.daemon.process.wait(within)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"it has not ended in {within} s: {bench.daemon.last_words()}") from error
    bench.case.expect(code in allowed, "wrong", f"it ended with {code}, not {allowed}: {bench.daemon.last_words()}")


def recover(bench, about):
    """After the limit: what it left, and that all goes on."""
    bench.daemon.kill()
    bench.examine(about)
    bench.recover()
    bench.case.expect(bench.work(50) > 0, "wrong", f"{about}: it does not go on")
    bench.recover()


def not_done(bench):
    return {kind for clerk in bench.clerks for kind in clerk.not_done}


def work_on(bench, answers=50):
    """What was not answered is asked again, then more; the daemon may go meanwhile."""
    try:
        if bench.is_running:
            teller.settle(bench.clerks, bench.daemon.socket)
            bench.work(answers)
    except (ConnectionError, FileNotFoundError):
        pass


def meanwhile(bench, action):
    """Carries the action out while the clerks work."""
    thread = threading.Timer(0.05, action)
    thread.start()
    bench.work(50)
    while thread.is_alive():
        work_on(bench)
    thread.join()


# MARK: Disk


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
        threading.Timer(case.rng.uniform(0.02, 0.2), disk.turn_read_only).start()
        bench.work(1_000_000)
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


# MARK: Descriptors


def few_descriptors_at_start(case):
    """With so few of them it serves, or ends with a clear error."""
    bench = Bench(case, case.folder / "d")
    try:
        served = []
        for count in (4, 6, 8, *case.rng.sample(range(9, 64), 6), 64):
            bench.daemon.limits = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
            bench.daemon.launch()
            if serves(bench):
                served.append(count)
                bench.daemon.kill()
            else:
                # 127: not even its libraries could be opened. A trap: nor what the runtime itself needs.
                ended(bench, [70, 73, 127, *([-signal.SIGILL, -signal.SIGTRAP] if count < 9 else [])])
        case.expect(64 in served, "wrong", f"with 64 descriptors it does not serve: {bench.daemon.last_words()}")
        bench.plain()
        bench.daemon.start()
        recover(bench, "after a start with few descriptors")
        bench.close("at the end")
        return 1
    finally:
        bench.discard()


def serves(bench):
    """Whether it answers; false when it has ended."""
    def is_decided():
        return bench.daemon.process.poll() is not None or answers(bench.daemon.socket)

    if not wait_for(is_decided, PATIENCE):
        raise TimeoutError(f"neither serves nor ends: {bench.daemon.last_words()}")
    return bench.is_running


def answers(path):
    try:
        with Connection(path, 1) as connection:
            connection.call("getBalance", {"userId": "ada"})
        return True
    except (Gone, TimeoutError):
        return False


def no_more_descriptors(case):
    """Under load: who is connected is served, nothing spins, and who waits gets in afterwards."""
    bench = Bench(case, case.folder / "d")
    waiting = []
    try:
        bench.daemon.start()
        bench.work(50)
        bench.recover()
        pid = bench.daemon.process.pid
        with Connection(bench.daemon.socket, PATIENCE) as good:
            good.call("getBalance", {"userId": "ada"})
            set_limit(pid, resource.RLIMIT_NOFILE, bench.daemon.descriptors() + 2)
            for _ in range(100):
                waiting.append(late := socket.socket(socket.AF_UNIX))
                late.settimeout(PATIENCE)
                late.connect(bench.daemon.socket)
            before = cpu_seconds(pid)
            deadline = time.monotonic() + 1
            while time.monotonic() < deadline:
                good.call("getBalance", {"userId": "ada"})
                time.sleep(0.05)
            spent = cpu_seconds(pid) - before
            case.expect(spent < 0.5, "wrong", f"spent {spent:.2f} s of CPU in one second without descriptors")
            try:
                good.call("backup", {"path": "b.db"})
            except Gone as error:
                case.find("wrong", f"a backup without descriptors: {error}")
            except Exception as error:
                case.expect(getattr(error, "kind", "") == "backupFailed", "wrong", f"a backup without descriptors: {error}")
            set_limit(pid, resource.RLIMIT_NOFILE, None)
            for late in waiting[:50]:
                late.close()
            late = waiting[-1]
            late.sendall(b'{"jsonrpc":"2.0","id":1,"method":"getBalance","params":{"userId":"ada"}}\n')
            case.expect(b'"available"' in late.recv(4096), "wrong", "who waited for a descriptor was not served")
        recover(bench, "after no descriptors")
        bench.close("at the end")
        return 1
    finally:
        bench.discard()
        for late in waiting:
            late.close()


# MARK: File size


def small_files(case):
    """At the start, and under load."""
    bench = Bench(case, case.folder / "d")
    try:
        for size in (0, 4096, 65536, 2 * MEBI):  # less than the ballast
            bench.daemon.limits = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            bench.daemon.launch()
            ended(bench, [73])
        bench.plain()
        bench.daemon.start()
        bench.work(50)
        bench.recover()
        wal = bench.folder / "l.db-wal"
        set_limit(bench.daemon.process.pid, resource.RLIMIT_FSIZE, wal.stat().st_size + case.rng.randint(0, 300_000))
        bench.work(1_000_000)
        ended(bench, [74])
        recover(bench, "after the file-size limit")
        bench.close("at the end")
        return 1
    finally:
        bench.discard()


# MARK: Memory

# What no memory may come to: a code of its own, the runtime's traps, the kernel's kill.
MEMORY_ENDS = [70, 73, 74, 127, *(-number for number in (
    signal.SIGABRT, signal.SIGILL, signal.SIGTRAP, signal.SIGSEGV, signal.SIGBUS, signal.SIGKILL))]


def small_address_space(case):
    """At the start, and under load."""
    bench = Bench(case, case.folder / "d")
    try:
        for size in (16, 64, 128, case.rng.randint(130, 400)):
            bench.daemon.limits = lambda: resource.setrlimit(resource.RLIMIT_AS, (size * MEBI, resource.RLIM_INFINITY))
            bench.daemon.launch()
            process = bench.daemon.process
            # libdispatch asks for a thread again each second, for ever: it starts or ends once there is memory again.
            if not wait_for(lambda: process.poll() is not None or answers(bench.daemon.socket), 1):
                set_limit(process.pid, resource.RLIMIT_AS, None)
            if not serves(bench):
                ended(bench, MEMORY_ENDS)
            bench.daemon.kill()
        bench.plain()
        bench.daemon.start()
        bench.work(50)
        bench.recover()
        pid = bench.daemon.process.pid

        def restrict():
            set_limit(pid, resource.RLIMIT_AS, address_space(pid) + case.rng.randint(0, 4) * MEBI)

        meanwhile(bench, restrict)
        hog(bench)
        if not bench.is_running:
            ended(bench, MEMORY_ENDS)
        recover(bench, "after the memory limit")
        bench.close("at the end")
        return 1
    finally:
        bench.discard()


def hog(bench, lines=24):
    """Large requests, unfinished, on many connections: up to 1 MiB each, which the daemon has to keep."""
    held = []
    for _ in range(lines):
        try:
            held.append(line := socket.socket(socket.AF_UNIX))
            line.settimeout(0.5)
            line.connect(bench.daemon.socket)
            line.sendall(b'{"x":"' + b"y" * (MEBI - 100))
        except OSError:
            break  # it takes no more, or has gone
    work_on(bench)
    for line in held:
        line.close()


def memory_group(case):
    """The kernel kills what takes too much."""
    if not (group := MemoryGroup.make()):
        print("limits: memory_group is skipped: no control group for memory can be made here", file=sys.stderr)
        return 0
    bench = Bench(case, case.folder / "d")
    try:
        bench.daemon.start()
        group.add(bench.daemon.process.pid)
        bench.work(50)
        bench.recover()
        limit = int(bench.daemon.resident() + case.rng.randint(-8, 8)) * MEBI
        meanwhile(bench, lambda: group.restrict(limit))
        hog(bench, 200)
        if not bench.is_running:
            ended(bench, MEMORY_ENDS)
        recover(bench, "after the group's memory limit")
        bench.close("at the end")
        return 1
    finally:
        bench.discard()
        group.close()


MOUNTS = [full_memory_disk, full_ext4_disk, read_only_disk]
LIMITS = [*MOUNTS, few_descriptors_at_start, no_more_descriptors, small_files, small_address_space, memory_group]
SHORT, LONG = len(LIMITS), 100 * len(LIMITS)
