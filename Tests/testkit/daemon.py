"""The daemon as a process, with its files in one folder."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from .pace import eventually, patience
from .wire import Connection, Gone


class Daemon:
    """Its socket, database and log are `s`, `l.db` and `log` in the folder."""

    def __init__(
        self, binary: Path | str, folder: Path, *options: str, environment: dict[str, str] | None = None,
        wrapper: Sequence[str] = (), limits: Callable[[], None] | None = None,
    ) -> None:
        """wrapper: a command that runs it, such as strace; limits: called in the child before it runs.

        Of the environment it gets PATH only: nothing that is set outside may change what a test sees.
        """
        self.socket, self.database, self.log = (str(folder / name) for name in ("s", "l.db", "log"))
        self.command = [*wrapper, str(binary), "--socket", self.socket, "--database", self.database, *options]
        self.environment = {"PATH": os.environ.get("PATH", ""), "SWIFT_BACKTRACE": "enable=no", **(environment or {})}
        self.limits = limits
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """A test that went well also needs an end that goes well."""
        try:
            if kind is None:
                self.end()
        finally:
            self.kill()

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process that was started last."""
        if self.process is None:
            raise AssertionError("the daemon was not started")
        return self.process

    def launch(self) -> None:
        with open(self.log, "ab") as log:
            # A session of its own: Ctrl-C is for the test.
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=self.environment, preexec_fn=self.limits)

    def start(self) -> None:
        """Launches it and waits until it listens."""
        self.launch()
        try:
            eventually(self._listens, "the daemon listens", seconds=60, pause=0.002)
        except AssertionError as error:
            raise AssertionError(
                f"the daemon does not start (exit code {self.running.poll()}): {self.last_words()}") from error

    def _listens(self) -> bool:
        try:
            Connection(self.socket).close()
        except Gone:
            if self.running.poll() is not None:
                raise AssertionError("it has ended") from None
            return False
        return True

    def end(self, number: int = signal.SIGTERM, within: float = 60) -> None:
        """Ends it by this signal and waits. It must not have ended by itself."""
        process = self.running
        if process.poll() is not None:
            raise AssertionError(f"the daemon ended by itself with {process.returncode}: {self.last_words()}")
        process.send_signal(number)
        code = process.wait(patience(within))
        if code != (-number if number == signal.SIGKILL else 0):
            raise AssertionError(f"the daemon ended with {code} after signal {number}: {self.last_words()}")

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-600:].strip()

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.running.pid}/fd"))

    def resident(self) -> float:
        """MiB."""
        with open(f"/proc/{self.running.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
