"""A ledger under test: a daemon, the clerks who work with it, and what must hold after a fault."""

import random
import shutil

from testkit.daemon import Daemon
from testkit.pace import patience
from . import checker, teller
from .clerk import Clerk

PATIENCE = patience(15)  # seconds that the daemon may take for anything, on a busy machine


class Bench:
    def __init__(self, case, folder, clerks=4, users=2, bulk=60, state=None):
        """folder: the daemon's own, made if missing; state: another one for the database."""
        self.case, self.folder = case, folder
        self.state = state or folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self.daemon = Daemon(case.binaries / "lifecycled", folder)
        if state:
            self.daemon.database = str(state / "l.db")
            self.daemon.command[self.daemon.command.index("--database") + 1] = self.daemon.database
        self.command, self.environment = self.daemon.command, self.daemon.environment
        self.clerks = [Clerk(n, random.Random(case.rng.random()), users, bulk) for n in range(clerks)]

    def plain(self):
        """From now on it is started with no fault."""
        self.daemon.command, self.daemon.environment, self.daemon.limits = self.command, self.environment, None

    @property
    def calls(self):
        return sum(len(clerk.calls) for clerk in self.clerks)

    @property
    def is_running(self):
        return self.daemon.process is not None and self.daemon.process.poll() is None

    def play(self, until, window=6, silence=PATIENCE):
        """silence: as `teller.play` has it."""
        return teller.play(self.clerks, self.daemon.socket, until, window, silence)

    def work(self, answers, window=6):
        """So many answers more, if it answers."""
        goal = sum(clerk.answered for clerk in self.clerks) + answers
        return self.play(lambda: sum(clerk.answered for clerk in self.clerks) >= goal, window)

    def examine(self, about):
        """The files as the dead daemon has left them. In a copy: the daemon itself must find them as they are."""
        copy = self.folder.parent / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for suffix in ("", "-wal", "-journal"):
            file = self.state / f"l.db{suffix}"
            if file.exists():
                shutil.copy(file, copy)
        checker.check(self.case, copy / "l.db", self.clerks, about)

    def recover(self):
        """Without any fault it starts, and every call comes to an end."""
        self.plain()
        if not self.is_running:
            self.daemon.start()
        teller.settle(self.clerks, self.daemon.socket)

    def close(self, about):
        if self.is_running:
            self.daemon.end()
        checker.check(self.case, self.daemon.database, self.clerks, about)

    def discard(self):
        """At the end of the case, however it ended."""
        self.daemon.kill()
        teller.save(self.clerks, self.folder)
