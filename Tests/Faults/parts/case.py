"""What one case of a fault is given, and what it may find."""

import random
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from testkit.wire import Gone, Refused
from .clerk import Lost, Unknown
from .tools import memory

# What a case may find. `wrong` is everything that is neither of the others.
KINDS = ("lost", "corrupt", "hung", "wrong")
# What is raised when the daemon does not as it should. Everything else is an error of the harness, or of the machine.
BLAME = (AssertionError, ConnectionError, Gone, Refused, Unknown)


class Skipped(Exception):
    """This machine does not allow it, for this reason."""


@dataclass
class Case:
    kind: str
    number: int
    seed: int
    is_long: bool
    binaries: Path  # where lifecycled and lifecyclectl are
    tools: Path  # what the kind's `prepare` made, shared by its cases: not to be written to
    folder: Path  # the case's own, on a disk; removed when nothing was found
    findings: list = field(default_factory=list)
    skips: list = field(default_factory=list)  # what could not be tried here, and why

    def __post_init__(self):
        self.rng = random.Random(f"{self.seed}/{self.kind}/{self.number}")

    def find(self, what, text):
        assert what in KINDS, what
        self.findings.append((what, text))

    def expect(self, holds, what, text):
        if not holds:
            self.find(what, text)

    def skip(self, what):
        """Returns 0, the number of runs that it was."""
        self.skips.append(what)
        return 0

    def attempt(self, run, explain=str):
        """Runs it with the case. What the daemon is to blame for becomes a finding. Returns the number of runs."""
        try:
            return run(self)
        except Skipped as reason:
            return self.skip(str(reason))
        except Lost as error:
            self.find("lost", explain(error))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            self.find("hung", explain(error))
        except BLAME as error:
            self.find("wrong", f"{type(error).__name__}: {explain(error)}")
        return 0

    @contextmanager
    def in_memory(self):
        """A folder, whose files are kept when something was found."""
        folder = Path(tempfile.mkdtemp(prefix="f.", dir=memory()))
        is_whole = False
        try:
            yield folder
            is_whole = not self.findings
        finally:
            if not is_whole:
                shutil.copytree(folder, self.folder / "memory", symlinks=True, ignore=is_no_file)
            shutil.rmtree(folder)


def is_no_file(folder, names):
    """Those that cannot be copied: sockets."""
    return [name for name in names if (Path(folder) / name).is_socket()]
