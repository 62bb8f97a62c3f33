"""What one case of a fault is given, and what it may find."""

import random
from dataclasses import dataclass, field
from pathlib import Path

# What a case may find. `wrong` is everything that is neither of the others.
KINDS = ("lost", "corrupt", "hung", "wrong")


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

    def __post_init__(self):
        self.rng = random.Random(f"{self.seed}/{self.kind}/{self.number}")

    def find(self, what, text):
        assert what in KINDS, what
        self.findings.append((what, text))

    def expect(self, holds, what, text):
        if not holds:
            self.find(what, text)
