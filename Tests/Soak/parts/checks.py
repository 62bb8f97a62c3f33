"""Holds the ledger, once the daemon has stopped, to what everybody was told."""

import json
import sqlite3
import uuid
from collections import Counter

from .apps import TERMINAL, USERS
from .daemon import DETACH_GRACE

CLOCKS = ("startTimeout", "leaseExpired", "runtimeExceeded", "crashed")
TICK = 0.003  # times are whole milliseconds, rounded down
LATEST = 3  # seconds after which a clock that has run out must have acted, on a busy machine
MEMORY = 8  # MiB that a daemon may grow by in a calm time


class Checks:
    def __init__(self, facts, database, folder):
        self.facts, self.folder = facts, folder
        self.findings = list(facts.complaints)
        self.latest = (0.0, "")  # how late a clock acted at most, and on what
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        self.rows = {str(uuid.UUID(bytes=row["id"])): dict(row) for row in connection.execute(
            "SELECT project.*, userId FROM project JOIN account ON account.id = account")}
        self.entries = connection.execute(
            "SELECT kind, credits, userId, project FROM entry JOIN account ON account.id = account").fetchall()
        self.events = connection.execute(
            "SELECT seq, event.kind, userId, event.at, project.id AS project FROM event"
            " JOIN account ON account.id = event.account LEFT JOIN project ON project.row = event.project"
            " ORDER BY seq").fetchall()
        self.events_of = {}
        for event in self.events:
            if event["project"]:
                self.events_of.setdefault(str(uuid.UUID(bytes=event["project"])), []).append(event["kind"])
        connection.close()

    def run(self):
        self.check_projects()
        self.check_money()
        for project, row in self.rows.items():
            if known := self.facts.projects.get(project):
                self.check_history(known, row)
                self.check_clocks(known, row)
        for path in sorted(self.folder.glob("watcher-*.jsonl")):
            self.check_watcher(path)

    def expect(self, holds, text):
        if not holds:
            self.findings.append(text)

    def check_projects(self):
        told, there = self.facts.projects, self.rows
        self.expect(not told.keys() - there.keys(), f"answered and not there: {sorted(told.keys() - there.keys())[:5]}")
        self.expect(not there.keys() - told.keys(), f"there, and nobody knows it: {sorted(there.keys() - told.keys())[:5]}")
        self.expect(len(self.facts.charges) == len(told), "two creations were answered with one project")
        for project, row in there.items():
            self.expect(row["status"] in TERMINAL, f"{project} is {row['status']} still")
        keys = Counter((row["userId"], row["idempotencyKey"]) for row in there.values())
        self.expect(max(keys.values(), default=1) == 1, f"charged twice: {keys.most_common(3)}")

    def check_money(self):
        """By our own books: every creation that was answered is charged once, and settled once as it ended."""
        ours, theirs = Counter(), Counter()
        for project in self.facts.projects.values():
            ours[project.user, "charge"] += project.credits
            if row := self.rows.get(project.id):
                ours[project.user, "refund" if row["status"] == "failed" else "capture"] += project.credits
        for user, credits in self.facts.granted.items():
            ours[user, "grant"] += credits
        for entry in self.entries:
            theirs[entry["userId"], entry["kind"]] += entry["credits"]
        self.expect(+ours == +theirs, f"the books differ: ours {dict(+ours - +theirs)}, theirs {dict(+theirs - +ours)}")
        outcomes = Counter(entry["project"] for entry in self.entries if entry["kind"] in ("capture", "refund"))
        charges = Counter(entry["project"] for entry in self.entries if entry["kind"] == "charge")
        rows = {row["row"]: 1 for row in self.rows.values()}
        self.expect(outcomes == rows and charges == rows, "a project without its one charge and its one outcome")
        self.available = {user: ours[user, "grant"] - ours[user, "capture"] for user in USERS}

    def check_history(self, project, row):
        """What its agent and its app were answered is so."""
        status, code = row["status"], row["errorCode"]
        name = f"{project.id} ({project.kind}), {status} {code or ''}"
        for answer in project.answered:
            if answer["status"] in TERMINAL:
                self.expect(answer["status"] == status, f"{name}: its agent was told {answer}")
            elif answer["status"] == "processing":
                self.expect(row["startedAt"] is not None, f"{name}: its agent was told {answer}")
                self.expect(code != "startTimeout", f"{name}, though it had begun: {answer}")
        if project.cancelled in TERMINAL:
            self.expect(status == project.cancelled, f"{name}: its app was told that it is {project.cancelled}")
        kinds = [kind for kind in self.events_of.get(project.id, []) if kind in ("created", "processing", *TERMINAL)]
        wanted = ["created", "processing", status] if row["startedAt"] or status == "completed" else ["created", status]
        self.expect(kinds == wanted, f"{name}: its history is {kinds}")

    def check_clocks(self, project, row):
        """The daemon failed it neither too early nor too late, over all restarts."""
        code, created, failed = row["errorCode"], row["createdAt"] / 1000, row["finishedAt"] / 1000
        if code not in CLOCKS:
            return
        terms = project.terms
        answered = [a for a in project.answered if a["sent"] < failed and a["status"] not in TERMINAL]
        last = max((a["sent"] for a in answered), default=0)  # it was alive then, and the daemon knows
        asked = [at for at, _ in project.sent if at < failed]
        attached = [at for at, is_attached in project.sent if is_attached and at < failed]
        lost = [at for at in project.lost if at < failed]
        run = launched, ready = self.facts.run_at(failed)
        started = row["startedAt"] and row["startedAt"] / 1000
        # Who is alive and in time is not failed; and a daemon that was away gives a lease of grace.
        regular = created + terms["startTimeout"] if started is None else max(last, launched, started) + terms["lease"]
        match code:
            case "startTimeout" | "leaseExpired":
                earliest = regular
            case "runtimeExceeded":
                earliest = created + terms["maxRuntime"]
            case "crashed":
                is_gone = attached and lost and last < max(lost) + TICK
                self.expect(is_gone, f"{project.id} ({project.kind}) crashed at {failed}, but its agent lives: {lost}, {last}")
                earliest = min(regular, max(min(lost, default=0), launched) + DETACH_GRACE)
        latest = [max(created + terms["maxRuntime"], ready)]
        if started is None:
            latest.append(max(created + terms["startTimeout"], ready))
        else:
            latest.append(max([ready, started, *asked]) + terms["lease"])
        if attached and attached[-1] == asked[-1] and attached[-1] <= last + TICK and lost and project.kind != "inherited":
            if self.facts.run_at(last) == run:
                latest.append(max(lost) + DETACH_GRACE)
        late = failed - min(latest)
        about = (f"{project.id} ({project.kind}) {code}, failed at {failed:.3f}, heard of at {last:.3f}, lost at {lost},"
                 f" the daemon was launched at {launched:.3f}, {terms}")
        self.latest = max(self.latest, (late, about))
        self.expect(failed >= earliest - TICK, f"{earliest - failed:.3f} s too early: {about}")
        self.expect(late < LATEST, f"{late:.3f} s too late: {about}")

    def check_watcher(self, path):
        wanted, *seen = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        there = [(event["seq"], event["kind"], event["userId"], event["project"] and str(uuid.UUID(bytes=event["project"])))
                 for event in self.events if event["userId"] == wanted.get("userId", event["userId"])]
        got = [(event["seq"], event["kind"], event["userId"], event.get("projectId")) for event in seen]
        if got == there:
            return
        seqs = [event[0] for event in got]
        twice = [seq for seq, count in Counter(seqs).items() if count > 1]
        self.expect(False, f"{path.stem} {wanted} saw {len(got)} of {len(there)} events; in order: {seqs == sorted(seqs)};"
                    f" twice: {twice[:5]}; missing: {sorted({e[0] for e in there} - set(seqs))[:5]};"
                    f" others: {sorted(set(got) - set(there))[:3]}")

    def check_end(self, audit, balances, log):
        codes = {row["errorCode"] for row in self.rows.values()}
        self.expect(len(self.rows) < 200 or codes.issuperset(CLOCKS), f"not all clocks were seen at work: {codes}")
        self.expect(audit["ok"], f"the audit finds {audit['findings'][:3]}")
        for user, balance in balances.items():
            self.expect(balance["available"] == self.available[user] and balance["held"] == 0,
                        f"{balance}, by our books {self.available[user]}")
        for memory in self.facts.memory:
            self.expect(memory["after"] - memory["before"] < MEMORY, f"the daemon's memory grows: {memory}")
        for line in log.splitlines():
            self.expect("inconsistent" not in line and " error " not in line and " critical " not in line, f"log: {line}")
