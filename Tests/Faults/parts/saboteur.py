"""The shipped daemon with native/saboteur*.c preloaded, as a folder of binaries like any other."""

import shlex
import struct
from dataclasses import dataclass
from pathlib import Path

from .tools import LIBRARY, NATIVE, compile


@dataclass(frozen=True)
class Rule:
    """What is done, to which statement or file, as saboteur.h has it."""

    act: str
    target: str = ""
    instead: str = ""
    every: int = 1
    whole: bool = False

    def record(self):
        return "\x1f".join([self.act, self.target, self.instead, str(self.every), str(int(self.whole))]) + "\x1e"


def sql(old, new, whole=False):
    """Changes the text of a statement or of the schema."""
    return Rule("rewrite", old, new, whole=whole)


def build(tools):
    """The sources include sqlite3.h, which the daemon needs as well."""
    compile(tools / "saboteur.so", *LIBRARY, *sorted(path.name for path in NATIVE.glob("saboteur*.c")))


def write_plan(path, rules):
    path.write_text("".join(rule.record() for rule in rules), encoding="utf-8")


class Sabotage:
    """A folder with a `lifecycled` that breaks these rules."""

    def __init__(self, folder, tools, binaries, rules):
        folder.mkdir()
        self.binaries, self.rules, self.plan = folder, rules, folder / "plan"
        write_plan(self.plan, rules)
        daemon = folder / "lifecycled"
        # Before whatever else is preloaded: that records and breaks what a broken daemon does.
        plan, library, real = (
            shlex.quote(str(path)) for path in (self.plan, tools / "saboteur.so", binaries / "lifecycled"))
        daemon.write_text(
            f"#!/bin/sh\nSABOTEUR={plan} LD_PRELOAD={library}${{LD_PRELOAD:+:$LD_PRELOAD}} exec {real} \"$@\"\n",
            encoding="utf-8")
        daemon.chmod(0o755)
        (folder / "lifecyclectl").symlink_to(binaries / "lifecyclectl")

    def idle(self):
        """The rules that never acted: what they aim at is not there."""
        counts = Path(f"{self.plan}.hits").read_bytes()
        return [rule for n, rule in enumerate(self.rules) if not struct.unpack_from("@L", counts, 8 * n)[0]]
