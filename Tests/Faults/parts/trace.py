"""Makes system calls of a process fail, by strace."""

import os
import re
import subprocess
import time
from collections import Counter

FILES = ("", "/l.db", "/l.db-wal", "/l.db-shm", "/l.db-journal", "/l.db.lock", "/l.db.ballast", "/backups")


class Trace:
    def __init__(self, folder, log, call, error="", when="1", everywhere=False):
        """error: as strace names it; none: only the calls are written down, all of them. when: which one of each
        thread, from 1; `5+` is all from the fifth on. everywhere: also those on other files, as the name of a backup in
        the making is anybody's guess."""
        self.log, self.process = log, None
        log.write_bytes(b"")
        self.options = ["strace", "-f", "-y", "-qq", "-o", str(log), "-e", f"trace={call}"]
        if error:
            self.options += ["-e", f"inject={call}:error={error}:when={when}", "-Z"]
        if not everywhere:
            self.options += [word for name in FILES for word in ("-P", f"{folder}{name}")]

    @property
    def wrapper(self):
        """A command's, to be traced from its beginning: strace is its child, so that it is our child itself."""
        return [*self.options, "-D", "--seccomp-bpf"]

    def attach(self, pid):
        """Returns when all its threads are traced, or the first that is has met the fault already."""
        self.process = subprocess.Popen(
            [*self.options, "-p", str(pid)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True)
        deadline = time.monotonic() + 10
        while not all(map(is_traced, tasks(pid))):
            if self.hits():
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"strace cannot attach: {self.process.stderr.read().decode()}")
            time.sleep(0.001)

    def detach(self):
        if self.process:
            if self.process.poll() is None:
                self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:  # the daemon ended while it attached: only its own end lets go of that
                self.process.kill()
                self.process.wait()
            self.process.stderr.close()
            self.process = None

    def most(self):
        """Of each call, how often one thread made it."""
        counts = Counter()
        with open(self.log, encoding="utf-8", errors="replace") as log:
            for line in log:
                if match := re.match(r"(\d+) +(\w+)\(", line):
                    counts[match.groups()] += 1
        most = {}
        for (_, call), count in counts.items():
            most[call] = max(count, most.get(call, 0))
        return most

    def hits(self):
        """The calls that were made to fail."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return [line for line in log if "(INJECTED)" in line]


def tasks(pid):
    return [f"/proc/{pid}/task/{thread}/status" for thread in os.listdir(f"/proc/{pid}/task")]


def is_traced(status):
    try:
        with open(status, encoding="ascii") as file:
            return not any(line.split() == ["TracerPid:", "0"] for line in file)
    except (FileNotFoundError, ProcessLookupError):
        return True  # it has ended
