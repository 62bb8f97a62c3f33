"""Projects that nobody ever reports on: the daemon's own clock must fail each and give its credits back, whether it was
running at the time or not, and whatever else is asked meanwhile."""

import signal
import time

from testkit.daemon import Daemon
from testkit.wire import Connection

from .ledger import Ledger

DOOMED = 30
TIMEOUT = 1  # seconds, the shortest that there is
LATE = 3  # seconds by which a busy machine may be late
USERS = ("ann", "bob")  # nobody touches the second


def detect(case):
    daemon = Daemon(case.binaries / "lifecycled", case.folder)
    try:
        daemon.start()
        begin(daemon, "a")
        crowd(case, daemon, TIMEOUT + 0.3)
        time.sleep(LATE)
        daemon.end()
        check(case, daemon, "while it ran")
        daemon.start()
        begin(daemon, "b")
        daemon.end(signal.SIGKILL)
        time.sleep(TIMEOUT)
        daemon.start()
        with Connection(daemon.socket) as connection:
            connection.call("getBalance", {"userId": "somebody else"})  # it has begun: a signal ends it in order
        daemon.end()
        check(case, daemon, "at the start after a kill")
        return 2
    finally:
        daemon.kill()


def begin(daemon, name):
    with Connection(daemon.socket) as connection:
        for user in USERS:
            connection.call("grantCredits", {
                "userId": user, "credits": 5000, "reason": "top-up", "idempotencyKey": f"{name}-grant"})
        for number in range(DOOMED):
            user = USERS[number % len(USERS)]
            connection.call("createProject", {
                "userId": user, "credits": 7, "idempotencyKey": f"{name}-{number}", "startTimeout": TIMEOUT})


def crowd(case, daemon, seconds):
    """Others of the first user while the deadlines pass: what a request finds due is settled first,
    then it runs once more."""
    end = time.monotonic() + seconds
    lines = [Connection(daemon.socket) for _ in range(4)]
    try:
        for round in range(1_000_000):
            if time.monotonic() > end or case.findings:
                return
            for number, line in enumerate(lines):
                for call in range(4):
                    key = f"x-{round}-{number}-{call}"
                    line.send("createProject", {"userId": USERS[0], "credits": 0, "idempotencyKey": key})
            for line in lines:
                for _ in range(4):
                    answer = line.line()
                    replayed = answer.get("result", {}).get("replayed")
                    case.expect(replayed is False, "wrong", f"a new key was answered {answer}")
    finally:
        for line in lines:
            line.close()


def check(case, daemon, about):
    """After its end: a read would settle what the daemon's clock has forgotten."""
    with Ledger(daemon.database) as ledger:
        for rule in ledger.broken_rules():
            case.find("corrupt", f"{about}: {rule}")
        fates = ledger.ask(
            "SELECT status, errorCode, count(*) FROM project WHERE startTimeout IS NOT NULL GROUP BY 1, 2")
        case.expect({(status, code) for status, code, _ in fates} == {("failed", "startTimeout")}, "wrong",
                    f"{about}: overdue projects have become {fates}")
