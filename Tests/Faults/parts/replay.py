"""Plays a recording once more into a model of a disk, cuts the power at random moments, and holds what is left each
time to what had been answered by then."""

import copy
import json
import os
import shutil
import signal
import tempfile
from dataclasses import replace
from pathlib import Path

from testkit.daemon import Daemon

from . import checker, teller
from .books import NOT_DONE
from .clerk import READS, kind_of
from .disk import WAYS, Disk
from .tools import memory

STARTS = 50  # one of so many states is also given to the daemon
ENOUGH = 20  # findings


class Page:
    """What a clerk knew at a moment of the recording."""

    def __init__(self, clerk):
        self.clerk, self.books = clerk, clerk.books.__class__()
        # What only looks acknowledges nothing; what was answered with "nothing was done" has never done anything.
        self.calls = [
            call for call in clerk.calls
            if call.method not in READS and kind_of(call.answer or {}) not in NOT_DONE]
        self.indices = {call.id: index for index, call in enumerate(self.calls)}
        self.done = self.answered = 0
        self.last = None

    def take(self, answer):
        index = self.indices.get(answer.get("id"))
        if index is None or index < self.done:
            return  # of a call that only looked, or answered before and asked once more
        if kind_of(answer) in (*NOT_DONE, "outcomeUnknown"):
            return  # a stopping daemon may say so, and the call is asked once more
        for call in self.calls[self.done:index + 1]:
            self.books.apply(call)
        self.done, self.last, self.answered = index + 1, answer["id"], self.answered + 1
        if "project" in answer.get("result", {}) and call.key in self.books.projects:
            self.books.set(call.key, id=answer["result"]["project"]["projectId"])

    def witness(self):
        """The clerk as of this moment: with what may have been sent by now, as nothing later was known when it was
        chosen."""
        known, unsettled = self.clerk.known, []
        for call in self.calls[self.done:]:
            if known[call.id] is not None and (self.last is None or known[call.id] > self.last):
                break
            unsettled.append(replace(call, answer=None))
        clerk = copy.copy(self.clerk)
        clerk.books, clerk.unsettled, clerk.outstanding, clerk.answered = self.books.copy(), unsettled, [], self.answered
        return clerk


class Replay:
    def __init__(self, case, recording):
        self.case, self.rng, self.folder = case, case.rng, recording.folder
        self.records = recording.records()
        self.disk = Disk(self.folder, self.rng)
        self.pages = [Page(clerk) for clerk in recording.clerks]
        self.lines = {}  # by descriptor: what was sent of a line

    def run(self, states, first=0, bare=()):
        """So many crash states, from this record on, and after the records `bare` with nothing that was not synced.
        Returns how many were looked at."""
        points = sorted([(point, False) for point in self.points(states, first)] + [(point, True) for point in bare])
        at = 0
        for number, (point, is_bare) in enumerate(points):
            for record in self.records[at:point]:
                self.take(*record)
            at = point
            way = "none" if is_bare else self.rng.choice([*WAYS, None])
            files = self.disk.cut(self.rng, way)
            about = f"state {number}: cut after record {point} of {len(self.records)}, {way or 'mixed'}"
            found = len(self.case.findings)
            self.check(files, about, with_daemon=self.rng.random() * STARTS < 1)
            if len(self.case.findings) > found:
                self.keep(files, number)
            if len(self.case.findings) > ENOUGH:
                return number + 1
        return len(points)

    def points(self, count, first):
        """Half of them anywhere, the others where more happens than a commit: starts, checkpoints, stops, failed
        syncs."""
        databases = {}
        rare = []
        for index, (what, descriptor, _, data) in enumerate(self.records):
            if what == "O":
                databases[descriptor] = data.endswith(b".db")
            if index >= first and (what in "POTGURLF" or (what in "WbS" and databases.get(descriptor))):
                rare.append(index)
        last = len(self.records)
        return sorted(
            min(last, self.rng.choice(rare) + self.rng.randint(0, 4)) if rare and self.rng.random() < 0.5
            else self.rng.randint(first, last) for _ in range(count))

    def take(self, what, descriptor, offset, data):
        if what == "A":
            *lines, rest = (self.lines.pop(descriptor, b"") + data).split(b"\n")
            self.lines[descriptor] = rest
            for line in lines:
                answer = json.loads(line)
                for page in self.pages:
                    page.take(answer)
            return
        if what == "P":
            self.lines = {}
        elif what == "X" and self.lines.pop(descriptor, None) is not None:
            return
        self.disk.take(what, descriptor, offset, data)

    # MARK: A state

    def check(self, files, about, with_daemon):
        witnesses = [page.witness() for page in self.pages]
        with State(files) as folder:
            checker.check(self.case, str(folder / "l.db"), witnesses, about)
        if not with_daemon:
            return
        with State(files) as folder:
            daemon = Daemon(self.case.binaries / "lifecycled", folder)
            try:
                daemon.start()
                teller.settle(witnesses, daemon.socket)
                daemon.end(signal.SIGTERM)
                checker.check(self.case, daemon.database, witnesses, f"{about}, after a start")
            except AssertionError as error:
                self.case.find("wrong", f"{about}, at the start on it: {error}")
            finally:
                daemon.kill()

    def keep(self, files, number):
        """Saves the state for whoever looks at it, the first ones."""
        folder = self.case.folder / f"state{number}"
        if len(list(self.case.folder.glob("state*"))) < 3:
            folder.mkdir(mode=0o700)
            write(files, folder)


class State:
    """A folder with these files, for as long as it is looked at."""

    def __init__(self, files):
        self.files = files

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="f.", dir=memory())
        write(self.files, Path(self.folder))
        return Path(self.folder)

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


def write(files, folder):
    for name, content in files.items():
        if name.startswith("l.db"):
            with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(content)
