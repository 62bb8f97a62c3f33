"""Callers that are hostile or broken, and a good one beside them. An even case is a crowd of all kinds, an odd one a
single user who takes all the connections that he can get, and does not stop there."""

import os
import resource
import select
import signal
import subprocess
import sys
import time

from testkit.daemon import Daemon
from testkit.pace import patience
from parts import checker
from parts.patience import GoodClient, go_first, slowdown
from parts.tools import compile

TITLE = "abuse: slow, deaf, endless, deep, descriptors, storms, one uid hogging"
SHORT, LONG = 2, 6
LEAST = 24, 192  # of each abuser, round for round
WORKERS = 1  # the other one would be noise
PATIENCE = patience(60)  # seconds in which an abuser has said what it is to say

SLOW, SLOW_LONG = 1000, 9000
# Each with its number of connections; the storm with connections a second.
CROWD = {"deaf": 40, "hoard": 16, "flood": 1, "nest": 4, "fds": 4, "storm": 400}
HOG, NOBODY = 8000, 65534
RESERVE = 1000  # descriptors of a process beside those of SLOW clients, or of the hog
# The good client's p99 must stay below twice its own in one of them. Of the long form: the short one has too few calls
# for it on a busy machine, and only tells the figures.
TRIES = 3
MIB = 1 << 20
# What the daemon may take more than at rest, however many rounds: for all, and for a connection: any one; one that
# takes nothing, for which at most 256 KiB of answers wait; one with a line of a MiB. Measured: 6.7, 320 to 560 and 1050
# KiB.
ROOM, OF_ONE, OF_DEAF, OF_HOARD = 12 * MIB, 8 << 10, 768 << 10, 1152 << 10
GOODBYES = 64  # refused connections that are still open
ADMITTED = 256


def prepare(tools, binaries):
    compile(tools / "abuser", "abuser.c")


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
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
                start_new_session=True)
            self.expect(kind, "ready")
            if kind == "deaf":
                process.send_signal(signal.SIGSTOP)

    def end(self):
        """Whoever abuses still does, but for the deaf, whom the daemon has closed; then they go, and all is as
        before."""
        if "flood" in self.running:
            self.expect("flood", "a GiB")
        most = self.descriptors + self.most
        self.wait_for(most, "of the abusers were not closed, or took descriptors: %d are open")
        for kind, process in self.running.items():
            if process.poll() is not None:
                self.case.find("wrong", f"{kind} ended with {process.returncode}: {process.stdout.read().decode()}")
        self.stop()
        self.wait_for(self.descriptors, "were left open after it: %d are")
        self.rounds += 1
        self.peak = self.memory("VmHWM") - self.rest
        deaf, hoard = (self.kinds.get(kind, 0) for kind in ("deaf", "hoard"))
        allowed = ROOM + OF_ONE * self.most + OF_DEAF * deaf + OF_HOARD * hoard
        self.case.expect(self.peak <= allowed, "wrong",
                         f"it took {self.peak >> 20} MiB more than at rest, {allowed >> 20} are allowed")

    def expect(self, kind, word):
        """An abuser whom the daemon does not serve any more says nothing."""
        output = self.running[kind].stdout
        if not select.select([output], [], [], PATIENCE)[0]:
            raise TimeoutError(f"{kind}: {word!r} was not said in {PATIENCE} s")
        said = output.readline().decode().strip()
        assert said == word, f"{kind}: {said}"

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
    is_hog = case.number % 2 == 1
    if is_hog and os.geteuid() != 0:
        return case.skip("one uid hogging: it takes root to be another user")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - RESERVE
    if most < SLOW:
        return case.skip(f"a process may only open {most + RESERVE} files: raise the hard limit")
    slow = min(SLOW_LONG if case.is_long else SLOW, most)
    options = [] if is_hog else [
        "--max-connections", str(slow + 500), "--max-connections-per-user", str(slow + 500),
        *([] if case.is_long else ["--stall-timeout", "2"])]
    with case.in_memory() as folder:  # the disk's noise would hide the daemon's
        daemon = Daemon(case.binaries / "lifecycled", folder, *options, limits=limit)
        if is_hog:
            abuse = Abuse(case, daemon, NOBODY, {"hog": min(HOG, most)}, ADMITTED + GOODBYES)
        else:
            kinds = {"drip": slow, **CROWD}
            staying = sum(kinds[kind] for kind in ("drip", "hoard", "flood", "nest", "fds"))
            abuse = Abuse(case, daemon, 0, kinds, staying + 20)
        return run(case, folder, daemon, abuse)


def run(case, folder, daemon, abuse):
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


def measure(case, daemon, abuse):
    client = GoodClient(daemon.socket)
    client.window(0.5)
    pairs, calm, abused = (8, 10, 45) if case.is_long else (3, 1.2, 2.2)
    told = []
    for _ in range(TRIES):
        times, text = slowdown(client, abuse.begin, abuse.end, pairs, calm, abused)
        told.append(text)
        if not case.is_long or times < 2 or case.findings:
            break
    else:
        case.find("wrong", f"the good client's p99 doubled in each of {TRIES} tries: {'; '.join(told)}")
    told.append(f"{abuse.peak >> 20} MiB more than at rest")
    print(f"abuse, p99 of a good client: {', '.join(told)}", file=sys.stderr, flush=True)
    found = client.connection.call("audit")
    case.expect(found["ok"], "corrupt", f"the audit found {found}")
    client.read()
