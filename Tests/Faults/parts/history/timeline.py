"""The sequential model: every state that the ledger has gone through, by position. The position of a state is the
number of the last event before it. Written from protocol.md; parts/books.py has the present only, and here every moment
is asked about."""

from bisect import bisect_right
from typing import NamedTuple

from testkit.wire import seconds

from ..books import TERMINAL

STATUSES = ("pending", "processing", "completed", "failed")
NEVER = float("inf")


class Impossible(Exception):
    """An event that the rules do not allow here."""


class Track:
    """The versions of something."""

    __slots__ = ("positions", "values")

    def __init__(self, position, value):
        self.positions, self.values = [position], [value]

    def set(self, position, value):
        self.positions.append(position)
        self.values.append(value)

    @property
    def last(self):
        return self.values[-1]

    def at(self, position):
        """None: it was not there yet."""
        index = bisect_right(self.positions, position)
        return self.values[index - 1] if index else None

    def next(self, position):
        """Where it changes, after there."""
        index = bisect_right(self.positions, position)
        return self.positions[index] if index < len(self.positions) else NEVER

    def forget(self):
        del self.positions[:-1], self.values[:-1]


class Account(NamedTuple):
    available: int = 0
    granted: int = 0
    counts: tuple = (0, 0, 0, 0)  # projects by status
    credits: tuple = (0, 0, 0, 0)
    time: int = 0  # milliseconds from creation to completion, summed

    @property
    def held(self):
        return self.credits[0] + self.credits[1]

    def moved(self, credits, to, before=None, time=0):
        counts, sums = list(self.counts), list(self.credits)
        for status, sign in ((before, -1), (to, 1)):
            if status:
                counts[STATUSES.index(status)] += sign
                sums[STATUSES.index(status)] += sign * credits
        available = self.available + (credits if to == "failed" else 0) - (credits if before is None else 0)
        return Account(available, self.granted, tuple(counts), tuple(sums), self.time + time)

    def given(self, credits):
        return self._replace(available=self.available + credits, granted=self.granted + credits)


class State(NamedTuple):
    """Of a project."""

    status: str = "pending"
    cancel: bool = False
    started: str | None = None
    finished: str | None = None
    refused: int = 0


class Project:
    def __init__(self, user, credits, fixed, event):
        self.id, self.user, self.credits, self.fixed = event["projectId"], user, credits, fixed
        self.created = event["at"]
        self.track = Track(event["seq"], State())
        self.events = []  # as they were watched
        self.verdict = (None, None)  # errorCode, errorMessage

    def view(self, state):
        """What any answer shows of it; None: absent."""
        code, message = self.verdict if state.status == "failed" else (None, None)
        return {
            "projectId": self.id, "userId": self.user, "status": state.status, "creditsUsed": self.credits,
            "creditsRefunded": self.credits if state.status == "failed" else 0, "cancelRequested": state.cancel,
            "createdAt": self.created, "startedAt": state.started, "finishedAt": state.finished, "errorCode": code,
            "errorMessage": message, **self.fixed}


class Entry(NamedTuple):
    position: int
    kind: str
    credits: int
    at: str
    project: str | None
    reason: str | None

    def view(self):
        return {"kind": self.kind, "credits": self.credits, "at": self.at, "projectId": self.project, "reason": self.reason}


