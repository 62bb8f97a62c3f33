"""Reports that could not be delivered, kept in files until they can.

A file a report, written whole or not at all: who is killed while writing leaves a `.part` that nobody reads.
Delivering one twice does no harm, since the first verdict stays; so any number of processes may add and flush at once.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .client import Client
from .errors import LifecycleError, PermissionDenied, RPCError, TerminalState


def default_folder() -> Path:
    """$LIFECYCLE_SPOOL, or `lifecycle-rpc/spool` in the user's state folder ($XDG_STATE_HOME, ~/.local/state).

    A relative $XDG_STATE_HOME is ignored, as the XDG specification wants it. Raises OSError for a user without a home.
    """
    if folder := os.environ.get("LIFECYCLE_SPOOL"):
        return Path(folder)
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        try:
            state = Path.home() / ".local/state"
        except RuntimeError as error:
            raise FileNotFoundError(errno.ENOENT, f"no folder for the spool: {error}; set LIFECYCLE_SPOOL") from None
    return state / "lifecycle-rpc/spool"


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
    """A folder of reports, made when the first one is added. Only its user may read it.

    A report from there counts as its user's own word. So a folder of another user, or one that others may write to, is
    refused.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Use `folder`, or `default_folder()`."""
        self.folder = Path(folder) if folder is not None else default_folder()

    def add(self, params: Mapping[str, object]) -> Path:
        """Keep the parameters of an `updateStatus`; they are on disk when this returns.

        Raises OSError, and of these PermissionError for a folder that is not only its user's.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In the order of their making, as the first verdict is the one that stays.
        name = f"{time.time_ns():020}-{uuid.uuid4().hex}"
        content = json.dumps({"version": 1, "method": "updateStatus", "params": dict(params)}).encode()
        with self._opened() as folder:
            part = os.open(f"{name}.part", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
            with open(part, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.rename(f"{name}.part", f"{name}.json", src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        return self.folder / f"{name}.json"

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """The folder's descriptor, once it is known to be its user's: who can write there can report what he likes.

        Raises PermissionError for one that is not, FileNotFoundError.
        """
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if problem := _problem(os.fstat(folder)):
                raise PermissionError(errno.EPERM, f"the spool is not trusted, as {problem}", str(self.folder))
            yield folder
        finally:
            os.close(folder)

    def waiting(self) -> list[Path]:
        """The files of the reports, oldest first."""
        return sorted(self.folder.glob("*.json"))

    def flush(self, client: Client, *, timeout: float | None = None) -> Flushed:
        """Deliver what is there, at most `timeout` seconds a report.

        Stops at the first one that cannot be delivered now, as the next one could not either. Never raises for that.
        A file that others can write is not delivered, but rejected.

        Raises PermissionError for a folder that belongs to another user, or that others may write to.
        """
        waiting = self.waiting()
        fates: Counter[str] = Counter()
        if not waiting:
            return Flushed()
        with self._opened() as folder:
            for file in waiting:
                try:
                    fates[_deliver(folder, file.name, client, timeout)] += 1
                except FileNotFoundError:
                    fates["delivered"] += 1  # or rejected: by another process, in the meantime
                except OSError:
                    continue  # another user's file, a full disk: the next one may do
                except LifecycleError:
                    break
        return Flushed(**fates, left=len(waiting) - fates.total())


def _problem(found: os.stat_result) -> str | None:
    if found.st_uid != os.geteuid():
        return f"it belongs to user {found.st_uid}, and this is user {os.geteuid()}"
    if found.st_mode & 0o022:
        return f"others may write to it (mode {stat.S_IMODE(found.st_mode):04o}): chmod go-w"
    return None


def _deliver(folder: int, name: str, client: Client, timeout: float | None) -> str:
    """Which member of `Flushed` it counts for. Raises LifecycleError when it must wait, and OSError."""
    fate = "delivered"
    try:
        client.call("updateStatus", _read(folder, name), timeout=timeout)
    except TerminalState:
        fate = "overruled"
    except (RPCError, ValueError) as error:
        if isinstance(error, PermissionDenied) or (isinstance(error, RPCError) and error.retryable):
            raise  # until an admin did something, or later
        with contextlib.suppress(FileExistsError):
            os.mkdir("rejected", 0o700, dir_fd=folder)
        os.rename(name, f"rejected/{name}", src_dir_fd=folder, dst_dir_fd=folder)
        return "rejected"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    return fate


def _read(folder: int, name: str) -> dict[str, object]:
    """The parameters of a report. Raises OSError, and ValueError for what is none or is not to be trusted."""
    # Neither a link is followed nor a pipe waited for.
    with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a file", name)
        if problem := _problem(found):
            raise ValueError(f"{name}: not trusted, as {problem}")
        content = json.loads(file.read())
    if not isinstance(content, dict) or content.get("version") != 1 or not isinstance(content.get("params"), dict):
        raise ValueError(f"{name}: not a spooled report")
    params: dict[str, object] = content["params"]
    return params
