"""Limits of a process, and what it uses."""

import contextlib
import os
import resource
import time

MEBI = 1 << 20


def set_limit(pid, what, value):
    """The soft one, so that it can be lifted. None: as high as may be."""
    _, hard = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (hard if value is None else value, hard))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def address_space(pid):
    """In bytes."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def states(pid):
    """Of its threads, as letters: T is stopped, D is in a call that cannot be interrupted."""
    found = set()
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="ascii") as file:
            found.add(file.read().rpartition(")")[2].split()[0])
    return found


def wait_for(condition, seconds):
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class MemoryGroup:
    """A control group for the memory of one process, of version 1 or 2."""

    def __init__(self, path, limit):
        self.path, self.limit = path, limit

    @staticmethod
    def make():
        """None: there is none that we may make."""
        name = f"lifecycle-faults-{os.getpid()}-{time.monotonic_ns()}"
        for root, limit in [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")]:
            path = f"{root}/{name}"
            try:
                os.mkdir(path)
            except OSError:
                continue
            if os.path.exists(f"{path}/{limit}"):
                return MemoryGroup(path, limit)
            os.rmdir(path)
        return None

    def add(self, pid):
        self.write("cgroup.procs", pid)

    def restrict(self, limit):
        """In bytes; returns false when so little cannot be had."""
        try:
            self.write(self.limit, limit)
            return True
        except OSError:
            return False

    def write(self, name, value):
        with open(f"{self.path}/{name}", "w", encoding="ascii") as file:
            file.write(str(value))

    def close(self):
        """When no process is left in it."""
        def remove():
            with contextlib.suppress(OSError):
                os.rmdir(self.path)
            return not os.path.exists(self.path)

        wait_for(remove, 5)
