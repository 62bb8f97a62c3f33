"""Every process of the table, and none of them left when it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


class Processes:
    """Starts processes in sessions of their own, so that a signal meets exactly whom it is meant for."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self.logs = logs
        self.environment = environment
        self.started: dict[str, subprocess.Popen[bytes]] = {}
        # Whose parent dies becomes our child: so that none can be missed at the end.
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")

    def start(self, name: str, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.logs / f"{name}.log").open("ab") as log:
            self.started[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self.environment, **environment},
                start_new_session=True,
                # A shell's background job ignores SIGINT, and what ignores it from birth cannot be stopped by it.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
            )
        return self.started[name]

    def end_all(self) -> None:
        """SIGTERM to what is left, then SIGKILL, until nothing is."""
        end = time.monotonic() + 10
        for how in (signal.SIGTERM, signal.SIGKILL):
            while left := descendants(os.getpid()):
                for pid in left:
                    signal_process(pid, how)
                _reap()
                time.sleep(0.1)
                if how == signal.SIGTERM and time.monotonic() > end:
                    break


def descendants(pid: int) -> list[int]:
    """All living processes below one."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            pids = [int(child) for child in children.read_text().split()]
        except OSError:
            continue
        for child in pids:
            found += [*descendants(child), child]
    return found


def signal_process(pid: int, how: signal.Signals) -> None:
    """Unless it has ended."""
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return
