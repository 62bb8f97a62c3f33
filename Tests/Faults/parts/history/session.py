"""The stretches of a history: the crowd works, the daemon suffers, then everything is settled, looked at and
checked."""

import random
import signal
import time
from collections import Counter

from .. import ledger
from ..books import NOT_DONE
from .chooser import USERS, Chooser
from .crowd import Crowd
from .order import Check
from .record import Record
from .timeline import Timeline


class Session:
    def __init__(self, case, daemon):
        self.case, self.daemon, self.rng = case, daemon, case.rng
        self.record, self.timeline = Record(), Timeline(USERS)
        self.chooser = Chooser(random.Random(self.rng.random()))
        self.crowd = Crowd(self.chooser, self.record, random.Random(self.rng.random()), self.rng.randint(8, 16))
        self.calls = self.stretches = 0
        self.met = Counter()  # what there was, so that nobody believes in a history in which nothing happened
        self.asleep_until = None  # the daemon, by SIGSTOP
        self.is_running = False

    def stretch(self, calls):
        if not self.is_running:
            self.start()
        self.work(calls)
        self.crowd.finish()
        # So that nothing that was sent can take effect any more, but by being asked once more.
        self.restart(self.rng.choice((signal.SIGKILL, signal.SIGTERM)))
        self.settle()
        self.check()

    # MARK: Work

    def work(self, calls):
        sent = 0
        until_fault = self.rng.randint(20, 150)
        while sent < calls:
            now = self.crowd.work()
            sent += now
            until_fault -= now
            if until_fault <= 0 and sent < calls:
                until_fault = self.rng.randint(20, 200)
                self.suffer()
            self.crowd.read_some(0.02)
            if self.daemon.process.poll() is not None:
                raise AssertionError(f"the daemon ended by itself: {self.daemon.last_words()}")
            if self.asleep_until and time.monotonic() > self.asleep_until:
                self.wake()
        self.wake()
        self.calls += sent

    def suffer(self):
        """One of the things that happen."""
        faults = ((self.lose, 40), (self.close_half, 8), (self.doze, 20), (self.sleep, 15), (self.kill, 12), (self.stop, 6))
        fault, = self.rng.choices([fault for fault, _ in faults], [weight for _, weight in faults])
        fault()

    def lose(self):
        if lines := [client.line for client in self.crowd.clients if client.line]:
            self.crowd.drop(self.rng.choice(lines))

    def close_half(self):
        """What was sent must be answered all the same."""
        client = self.rng.choice(self.crowd.clients)
        if client.line and client.line.units:
            client.line.socket.shutdown(1)
            client.line.is_closing = True

    def doze(self):
        """A client that does not read for a while."""
        self.rng.choice(self.crowd.clients).wakes = time.monotonic() + self.rng.uniform(0, 0.05)

    def sleep(self):
        if not self.asleep_until:
            self.daemon.process.send_signal(signal.SIGSTOP)
            self.asleep_until = time.monotonic() + self.rng.uniform(0, 0.03)

    def wake(self):
        if self.asleep_until:
            self.daemon.process.send_signal(signal.SIGCONT)
        self.asleep_until = None

    def kill(self):
        self.restart(signal.SIGKILL)

    def stop(self):
        self.restart(signal.SIGTERM)

    # MARK: The daemon

    def start(self):
        self.daemon.start()
        last_life = self.crowd.life
        try:
            self.record.ends[last_life] = self.crowd.come(self.daemon.socket)
        except ConnectionError as error:
            raise AssertionError(f"{error}: {self.daemon.last_words()}") from error
        self.is_running = True

    def restart(self, number):
        self.wake()
        for client in self.crowd.clients:
            client.wakes = 0
            if client.line:
                client.line.is_closing = False
        if self.daemon.process.poll() is None:
            self.daemon.process.send_signal(number)
        # What it had answered counts: all of that is read first.
        while self.crowd.selector.get_map():
            self.crowd.read_some(0.02)
        code = self.daemon.process.wait(30)
        self.case.expect(code == (0 if number == signal.SIGTERM else -number), "wrong",
                         f"the daemon ended with {code}: {self.daemon.last_words()}")
        told = self.crowd.seen
        self.start()
        written = self.record.ends[self.crowd.life - 1]
        self.case.expect(number != signal.SIGTERM or told == written, "wrong",
                         f"the watch ended at {told} by a stop in order, and {written} events were written")
        self.met["daemons"] += 1

    # MARK: The end of a stretch

    def settle(self):
        """Asks once more what has a key, and looks at every user and at everything that has failed."""
        crowd = self.crowd
        # Also what was repeated already: the repetition may have been refused, and overtaken by what it repeats.
        again = {(op.method, str(op.params)): op for op in self.record.ops if op.key and op.is_unknown}
        crowd.unanswered.clear()
        self.ask([crowd.make(op.method, op.params) for op in again.values()])
        shown = {view["projectId"] for op in self.record.ops for view in op.views() if view["status"] == "failed"}
        self.ask([newest := crowd.make("watch", {})])
        crowd.watch_until(newest.result["seq"])
        unseen = {event["projectId"] for event in self.record.events if event["kind"] == "failed"} - shown
        last = [("getStatus", {"projectId": id}) for id in sorted(unseen)]
        for user in USERS:
            last += [("getBalance", {"userId": user}), ("listEntries", {"userId": user, "limit": 100}),
                     ("listProjects", {"userId": user, "limit": 100, "includeStats": True})]
        self.ask([crowd.make(*call) for call in [*last, ("listProjects", {"limit": 100, "includeStats": True})]])

    def ask(self, ops):
        """Until none of them was refused for want of room."""
        line = self.crowd.connect(self.crowd.clients[0])
        while ops:
            now, ops = ops[:20], ops[20:]
            self.crowd.send(line, now, is_batch=True)
            while line.units:
                self.crowd.read_some(0.02)
            ops += [self.crowd.make(op.method, op.params) for op in now if op.kind in NOT_DONE]
        self.crowd.drop(line)

    def check(self):
        for text in self.crowd.problems[:3]:
            self.case.find("wrong", text)
        if self.stretches == 0:
            self.first_record = self.record
        checking = Check(self.record, self.timeline)
        for text in checking.run():
            self.case.find("lost" if "answered as done" in text else "wrong", f"stretch {self.stretches}: {text}")
        if self.case.findings:
            return self.record.save(self.case.folder / "history.jsonl")
        self.met.update(op.kind or "" for op in self.record.ops)
        self.met["replayed"] += sum(bool(op.result and op.result.get("replayed")) for op in self.record.ops)
        self.met["done, and never answered"] += checking.given
        self.timeline.forget()
        self.stretches += 1
        self.record = self.crowd.record = Record()

    def end(self):
        """The file itself, by the rules that hold for every ledger, and its events against those that were watched."""
        self.crowd.leave()
        self.daemon.end(signal.SIGTERM)
        with ledger.Ledger(self.daemon.database) as file:
            for rule in file.damage() + file.broken_rules():
                self.case.find("corrupt", rule)
            count, = file.ask("SELECT count(*), max(seq) FROM event")
            self.case.expect(count == (self.timeline.position,) * 2, "wrong",
                             f"{count} events in the file, {self.timeline.position} were watched")
