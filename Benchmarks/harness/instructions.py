"""Instructions by valgrind's callgrind: they hardly depend on what else the machine does."""

import os
import re

from . import ours, system
from .system import TOOLS, BenchError

WARM, COUNT = 64, 480
# One connection, 16 requests at a time: the batches, and with them the figures, repeat.
DEPTH = 16
# What a figure may exceed the kept one by.
SLACK = 0.10


def callgrind(scratch, name):
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={scratch.folder / name}",
            f"--log-file={scratch.folder / name}.log"]


def total(scratch, name):
    text = (scratch.folder / name).read_text()
    found = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
    if not found:
        raise BenchError(f"callgrind wrote no total: {(scratch.folder / f'{name}.log').read_text()[-1000:]}")
    return int(found.group(1))


def of_command(scratch, command):
    system.run([*callgrind(scratch, "callgrind"), *command])
    return total(scratch, "callgrind")


def stripped(build):
    """valgrind 3.19 cannot read the debug information of Swift 6.3."""
    copy = build.scratch.folder / f"stripped-{build.name}"
    if not copy.exists():
        system.run(["objcopy", "--strip-debug", build.binary, copy])
    return copy


class Running:
    """A daemon under callgrind that gets its requests, and what it executed in all, start and stop included."""

    def __init__(self, build, size, name, creates, reads):
        self.scratch, self.name = build.scratch, f"callgrind-{build.name}-{name}"
        self.daemon = build.daemon(
            build.databases.copy(size, f"instructions-{name}"), under=callgrind(self.scratch, self.name),
            binary=stripped(build), env={**os.environ, "LD_PRELOAD": str(TOOLS / "own-sigsuspend")})
        ids = build.databases.project_ids(size)
        for template, count, options in [(ours.CREATE, creates, {}), (ours.STATUS, reads, {"ids": ids})]:
            self.daemon.load(template, depth=DEPTH, count=count, warm_up=0, users=ours.USERS, **options)

    def total(self):
        self.daemon.stop()
        return total(self.scratch, self.name)


def of_daemon(build, size):
    """Of one create and of one getStatus: what more of them cost, so that start and stop do not count."""
    runs = {"start": (WARM, WARM), "create": (WARM + COUNT, WARM), "status": (WARM, WARM + COUNT)}
    totals = {name: Running(build, size, name, *counts).total() for name, counts in runs.items()}
    return {name: (totals[name] - totals["start"]) / COUNT for name in ("create", "status")}


def compare(found, kept):
    """Whether all is well; says each figure."""
    well = True
    for name, figure in found.items():
        ratio = figure / kept[name]
        verdict = "ok"
        if ratio > 1 + SLACK:
            verdict, well = f"TOO MANY: at most {1 + SLACK:.2f}", False
        elif ratio < 1 - SLACK:
            verdict = "fewer: make bench-guard-update keeps it so"
        print(f"guard: {name}: {figure:,} instructions, {ratio:.3f} of guard.json's {kept[name]:,}: {verdict}")
    return well
