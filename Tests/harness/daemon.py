"""The daemon as a process, with its files in one folder."""

import os
import signal
import subprocess
import time

from .pace import patience
from .wire import Connection, Gone


class Daemon:
    """Its socket, database and log are `s`, `l.db` and `log` in the folder."""

    def __init__(self, binary, folder, *options, environment=None, wrapper=(), limits=None):
        """wrapper: a command that runs it, such as strace; limits: called in the child before it runs."""
        self.socket, self.database, self.log = (str(folder / name) for name in ("s", "l.db", "log"))
        self.command = [*wrapper, str(binary), "--socket", self.socket, "--database", self.database, *options]
        self.environment = {"PATH": os.environ.get("PATH", ""), "SWIFT_BACKTRACE": "enable=no", **(environment or {})}
        self.limits = limits
        self.process = None

    def launch(self):
        with open(self.log, "ab") as log:
            # A session of its own: Ctrl-C is for the test.
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=self.environment, preexec_fn=self.limits)

    def start(self):
        self.launch()
        deadline = time.monotonic() + patience(60)
        while time.monotonic() < deadline:
            try:
                return Connection(self.socket).close()
            except Gone:
                if self.process.poll() is not None:
                    break
                time.sleep(0.002)
        raise AssertionError(f"the daemon does not start (exit code {self.process.poll()}): {self.last_words()}")

    def end(self, number=signal.SIGTERM, within=60):
        """Ends it by this signal and waits. It must not have ended by itself."""
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended by itself with {self.process.returncode}: {self.last_words()}")
        self.process.send_signal(number)
        code = self.process.wait(patience(within))
        if code != (-number if number == signal.SIGKILL else 0):
            raise AssertionError(f"the daemon ended with {code} after signal {number}: {self.last_words()}")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def last_words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-600:].strip()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident(self):
        """MiB."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
