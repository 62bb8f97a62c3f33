"""Too few descriptors, and files that may not grow."""

import resource
import signal
import socket
import time

from testkit.wire import Connection, Gone
from .bench import PATIENCE, Bench
from .exhaust import ended, recover, serves
from .limits import MEBI, cpu_seconds, set_limit

LEAST = 128  # descriptors: OpenFileLimit.reserve


def few_descriptors_at_start(case):
    """With so few of them it ends with a clear error, and serves with what it needs."""
    bench = Bench(case, case.folder / "d")
    try:
        served = []
        for count in (4, 6, 8, *case.rng.sample(range(9, LEAST), 6), LEAST):
            bench.daemon.limits = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
            bench.daemon.launch()
            if serves(bench):
                served.append(count)
                bench.daemon.kill()
            else:
                # 127: not even its libraries could be opened. A trap: nor what the runtime itself needs.
                ended(bench, [70, 73, 127, *([-signal.SIGILL, -signal.SIGTRAP] if count < 9 else [])])
        case.expect(served == [LEAST], "wrong", f"{LEAST} descriptors are what it needs; it serves with {served}")
        bench.plain()
        bench.daemon.start()
        recover(bench, "after a start with few descriptors")
        bench.close("at the end")
        return 1
    finally:
        bench.discard()


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
        bench.work(20_000)  # or fewer
        ended(bench, [74])
        recover(bench, "after the file-size limit")
        bench.close("at the end")
        return 1
    finally:
        bench.discard()
