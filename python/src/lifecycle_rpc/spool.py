"""Reports that could not be delivered, kept in files until they can.

A file a report, written whole or not at all: who is killed while writing leaves a `.part` that nobody reads.
Delivering one twice does no harm, since the first verdict stays; so any number of processes may add and flush at once.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .client import Client
from .errors import LifecycleError, PermissionDenied, RPCError, TerminalState


def default_folder() -> Path:
    """$LIFECYCLE_SPOOL, or `lifecycle-rpc/spool` in the user's state folder ($XDG_STATE_HOME, ~/.local/state)."""
    if folder := os.environ.get("LIFECYCLE_SPOOL"):
        return Path(folder)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local/state") / "lifecycle-rpc/spool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flushed:
    """What became of the spooled reports."""

    delivered: int = 0
    """Taken, or known already."""
    overruled: int = 0
    """Another verdict had come before: the report is in the project's history."""
    rejected: int = 0
    """Refused for good, and now in the folder `rejected` for somebody to look at."""
    left: int = 0
    """Still to be delivered."""


class Spool:
    """A folder of reports, made when the first one is added. Only its user may read it."""

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Use `folder`, or `default_folder()`."""
        self.folder = Path(folder) if folder is not None else default_folder()

    def add(self, params: Mapping[str, object]) -> Path:
        """Keep the parameters of an `updateStatus`; they are on disk when this returns. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In the order of their making, as the first verdict is the one that stays.
        name = f"{time.time_ns():020}-{uuid.uuid4().hex}"
        part = self.folder / f"{name}.part"
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({"version": 1, "method": "updateStatus", "params": dict(params)}, file)
            file.flush()
            os.fsync(file.fileno())
        whole = part.with_suffix(".json")
        part.rename(whole)
        _sync(self.folder)
        return whole

    def waiting(self) -> list[Path]:
        """The files of the reports, oldest first."""
        return sorted(self.folder.glob("*.json"))

    def flush(self, client: Client, *, timeout: float | None = None) -> Flushed:
        """Deliver what is there, at most `timeout` seconds a report.

        Stops at the first one that cannot be delivered now, as the next one could not either. Never raises for that.
        """
        waiting = self.waiting()
        fates: Counter[str] = Counter()
        for file in waiting:
            try:
                fates[self._deliver(file, client, timeout)] += 1
            except FileNotFoundError:
                fates["delivered"] += 1  # or rejected: by another process, in the meantime
            except OSError:
                continue  # another user's file, a full disk: the next one may do
            except LifecycleError:
                break
        return Flushed(**fates, left=len(waiting) - fates.total())

    def _deliver(self, file: Path, client: Client, timeout: float | None) -> str:
        """Which member of `Flushed` it counts for. Raises LifecycleError when it must wait, and OSError."""
        fate = "delivered"
        try:
            client.call("updateStatus", _read(file), timeout=timeout)
        except TerminalState:
            fate = "overruled"
        except (RPCError, ValueError) as error:
            if isinstance(error, PermissionDenied) or (isinstance(error, RPCError) and error.retryable):
                raise  # until an admin did something, or later
            self._reject(file)
            return "rejected"
        file.unlink(missing_ok=True)
        return fate

    def _reject(self, file: Path) -> None:
        folder = self.folder / "rejected"
        folder.mkdir(mode=0o700, exist_ok=True)
        file.rename(folder / file.name)


def _read(file: Path) -> dict[str, object]:
    content = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or content.get("version") != 1 or not isinstance(content.get("params"), dict):
        raise ValueError(f"{file}: not a spooled report")
    params: dict[str, object] = content["params"]
    return params


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
