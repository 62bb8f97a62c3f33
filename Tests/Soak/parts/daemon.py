"""The daemon under test, and who stops and starts it at random."""

import random
import signal
import threading
import time

from testkit.daemon import Daemon

HELD_UP = 4  # seconds that it stands still, from which on it must have noticed
START_TIMEOUT, LEASE, DETACH_GRACE, MAX_RUNTIME = 3, 2, 1, 20


class SoakedDaemon(Daemon):
    """Writes down what is done to it."""

    def __init__(self, binary, folder, journal):
        super().__init__(
            binary, folder, "--start-timeout", str(START_TIMEOUT), "--lease", str(LEASE), "--detach-grace", str(DETACH_GRACE),
            "--max-runtime", str(MAX_RUNTIME), "--max-connections-per-user", "1000")
        self.journal = journal

    def launch(self):
        self.journal.note("daemon", event="launched")
        super().launch()

    def start(self):
        super().start()
        self.journal.note("daemon", event="ready", pid=self.process.pid)

    def end(self, number):
        self.journal.note("daemon", event="signal", signal=number)
        super().end(number)

    def freeze(self, seconds):
        """It stands still, as in a machine that is paused, and goes on."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        if seconds >= HELD_UP:
            self.journal.note("daemon", event="launched")  # it takes up again, as after a start
        self.process.send_signal(signal.SIGCONT)
        if seconds >= HELD_UP:
            self.journal.note("daemon", event="ready", pid=self.process.pid)


class Tormentor(threading.Thread):
    """Two thirds of the time it ends or pauses the daemon every few seconds; in the last third of each minute, it lets it be and
    looks whether its memory grows."""

    CYCLE = 60

    def __init__(self, daemon, seconds, seed, journal):
        super().__init__(name="tormentor")
        self.daemon_, self.seconds, self.journal = daemon, seconds, journal
        self.rng = random.Random(f"{seed}/tormentor")
        self.stop = threading.Event()
        self.ends = {"kill -9": 0, "SIGTERM": 0, "SIGSTOP": 0, "killed in its start": 0}
        self.failure = None

    def run(self):
        try:
            cycles = max(1, round(self.seconds / self.CYCLE))
            for _ in range(cycles):
                self.disturb(self.seconds / cycles * 2 / 3)
                self.let_be(self.seconds / cycles / 3)
        except Exception as error:
            self.failure = error
            self.journal.complain(f"{type(error).__name__}: {error}")

    def disturb(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.stop.wait(self.rng.uniform(0.3, 4)):
            kind = self.rng.choices(["kill -9", "SIGTERM", "SIGSTOP"], weights=[5, 3, 2])[0]
            self.ends[kind] += 1
            if kind == "SIGSTOP":
                self.daemon_.freeze(self.rng.choice([self.rng.uniform(0, 1), self.rng.uniform(HELD_UP, 6)]))
                continue
            self.daemon_.end(signal.SIGKILL if kind == "kill -9" else signal.SIGTERM)
            if self.rng.random() < 0.3:
                time.sleep(self.rng.uniform(0, 3))  # long enough for leases to run out
            if self.rng.random() < 0.15:
                self.daemon_.launch()
                time.sleep(self.rng.uniform(0, 0.05))
                self.daemon_.kill()
                self.ends["killed in its start"] += 1
            self.daemon_.start()

    def let_be(self, seconds):
        # What a daemon takes up in its first seconds it keeps.
        if self.stop.wait(min(8, seconds / 2)):
            return
        before = self.daemon_.resident()
        if self.stop.wait(seconds - min(8, seconds / 2)):
            return
        self.journal.note("memory", before=before, after=self.daemon_.resident(), seconds=seconds)
