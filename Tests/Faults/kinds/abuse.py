"""Callers that are hostile or broken, and a good one beside them. An even case is a crowd of all kinds, an odd one a
single user who takes all the connections that he can get, and does not stop there."""

import os
import resource
import signal
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.daemon import Daemon
from parts import checker
from parts.patience import GoodClient, go_first, slowdown

TITLE = "abuse: slow, deaf, endless, deep, descriptors, storms, one uid hogging"
SHORT, LONG = 2, 6
WORKERS = 1  # the other one would be noise

SLOW, SLOW_LONG = 1000, 9000
# Each with its number of connections; the storm with connections a second.
CROWD = {"deaf": 40, "hoard": 16, "flood": 1, "nest": 4, "fds": 4, "storm": 400}
HOG, NOBODY = 8000, 65534
TRIES = 3  # the good client's p99 must stay below twice its own in one of them
MIB = 1 << 20
# What the daemon may take more than at rest, however many rounds: for all, a connection, one that hoards or takes nothing.
ROOM, OF_ONE, OF_GREEDY = 12 * MIB, 10 << 10, 5 * MIB // 4
GOODBYES = 64  # refused connections that are still open
ADMITTED = 256


def prepare(tools, binaries):
    source = Path(__file__).resolve().parent.parent / "native/abuser.c"
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", source, "-o", tools / "abuser"], check=True)


class Abuse:
    """The abusers as processes, and what the daemon has before, meanwhile and after."""

    def __init__(self, case, daemon, uid, kinds, most):
        self.case, self.daemon, self.uid, self.kinds = case, daemon, uid, kinds
        self.most = most  # connections that may stand at the end of a round
        self.running = {}
        self.rounds = 0
        self.rest = self.descriptors = None
        self.peak = 0  # more than at rest

    def begin(self):
        if self.descriptors is None:
            self.rest, self.descriptors = self.memory("VmRSS"), self.daemon.descriptors()
        for kind, count in self.kinds.items():
            process = self.running[kind] = subprocess.Popen(
                [self.case.tools / "abuser", self.daemon.socket, str(self.uid), kind, str(count)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
            said = process.stdout.readline().strip()
            assert said == "ready", f"{kind}: {said}"
            if kind == "deaf":
                process.send_signal(signal.SIGSTOP)

    def end(self):
        """Whoever abuses still does, but for the deaf, whom the daemon has closed; then they go, and all is as before."""
        if "flood" in self.running:
            said = self.running["flood"].stdout.readline().strip()
            assert said == "a GiB", f"flood: {said}"
        most = self.descriptors + self.most
        self.wait_for(most, "of the abusers were not closed, or took descriptors: %d are open")
        for kind, process in self.running.items():
            if process.poll() is not None:
                self.case.find("wrong", f"{kind} ended with {process.returncode}: {process.stdout.read().strip()}")
        self.stop()
        self.wait_for(self.descriptors, "were left open after it: %d are")
        self.rounds += 1
        self.peak = self.memory("VmHWM") - self.rest
        greedy = self.kinds.get("deaf", 0) + self.kinds.get("hoard", 0)
        allowed = ROOM + OF_ONE * self.most + OF_GREEDY * greedy
        self.case.expect(
            self.peak <= allowed, "wrong", f"it took {self.peak >> 20} MiB more than at rest, {allowed >> 20} are allowed")

    def stop(self):
        for process in self.running.values():
            process.kill()
            process.wait()
            process.stdout.close()
        self.running = {}

    def wait_for(self, descriptors, what):
        deadline = time.monotonic() + (60 if self.case.is_long else 20)
        while (found := self.daemon.descriptors()) > descriptors:
            if time.monotonic() > deadline:
                return self.case.find("wrong", f"{descriptors} descriptors were due; some " + what % found)
            time.sleep(0.02)

    def memory(self, name):
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as file:
            return 1024 * next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


def limit():
    """As most systems start it."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    go_first()


def case(case):
    if case.number % 2 == 1 and os.geteuid() != 0:
        print("abuse: one uid hogging: skipped, it takes root to be another user", file=sys.stderr)
        return 0
    is_hog = case.number % 2 == 1
    slow = SLOW_LONG if case.is_long else SLOW
    options = [] if is_hog else [
        "--max-connections", str(slow + 500), "--max-connections-per-user", str(slow + 500),
        *([] if case.is_long else ["--stall-timeout", "2"])]
    # In memory: the disk's noise would hide the daemon's.
    folder = Path(tempfile.mkdtemp(prefix="f.", dir="/dev/shm"))
    daemon = Daemon(case.binaries / "lifecycled", folder, *options, limits=limit)
    if is_hog:
        abuse = Abuse(case, daemon, NOBODY, {"hog": HOG}, ADMITTED + GOODBYES)
    else:
        kinds = {"drip": slow, **CROWD}
        abuse = Abuse(case, daemon, 0, kinds, slow + sum(kinds[kind] for kind in ("hoard", "flood", "nest", "fds")) + 20)
    try:
        daemon.start()
        folder.chmod(0o711)
        os.chmod(daemon.socket, 0o666)
        measure(case, daemon, abuse)
        daemon.end(signal.SIGTERM)
        checker.check(case, daemon.database, [], "after the abuse")
        return abuse.rounds * len(abuse.kinds)
    finally:
        abuse.stop()
        daemon.kill()
        if case.findings:
            shutil.copytree(folder, case.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("s"))
        shutil.rmtree(folder)


def measure(case, daemon, abuse):
    client = GoodClient(daemon.socket)
    client.window(0.5)
    pairs, calm, abused = (8, 10, 45) if case.is_long else (3, 1.2, 2.2)
    told = []
    for _ in range(TRIES):
        times, text = slowdown(client, abuse.begin, abuse.end, pairs, calm, abused)
        told.append(text)
        if times < 2 or case.findings:
            break
    else:
        case.find("wrong", f"the good client's p99 doubled in each of {TRIES} tries: {'; '.join(told)}")
    found = client.connection.call("audit")
    case.expect(found["ok"], "corrupt", f"the audit found {found}")
    client.read()
    # The figures, for who wants to follow them.
    (case.folder / "figures").write_text("\n".join(told) + f"\npeak: {abuse.peak >> 20} MiB more than at rest\n")