class Timeline:
    def __init__(self, users):
        self.position = 0
        self.users = {user: Track(0, Account()) for user in users}
        self.everything = Track(0, Account())
        self.projects = {}  # by id
        self.made = {user: [] for user in [*users, None]}  # (position, project) by user; None: all
        self.keys = {}  # by (user, key): (position, the call that used it, project's id or None)
        self.externals = {}  # by external id: (position, project's id)
        self.entries = {user: [] for user in users}
        self.entry_ids = {}  # as shown, by entry

    def forget(self):
        """The past: nobody will be held to it any more."""
        for track in [*self.users.values(), self.everything, *(project.track for project in self.projects.values())]:
            track.forget()

    def apply(self, event, maker, verdict, is_inner):
        """maker: the call that made what the event is about; verdict: what a failed project's answers said; is_inner:
        one write has made this event and the next, so that nobody can stand between them."""
        if event["seq"] != self.position + 1:
            raise Impossible(f"event {event['seq']} follows {self.position}")
        self.position = event["seq"]
        kind, user = event["kind"], event["userId"]
        if kind in ("granted", "adjusted"):
            self.post(event, maker)
        elif kind == "created":
            self.create(event, maker)
        else:
            project = self.projects.get(event["projectId"])
            if project is None or project.user != user:
                raise Impossible(f"an event of a project that is not: {event}")
            project.events.append(event)
            self.step(project, event, verdict, is_inner)
        if not is_inner:
            self.mark(user)

    def mark(self, user):
        """Whoever looks at lists is to look again, also where the sums are the same."""
        for track in (self.users[user], self.everything):
            if track.positions[-1] != self.position:
                track.set(self.position, track.last)

    def change(self, user, change):
        for track in (self.users[user], self.everything):
            track.set(self.position, change(track.last))
        account = self.users[user].last
        if account.available < 0 or account.available + account.held + account.credits[2] != account.granted:
            raise Impossible(f"{user} has {account}")

    # MARK: The kinds of events

    def use_key(self, user, maker, project=None):
        if maker.key is None:
            return
        if (user, maker.key) in self.keys:
            raise Impossible(f"applied twice: {maker}")
        self.keys[user, maker.key] = (self.position, maker, project)

    def post(self, event, maker):
        user, params = event["userId"], maker.params
        self.use_key(user, maker)
        kind = "grant" if event["kind"] == "granted" else "adjustment"
        self.entries[user].append(Entry(self.position, kind, params["credits"], event["at"], None, params["reason"]))
        self.change(user, lambda account: account.given(params["credits"]))

    def create(self, event, maker):
        id, user, params = event["projectId"], event["userId"], maker.params
        if id in self.projects:
            raise Impossible(f"created twice: {event}")
        if maker.method == "retryProject":
            old = self.projects[params["projectId"]]
            if old.user != user or old.track.last.status != "failed":
                raise Impossible(f"a retry of {old.view(old.track.last)}: {maker}")
            credits, fixed = old.credits, {**old.fixed, "externalId": None, "retryOf": old.id}
        else:
            credits = params["credits"]
            fixed = {"externalId": params.get("externalId"), "name": params.get("name"), "retryOf": None,
                     "metadata": params.get("metadata")}
            if params["userId"] != user or params.get("externalId") in self.externals:
                raise Impossible(f"{event} is not what was asked for: {maker}")
        self.use_key(user, maker, id)
        project = self.projects[id] = Project(user, credits, fixed, event)
        project.events.append(event)
        if external := fixed["externalId"]:
            self.externals[external] = (self.position, id)
        self.made[user].append((self.position, project))
        self.made[None].append((self.position, project))
        self.entries[user].append(Entry(self.position, "charge", credits, event["at"], id, None))
        self.change(user, lambda account: account.moved(credits, "pending"))

    def step(self, project, event, verdict, is_inner):
        kind, at, old = event["kind"], event["at"], project.track.last
        if is_inner:
            return
        if kind == "reportRefused":
            if old.status not in TERMINAL:
                raise Impossible(f"refused before any verdict: {event}")
            project.track.set(self.position, old._replace(refused=old.refused + 1))
        elif kind == "cancelRequested":
            if old.status != "processing" or old.cancel:
                raise Impossible(f"{event} of {old}")
            project.track.set(self.position, old._replace(cancel=True))
        elif old.status in TERMINAL or kind == old.status or kind not in STATUSES:
            raise Impossible(f"a second verdict, or a step back: {event} of {old}")
        else:
            self.move(project, kind, at, old, verdict)

    def move(self, project, kind, at, old, verdict):
        started = old.started or (at if kind in ("processing", "completed") else None)
        new = old._replace(status=kind, started=started, finished=at if kind in TERMINAL else None)
        project.track.set(self.position, new)
        if kind == "failed":
            project.verdict = verdict or (None, None)
        if kind in TERMINAL:
            self.entries[project.user].append(Entry(
                self.position, "capture" if kind == "completed" else "refund", project.credits, at, project.id, None))
        time = max(milliseconds(at) - milliseconds(project.created), 0) if kind == "completed" else 0
        self.change(project.user, lambda account: account.moved(project.credits, kind, old.status, time))



def milliseconds(at):
    return round(seconds(at) * 1000)
