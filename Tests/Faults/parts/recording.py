"""A daemon whose files and answers are written down as they happen (native/recorder), and the clerks who load it."""

import os
import pickle
import random
import shutil
import signal
import struct
import tempfile
import threading
import time
from pathlib import Path

from testkit.daemon import Daemon

from . import teller
from .clerk import READS, Clerk
from .tools import LIBRARY, NATIVE, compile, memory

HEAD = struct.Struct("<ciQI")


def build(tools):
    sources = [f"recorder/{file.name}" for file in sorted((NATIVE / "recorder").glob("*.c"))]
    compile(tools / "recorder.so", *LIBRARY, "-fvisibility=hidden", *sources, "-lpthread")


class Witness(Clerk):
    """A clerk who remembers, of each call, what was the last write known when it was chosen."""

    def __init__(self, number, rng):
        super().__init__(number, rng)
        self.ids = number * 10_000_000  # so that an answer says whose it is
        self.last, self.known = None, {}

    def next(self):
        call = super().next()
        self.known[call.id] = self.last
        return call

    def enter(self, call, answer, is_repeated):
        super().enter(call, answer, is_repeated)
        if call.id in self.known and call.method not in READS:
            self.last = call.id


class Recording:
    """Its files are gone when it ends, but for what is saved of them when there is a finding."""

    def __init__(self, case):
        self.case = case
        self.scratch = Path(tempfile.mkdtemp(prefix="f.", dir=memory()))
        self.folder, self.log, self.fault = self.scratch / "d", self.scratch / "log", self.scratch / "fault"
        self.folder.mkdir(mode=0o700)
        self.daemon = Daemon(case.binaries / "lifecycled", self.folder, environment={
            "LD_PRELOAD": str(case.tools / "recorder.so"), "RECORDER_LOG": str(self.log),
            "RECORDER_FOLDER": str(self.folder), "RECORDER_FAULT": str(self.fault),
            "RECORDER_DELAY": str(case.rng.choice([0, 0, 300, 2000]))})
        self.clerks = [Witness(n, random.Random(case.rng.random())) for n in range(3)]

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        self.daemon.kill()
        if self.case.findings or (error and issubclass(error, Exception)):
            self.keep(self.case.folder)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def play(self, seconds, until=lambda: False):
        end = time.monotonic() + seconds
        return teller.play(self.clerks, self.daemon.socket, lambda: time.monotonic() > end or until())

    def is_checkpointed(self):
        """The WAL has been copied into the database: before, that is one page."""
        return os.path.getsize(self.daemon.database) > 4096

    def settle(self):
        teller.settle(self.clerks, self.daemon.socket)

    def kill_within(self, seconds):
        """Plays until the daemon is killed, in so many seconds."""
        timer = threading.Timer(seconds, self.daemon.process.kill)
        timer.start()
        try:
            self.play(60)
            self.daemon.process.wait(60)
        finally:
            timer.cancel()

    def end(self):
        self.daemon.end(signal.SIGTERM)

    def fail_sync(self, number, suffix="-"):
        """The so many-th sync from now on of a file whose name ends so."""
        aside = self.fault.with_suffix(".new")
        aside.write_text(f"{number} {suffix}\n", encoding="utf-8")
        aside.rename(self.fault)

    def records(self):
        """All that was written down: (what, descriptor, offset, bytes)."""
        data, at, records = self.log.read_bytes(), 0, []
        while at + HEAD.size <= len(data):
            what, descriptor, offset, length = HEAD.unpack_from(data, at)
            at += HEAD.size
            if at + length > len(data):
                break  # killed in the middle of it, before the program went on
            records.append((what.decode(), descriptor, offset, data[at:at + length]))
            at += length
        return records

    def keep(self, folder):
        """Saves it for whoever looks at a finding."""
        shutil.copy(self.log, folder / "recording")
        if os.path.exists(self.daemon.log):
            shutil.copy(self.daemon.log, folder / "daemon.log")
        with open(folder / "clerks", "wb") as file:
            for clerk in self.clerks:
                clerk.rng = None
            pickle.dump((self.folder, self.clerks), file)
