"""A real daemon for tests, and waiting for conditions."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("LIFECYCLED_BINARY", ROOT / ".build/release/lifecycled"))

Script = Callable[[socket.socket, int], None]
Serve = Callable[[Script], Path]
StartDaemon = Callable[..., "Daemon"]


def eventually(
    condition: Callable[[], object], what: str = "the condition", seconds: float = 30, pause: float = 0.01
) -> None:
    """Wait until the condition holds, and look every `pause` seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} seconds"
        time.sleep(pause)


class Daemon:
    """A real lifecycled over a database of its own."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.socket = folder / "s"
        self._arguments = [str(BINARY), "--socket", str(self.socket), "--database", str(folder / "db" / "lifecycle.db")]
        self._arguments += flags
        (folder / "db").mkdir(mode=0o700)
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self.start()

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        return self._pid

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LIFECYCLE")}
        with self._log.open("ab") as log:
            process = subprocess.Popen(self._arguments, stdin=subprocess.DEVNULL, stderr=log, env=environment)
        self._process = process
        self._pid = process.pid
        eventually(lambda: process.poll() is not None or self._listens(), "the daemon listens")
        assert process.poll() is None, self._log.read_text()

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None
