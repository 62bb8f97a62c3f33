"""Floods of reads from callers who may do nothing but read, beside a good client and a pipeline that beats. Whatever is
asked for, and whether who asks stays or goes: nobody waits for long, no lease ends, and a stop takes its time and no more."""

import grp
import os
import signal
import subprocess
import sys
import threading
import time

from testkit.daemon import Daemon
from testkit.pace import patience
from testkit.wire import Connection, Gone
from parts import checker
from parts.patience import GoodClient
from parts.tools import compile

TITLE = "reads: floods of reads, for who stays and for who has gone"
FORMS = ("leave-points", "leave-all", "notify", "ask-points", "ask-lists", "ask-all")
SHORT, LONG = len(FORMS), 10 * len(FORMS)
LEAST = len(FORMS), 30 * len(FORMS)  # floods
WORKERS = 1  # the other one would be noise

COUNTS = 10, 32, 100  # connections that ask; the short form has the most only
PATIENCE = patience(0.100)  # seconds: the good client's p99, in one of the tries: other programs have the cores, too
TRIES = 3
LEASE, BEAT = 3, 0.3  # seconds
DRAIN = 2  # seconds
CLOSING = patience(0.5)  # seconds that a process needs to be gone and to be seen gone
READER = 1  # a user and a group that may read
PROJECTS = 200


def prepare(tools, binaries):
    compile(tools / "abuser", "abuser.c")


class Pipeline:
    """Reports in time, as long as it is heard."""

    def __init__(self, path):
        self.connection = Connection(path)
        self.connection.call("createProject", {"userId": "good", "credits": 0, "externalId": "beating", "lease": LEASE})
        self.connection.call("updateStatus", {"externalId": "beating", "status": "processing"})
        self.ends = threading.Event()
        self.longest, self.failure = 0, None
        self.thread = threading.Thread(target=self.beat)
        self.thread.start()

    def beat(self):
        try:
            while not self.ends.wait(BEAT):
                start = time.monotonic()
                status = self.connection.call("heartbeat", {"externalId": "beating"})["status"]
                self.longest = max(self.longest, time.monotonic() - start)
                assert status == "processing", f"its status is {status}"
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"

    def end(self):
        self.ends.set()
        self.thread.join()
        return self.failure


def case(case):
    form = FORMS[case.number % len(FORMS)]
    runs = 0
    for count in COUNTS if case.is_long else COUNTS[-1:]:
        # By another user than the good client's, where that can be, and by the same.
        others = (READER,) if os.geteuid() == 0 else ()
        for uid in (0, *others) if case.is_long or not others else others:
            for _ in range(TRIES):
                waited, told = flood(case, form, count, uid)
                runs += 1
                if waited <= PATIENCE or case.findings:
                    break
            else:
                case.find("wrong", f"{told}: too long in each of {TRIES} tries")
    return runs


def flood(case, form, count, uid):
    """Returns the longest p99 of the good client, in seconds, and what is to be told of the flood."""
    # The disk's noise would hide the daemon's.
    with case.in_memory() as folder:
        # Its threads as they are: put before all others they would wait for each other, a tenth of a second at a time.
        group = grp.getgrgid(READER).gr_name
        daemon = Daemon(case.binaries / "lifecycled", folder, "--drain-timeout", str(DRAIN), "--reader-group", group)
        abuser = None
        try:
            daemon.start()
            folder.chmod(0o711)
            os.chmod(daemon.socket, 0o666)
            client = GoodClient(daemon.socket)
            fill(client)
            pipeline = Pipeline(daemon.socket)
            abuser = subprocess.Popen(
                [case.tools / "abuser", daemon.socket, str(uid), form, str(count)], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, start_new_session=True)
            assert abuser.stdout.readline() == b"ready\n"
            try:
                waited = client.window(15 if case.is_long else LEASE + 1.5)
            except TimeoutError:
                waited = {"call": 30_000}
            except Gone as refusal:
                # What its own user has left behind counts as that user's connections until it is worked off.
                if uid or not form.startswith("leave") or "connections already" not in str(refusal):
                    raise
                waited = {"refused connection": 0}
            failure = pipeline.end()
            told = f"{form}, {count} of uid {uid}: p99 {', '.join(f'{kind} {time:.1f}' for kind, time in waited.items())} ms, "
            told += f"the longest beat {pipeline.longest:.2f} s"
            case.expect(failure is None, "wrong", f"{told}: the pipeline: {failure}")
            start = time.monotonic()
            daemon.end(signal.SIGTERM, within=120)
            took = time.monotonic() - start
            told += f", the stop {took:.1f} s"
            case.expect(took <= DRAIN + CLOSING, "hung", f"{told}: too long")
            print(f"reads, {told}", file=sys.stderr, flush=True)
            checker.check(case, daemon.database, [], "after the flood")
            return max(waited.values()) / 1000, told
        finally:
            if abuser:
                abuser.kill()
                abuser.wait()
                abuser.stdout.close()
            daemon.kill()


def fill(client):
    """Something to be read."""
    client.write()
    for number in range(PROJECTS):
        client.connection.call("createProject", {"userId": "good", "credits": 0, "externalId": f"e{number}"})
