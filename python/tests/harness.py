"""A real daemon for tests, and waiting for conditions."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(1, str(ROOT / "Tests"))

from testkit import daemon  # noqa: E402
from testkit.pace import eventually  # noqa: E402
from testkit.wire import Connection  # noqa: E402

if TYPE_CHECKING:
    from lifecycle_rpc.prefect._tracker import Tracker

__all__ = ["BINARY", "ROOT", "Daemon", "Script", "Serve", "StartDaemon", "Track", "eventually"]

BINARY = Path(os.environ.get("LIFECYCLED_BINARY", ROOT / ".build/release/lifecycled"))

Script = Callable[[socket.socket, int], None]
Serve = Callable[[Script], Path]
StartDaemon = Callable[..., "Daemon"]
Track = Callable[..., "Tracker"]


class Daemon(daemon.Daemon):
    """A real lifecycled over a database of its own, which runs already."""

    def __init__(self, folder: Path, *flags: str) -> None:
        super().__init__(BINARY, folder, *flags)
        self.start()

    def start(self) -> None:
        super().start()
        with Connection(self.socket) as connection:
            # It listens before it is ready for signals: one that comes earlier ends it as if it were nobody's.
            connection.call("getBalance", {"userId": "nobody"})

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        return self.running.pid

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Nothing happens to one that was stopped before."""
        if self.running.returncode is None:
            self.end(how)
