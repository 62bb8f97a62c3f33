"""How long a good client waits, in calm and under abuse by turns: the machine may be noisy, and both must hear it."""

import os
import statistics
import time

from testkit.wire import Connection

PACE = 0.001  # seconds between two calls: a client that never rests would measure the lack of a core
USER = "good"


def go_first():
    """This process before all others that want a core, if it may: what they take is not what is measured."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        pass


class GoodClient:
    """Reads, writes, and now and then connects anew; keeps how long each took."""

    def __init__(self, path):
        go_first()
        self.path = path
        self.connection = Connection(path)
        self.credits = 0  # granted, as it was answered

    def window(self, seconds):
        """Returns the p99 of each kind of call, in ms."""
        took = {"read": [], "write": [], "connect": []}
        end, calls = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            calls += 1
            kind = "connect" if calls % 8 == 0 else "write" if calls % 4 == 0 else "read"
            start = time.perf_counter()
            getattr(self, kind)()
            took[kind].append((time.perf_counter() - start) * 1000)
            time.sleep(PACE)
        return {kind: sorted(times)[len(times) * 99 // 100] if times else seconds * 1000 for kind, times in took.items()}

    def read(self, connection=None):
        found = (connection or self.connection).call("getBalance", {"userId": USER})["available"]
        assert found == self.credits, f"{self.credits} credits were granted, there are {found}"

    def write(self):
        self.credits += 1
        self.connection.call(
            "grantCredits", {"userId": USER, "credits": 1, "reason": "good", "idempotencyKey": str(self.credits)})

    def connect(self):
        with Connection(self.path) as connection:
            self.read(connection)


def slowdown(client, begin, end, pairs, calm, abused):
    """Measures in calm, begins the abuse, measures again and ends it, `pairs` times.
    Returns how many times the median p99 of each kind of call became what it was, and a text with both."""
    quiet, loud = [], []
    for _ in range(pairs):
        quiet.append(client.window(calm))
        begin()
        loud.append(client.window(abused))
        end()
    medians = {kind: [statistics.median(window[kind] for window in windows) for windows in (quiet, loud)] for kind in quiet[0]}
    text = ", ".join(f"{kind} {before:.2f} → {after:.2f} ms" for kind, (before, after) in medians.items())
    return max(after / before for before, after in medians.values()), text
