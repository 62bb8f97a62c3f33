"""Is there one order of all calls, compatible with the order in time of those that did not overlap, in which the model
gives exactly these answers?

The events' numbers are the order of the writes. So each call has a place: a write that of its event, anything else a
position at which the model agrees with its answer; nobody's place may be before that of a call that was answered before
it was sent, or that was sent before it on the same connection. Going through the record and giving each call the first
place that is left to it finds an order if there is one: a later place would only leave less to the others. Of calls
that could have made the same event it has the one that was answered first, for the same reason."""

from bisect import bisect_right
from collections import defaultdict

from ..books import NOT_DONE
from . import read_demands, write_demands
from .demands import Nonsense
from .timeline import NEVER, Impossible

DEMANDS = {**write_demands.BY_METHOD, **read_demands.BY_METHOD}


class Check:
    def __init__(self, record, timeline, most=5):
        """record: see `record.Record`; timeline: as after the record before; most: findings after which it is
        enough."""
        self.record, self.timeline, self.most = record, timeline, most
        self.findings = []
        self.places = defaultdict(int)  # by connection
        self.floor = timeline.position
        self.free = {}  # events by name that no call has yet: [(first, last position)]
        self.inner = set()
        self.given = 0  # events of calls that were never answered

    def run(self):
        """Returns what is wrong."""
        try:
            self.learn()
            self.fold()
        except Impossible as error:
            return [f"the events have no order: {error}"]
        self.compare_watches()
        self.bound()
        for op, is_answer in self.record.steps:
            if len(self.findings) >= self.most:
                break
            if isinstance(op, int):
                self.floor = max(self.floor, op + (op in self.inner))  # an event was seen
            elif not is_answer:
                op.floor = self.floor
            elif op.kind not in NOT_DONE and not op.is_unknown:
                self.settle(op)
        if len(self.findings) < self.most:
            self.give_away()
        return self.findings

    def find(self, text):
        self.findings.append(text)

    # MARK: What the answers tell of the events

    def learn(self):
        self.made, self.makers, self.verdicts = {}, {}, {}
        for op in self.record.ops:
            for view in op.views():
                if view["status"] == "failed":
                    said = (view["errorCode"], view["errorMessage"])
                    if self.verdicts.setdefault(view["projectId"], said) != said:
                        self.find(f"two verdicts: {self.verdicts[view['projectId']]} and {said}")
            if op.method in ("createProject", "retryProject") and op.result:
                id = op.result["project"]["projectId"]
                self.makers.setdefault(id, op)
                self.made.setdefault((op.params.get("projectId"), op.key), id)
        self.postings = {op.posting(): op for op in self.record.ops if op.method in ("grantCredits", "adjustCredits")}

    def name(self, event):
        """What happened, to what, and whose process asked for it."""
        kind, pid = event["kind"], event["pid"]
        if kind in ("granted", "adjusted"):
            return (kind, event["userId"], event["detail"], pid)
        about = event["projectId"]
        if kind == "failed":
            return (kind, about, *self.verdicts.get(about, (None, None)), pid)
        return (kind, about, event["detail"], pid) if kind == "reportRefused" else (kind, about, pid)

    def fold(self):
        alone = {(*op.verdict(), op.pid) for op in self.record.ops
                 if op.method == "updateStatus" and op.params["status"] == "processing"
                 and (op.is_unknown or (op.result and op.result["changed"]))}
        events = self.record.events
        self.names = [self.name(event) for event in events]
        for index, (event, name) in enumerate(zip(events, self.names)):
            seq, after = event["seq"], self.names[index + 1] if index + 1 < len(events) else None
            if name[0] == "processing" and after == ("completed", *name[1:]) and name not in alone:
                self.inner.add(seq)
            maker = self.makers.get(name[1]) if name[0] == "created" else self.postings.get(name[:-1])
            if maker is None and name[0] in ("created", "granted", "adjusted"):
                raise Impossible(f"nobody asked for {event}")
            self.timeline.apply(event, maker, self.verdicts.get(event.get("projectId")), seq in self.inner)
            if seq not in self.inner:
                self.free.setdefault(name, []).append((seq - (seq - 1 in self.inner), seq))

    def compare_watches(self):
        """Everybody is told the same."""
        first = self.record.events[0]["seq"] if self.record.events else 0
        for event in self.record.seen:
            index = event["seq"] - first
            if index >= 0 and self.record.events[index:index + 1] != [event]:
                return self.find(f"somebody was told {event}, somebody else {self.record.events[index:index + 1]}")

    def bound(self):
        """Up to which position a call answered at some step can have looked: to before the first event whose callers
        were all later."""
        asked = {}
        for op in self.record.ops:
            effects = op.perhaps_done(self.made) if op.is_unknown else [op.done()]
            for name in effects:
                if name:
                    asked[name] = min(asked.get(name, NEVER), op.sent)
        latest, self.sent = -1, []
        for name, after, event in zip(self.names, [*self.names[1:], None], self.record.events):
            if name[0] == "processing" and after == ("completed", *name[1:]):  # perhaps by that one
                asked[name] = min(asked.get(name, NEVER), asked.get(after, NEVER))
            if name not in asked and event["seq"] not in self.inner:
                self.find(f"nobody asked for {event}")
            latest = max(latest, asked.get(name, -1))
            self.sent.append(latest)

    def last_before(self, step):
        return self.timeline.position - len(self.sent) + bisect_right(self.sent, step)

    # MARK: Places

    def settle(self, op):
        lowest = max(op.floor, self.places[op.line])
        try:
            wanted = list(DEMANDS[op.method](op, op.params, op.result, op.error, self.timeline))
        except (Nonsense, KeyError, TypeError, RuntimeError) as error:  # parts are missing, or of another kind
            return self.find(f"{error!r}: {op}")
        name = op.done()
        place = self.claim(op, name, lowest, wanted) if name else self.look(op, lowest, wanted)
        if place is not None:
            op.place = self.places[op.line] = place
            self.floor = max(self.floor, place)

    def claim(self, op, name, lowest, wanted):
        left = self.free.get(name, [])
        index = next((index for index, (first, _) in enumerate(left) if first > lowest), None)
        if index is None:
            return self.find(f"answered as done, and no event after {lowest} is its own ({left} are left): {op}")
        _, place = left.pop(index)
        if place > self.last_before(op.got):
            self.find(f"its event {place} follows one that was asked for only after its answer: {op}")
        if any(demand(place) is not None for demand in wanted):
            self.find(f"not what the state is after its event {place}: {op}\n  {self.around(op, place)}")
        return place

    def look(self, op, lowest, wanted):
        place, highest = lowest, self.last_before(op.got)
        while place <= highest:
            later = next((there for demand in wanted if (there := demand(place)) is not None), None)
            if later is None and (op.method != "watch" or place not in self.inner):
                return place
            place = NEVER if later is None else later
        return self.find(f"at no position from {lowest} to {highest} right: {op}\n  {self.around(op, lowest)}")

    def around(self, op, place):
        user = op.params.get("userId")
        there = self.timeline.projects.get(op.params.get("projectId"))
        user = user or (there and there.user)
        return (f"at {place}: {user and self.timeline.users[user].at(place)}"
                f" {there and there.track.at(place)}; {self.record.events[-1:]}")

    # MARK: Those that were never answered

    def give_away(self):
        """Each event that is left must be one of theirs, and each of them has one at most."""
        waiting = defaultdict(list)
        for op in filter(lambda op: op.is_unknown, self.record.ops):
            for name in op.perhaps_done(self.made):
                waiting[name].append(op)
        taken = set()
        for first, last, name in sorted((*place, name) for name, places in self.free.items() for place in places):
            if self.is_half(name, last):
                continue
            fitting = [op for op in waiting[name]
                       if op.id not in taken and op.floor < first and last <= self.record.ends.get(op.life, NEVER)]
            if fitting:
                self.given += 1
                taken.add(min(fitting, key=lambda op: (self.record.ends.get(op.life, NEVER), op.sent)).id)
            else:
                self.find(f"nobody can have made event {last}, {name}: {waiting[name]}")

    def is_half(self, name, seq):
        """The first of the two events of a report that a pending project is completed."""
        index = seq - self.record.events[0]["seq"] + 1
        return name[0] == "processing" and self.names[index:index + 1] == [("completed", *name[1:])]
