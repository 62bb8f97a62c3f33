"""Too little memory: of the process, and of its control group."""

import resource
import signal
import socket

from .bench import Bench
from .exhaust import answers, ended, meanwhile, recover, serves, work_on
from .limits import MEBI, MemoryGroup, address_space, set_limit, wait_for

# What no memory may come to. All of it is fail-stop: the process is gone at once, acknowledges nothing more, and its
# files are held to what it had acknowledged. Where it is told that there is none: a code of its own, the loader's, the
# traps of Swift's runtime, the abort of C++'s; and SIGSEGV, by which the kernel says that a stack cannot grow. SIGBUS
# has no such reason.
NO_ADDRESSES = [70, 73, 74, 127, -signal.SIGABRT, -signal.SIGILL, -signal.SIGTRAP, -signal.SIGSEGV]
# Where it is not told: the kernel's kill, or a write that fails.
NO_PAGES = [74, -signal.SIGKILL]


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
                ended(bench, NO_ADDRESSES)
            bench.daemon.kill()
        bench.plain()
        bench.daemon.start()
        bench.work(50)
        bench.recover()
        pid = bench.daemon.process.pid

        def restrict():
            set_limit(pid, resource.RLIMIT_AS, address_space(pid) + case.rng.randint(0, 4) * MEBI)

        meanwhile(bench, restrict)
        hog(bench, 24, NO_ADDRESSES, "after the memory limit")
        return 1
    finally:
        bench.discard()


def hog(bench, lines, ends, after):
    """Large requests, unfinished, on many connections: up to 1 MiB each, which the daemon has to keep. Then memory is
    back."""
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
    if not bench.is_running:
        ended(bench, ends)
    recover(bench, after)
    bench.close("at the end")


def memory_group(case):
    """The kernel kills what takes too much."""
    if not (group := MemoryGroup.make()):
        return case.skip("memory_group: no control group for memory can be made here")
    bench = Bench(case, case.folder / "d")
    try:
        bench.daemon.start()
        try:
            group.add(bench.daemon.process.pid)
        except OSError as error:
            return case.skip(f"memory_group: {error}")
        bench.work(50)
        bench.recover()
        limit = int(bench.daemon.resident() + case.rng.randint(-8, 8)) * MEBI
        meanwhile(bench, lambda: group.restrict(limit))
        hog(bench, 200, NO_PAGES, "after the group's memory limit")
        return 1
    finally:
        bench.discard()
        group.close()
