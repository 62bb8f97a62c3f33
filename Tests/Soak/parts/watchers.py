"""Watchers: they come, see events, go without a word, and come back for what happened since."""

import json
import random
import subprocess
import threading
import time

from .apps import USERS
from testkit.wire import Connection, Gone


class Watcher(threading.Thread):
    """Writes every event that it gets into a file of its own, below what it asked for."""

    def __init__(self, number, path, folder, seed, journal):
        super().__init__(name=f"watcher-{number}", daemon=True)
        self.path, self.journal = path, journal
        self.rng = random.Random(f"{seed}/{self.name}")
        # Half of them want everything, the others one user's events.
        self.filter = {"userId": self.rng.choice(USERS)} if number % 2 else {}
        self.file = open(folder / f"{self.name}.jsonl", "w", encoding="utf-8")
        self.file.write(json.dumps(self.filter) + "\n")
        self.last = 0
        self.seen = self.visits = 0
        self.end = None  # the last event that it is to see

    def run(self):
        try:
            while not self.has_all():
                try:
                    self.visit()
                except Gone:
                    time.sleep(0.02)
                if self.end is None:
                    time.sleep(self.rng.uniform(0, 0.5))
        except Exception as error:
            self.journal.complain(f"{self.name}: {type(error).__name__}: {error}")
        self.file.close()

    def has_all(self):
        return self.end is not None and self.last >= self.end

    def visit(self):
        until = time.monotonic() + self.rng.expovariate(0.3)
        with Connection(self.path, timeout=0.2) as connection:
            connection.send("watch", {"fromSeq": self.last, **self.filter})
            self.visits += 1
            while not self.has_all() and (time.monotonic() < until or self.end is not None):
                try:
                    message = connection.line()
                except TimeoutError:
                    continue
                if message.get("method") == "event":
                    self.see(message["params"])
                elif "result" not in message:
                    error = message["error"]
                    assert error["data"]["retryable"], f"watch was answered with {error}"
                    raise Gone(error["message"])

    def see(self, event):
        self.file.write(json.dumps(event) + "\n")
        self.last = event["seq"]
        self.seen += 1
        if self.rng.random() < 0.002:
            time.sleep(self.rng.uniform(0, 1))  # a slow one


class ClientWatcher:
    """The Swift client's watch, as `lifecyclectl` shows it: one for all the time, which reconnects and resumes itself."""

    def __init__(self, binary, path, folder):
        self.path = folder / "watcher-client.jsonl"
        self.file = open(self.path, "w", encoding="utf-8")
        print("{}", file=self.file, flush=True)
        self.process = subprocess.Popen([binary, "watch", "--socket", path, "--from", "0", "--json"], stdout=self.file,
                                        stdin=subprocess.DEVNULL, start_new_session=True)

    def finish(self, newest, journal):
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None and f'"seq":{newest},' not in self.tail():
            time.sleep(0.1)
        if f'"seq":{newest},' not in self.tail():
            journal.complain(f"lifecyclectl watch ({self.process.poll()}) has not seen {newest}: {self.tail()[-200:]}")
        self.end()

    def tail(self):
        return self.path.read_text(encoding="utf-8")[-2000:]

    def end(self):
        self.process.terminate()
        self.process.wait()


def end_all(watchers, newest):
    """Lets them see the rest, once the last events are one grant for each user, in their order."""
    first = newest - len(USERS) + 1
    for watcher in watchers:
        user = watcher.filter.get("userId")
        watcher.end = first + USERS.index(user) if user else newest
    end = time.monotonic() + 60
    for watcher in watchers:
        watcher.join(max(0, end - time.monotonic()))
        if watcher.is_alive():
            watcher.journal.complain(f"{watcher.name} ({watcher.filter}) has seen {watcher.last} of {watcher.end}")
