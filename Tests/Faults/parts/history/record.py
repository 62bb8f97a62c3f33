"""What happened in a stretch of a history: as the one thread saw it that spoke for all clients."""

import json
import time
from dataclasses import dataclass, field


@dataclass
class Record:
    ops: list = field(default_factory=list)  # in the order of sending
    steps: list = field(default_factory=list)  # in order: (call, whether it is its answer), (number of a seen event, True)
    events: list = field(default_factory=list)  # in order
    seen: list = field(default_factory=list)  # events, by whomever
    ends: dict = field(default_factory=dict)  # by life of the daemon: the last event that it wrote

    def send(self, op):
        op.sent, op.sent_at = len(self.steps), time.monotonic()
        self.ops.append(op)
        self.steps.append((op, False))

    def take(self, op, answer):
        op.got, op.got_at, op.answer = len(self.steps), time.monotonic(), answer
        self.steps.append((op, True))

    def see(self, event):
        self.steps.append((event["seq"], True))
        self.seen.append(event)

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            for step, (op, is_answer) in enumerate(self.steps):
                if isinstance(op, int):
                    said = {"seen": op}
                elif is_answer:
                    said = {"answer": op.id, "at": op.got_at, "line": op.answer, "place": op.place}
                else:
                    said = {"call": op.id, "at": op.sent_at, "connection": op.line, "method": op.method, "params": op.params}
                print(json.dumps({"step": step, **said}), file=file)
            for event in self.events:
                print(json.dumps(event), file=file)
