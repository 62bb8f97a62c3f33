"""Many clients of one daemon, from one thread: what it does one after the other is so for certain, and no clock is
needed to tell which answer came before which call."""

import json
import os
import selectors
import socket
import time
from collections import deque

from ..books import NOT_DONE
from ..clerk import Lost
from ..lines import SILENCE, Hung, Line
from .doorman import Doorman
from .op import Op


class ClientLine(Line):
    """Of the watcher where there is no client."""

    def __init__(self, number, path, client):
        super().__init__(client.doorman.connect(path) if client else socket.socket(socket.AF_UNIX))
        if not client:
            self.socket.connect(path)
        self.socket.settimeout(SILENCE)
        self.number, self.client = number, client
        self.pid = client.doorman.pid if client else os.getpid()
        self.units = deque()  # what is to be answered by one line each: a list of calls, and whether it is a batch
        self.is_closing = False  # its sending side is closed


class Client:
    def __init__(self):
        self.doorman, self.line = Doorman(), None
        self.window = 1  # lines that it sends without waiting
        self.batch = 1  # calls of a line
        self.wakes = 0.0  # it reads nothing before


class Crowd:
    def __init__(self, chooser, record, rng, count):
        self.chooser, self.record, self.rng = chooser, record, rng
        self.clients = [Client() for _ in range(count)]
        self.selector = selectors.DefaultSelector()
        self.watcher = None
        self.path, self.life, self.lines, self.ids = None, 0, 0, 0
        self.seen = 0  # the last event
        self.unanswered = deque()  # calls whose connection went first
        self.problems = []
        self.heard_at = time.monotonic()

    # MARK: Connections

    def connect(self, client):
        self.lines += 1
        line = ClientLine(self.lines, self.path, client)
        self.selector.register(line.socket, selectors.EVENT_READ, line)
        return line

    def come(self, path):
        """There is a daemon, and nobody else has asked it anything. Returns its last event."""
        self.path, self.heard_at = path, time.monotonic()
        self.life += 1
        self.watcher = self.connect(None)
        op = self.make("watch", {"fromSeq": self.seen})
        self.send(self.watcher, [op])
        while op.answer is None:
            self.read_some(0.05)
            if self.watcher is None:
                raise ConnectionError("the daemon went while it was asked for its last event")
        if op.error:
            raise Lost(f"events were seen up to {self.seen}, and then: {op.answer}")
        return op.result["seq"]

    def drop(self, line):
        """Nothing more comes from it, or is wanted of it."""
        self.selector.unregister(line.socket)
        line.socket.close()
        self.unanswered.extend(op for ops, _ in line.units for op in ops)
        if line is self.watcher:
            self.watcher = None
        elif line.client.line is line:
            line.client.line = None

    def leave(self):
        for key in list(self.selector.get_map().values()):
            self.drop(key.data)

    def close(self):
        self.leave()
        self.selector.close()
        for client in self.clients:
            client.doorman.close()

    # MARK: Sending

    def make(self, method, params):
        self.ids += 1
        return Op(self.ids, method, params)

    def send(self, line, ops, is_batch=False):
        for op in ops:
            op.line, op.pid, op.life = line.number, line.pid, self.life
            self.record.send(op)
        line.units.append((ops, is_batch))
        calls = [{"jsonrpc": "2.0", "id": op.id, "method": op.method, "params": op.params} for op in ops]
        try:
            line.socket.sendall(json.dumps(calls if is_batch else calls[0]).encode() + b"\n")
        except ConnectionError:
            pass  # What it has answered is still to be read.

    def next(self):
        """A call, mostly new; also one once more whose answer was lost."""
        if self.unanswered and self.rng.random() < 0.4:
            old = self.unanswered.popleft()
            if "fromSeq" not in old.params:
                return self.make(old.method, old.params)
        if self.rng.random() < 0.01 and (waiting := self.waiting()):
            old = self.rng.choice(waiting)  # although its answer may be on its way
            return self.make(old.method, old.params)
        return self.make(*self.chooser.choose())

    def waiting(self):
        lines = [client.line for client in self.clients if client.line]
        return [op for line in lines for ops, _ in line.units for op in ops if op.key]

    def work(self):
        """Everybody who has nothing to wait for asks. Returns how many calls were sent."""
        sent = 0
        for client in self.rng.sample(self.clients, len(self.clients)):
            if client.line is None:
                try:
                    client.line = self.connect(client)
                except ConnectionError:
                    continue
                client.window = self.rng.choice((1, 1, 1, 2, 4, 8))
                client.batch = self.rng.choice((1, 1, 1, 3))
            line = client.line
            while not line.is_closing and len(line.units) < client.window:
                is_batch = client.batch > 1 and self.rng.random() < 0.5
                ops = [self.next() for _ in range(self.rng.randint(1, client.batch) if is_batch else 1)]
                self.send(line, ops, is_batch)
                sent += len(ops)
        return sent

    # MARK: Answers

    def read_some(self, timeout):
        """What has come, to those who read."""
        now, is_any = time.monotonic(), False
        for key, _ in self.selector.select(timeout):
            line = key.data
            if line.client and line.client.wakes > now:
                continue
            is_any = True
            self.read(line)
        if is_any:
            self.heard_at = now
        elif now - self.heard_at > SILENCE:
            raise Hung(f"no answer for {SILENCE} s")
        else:
            time.sleep(0.001)  # some may be ready and not read

    def read(self, line):
        answers = line.read()
        if answers is None:
            if line.is_closing and line.units:
                self.problems.append(f"closed its sending side, and was not answered: {[ops for ops, _ in line.units]}")
            return self.drop(line)
        for said in answers:
            if isinstance(said, dict) and said.get("method") == "event":
                self.see(said["params"], line)
            elif isinstance(said, dict) and said.get("id") is None:
                return self.drop(line)  # refused as a connection: the daemon is stopping
            else:
                self.answer(line, said)

    def answer(self, line, said):
        ops, is_batch = line.units.popleft() if line.units else ([], False)
        said = said if is_batch else [said]
        if [answer.get("id") for answer in said] != [op.id for op in ops]:
            return self.problems.append(f"{ops} were answered {said}")
        for op, answer in zip(ops, said):
            self.record.take(op, answer)
            if op.is_unknown or op.kind in NOT_DONE:
                self.unanswered.append(op)
            else:
                self.chooser.heard(op)

    def see(self, event, line):
        """The one watcher gets all; others that watch a project get its events among their answers."""
        if line is self.watcher:
            if event["seq"] != self.seen + 1:
                self.problems.append(f"event {event['seq']} came after {self.seen}")
            self.seen = event["seq"]
            self.record.events.append(event)
        self.record.see(event)

    def finish(self):
        """Waits for what is outstanding."""
        while any(client.line and client.line.units for client in self.clients):
            self.read_some(0.02)

    def watch_until(self, seq):
        while self.seen < seq:
            if self.watcher is None:
                raise ConnectionError("the daemon ended the watch")
            self.read_some(0.02)
