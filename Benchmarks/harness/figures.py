"""The table: which figures there are, what each is compared with, and what must be reached."""

import statistics
from dataclasses import dataclass
from typing import Optional


# No worse than the base is: at least so much of what it reaches, at most 1 / so much of what it needs.
KEPT = 0.95


class Samples:
    def __init__(self):
        self.values = {}

    def add(self, key, value):
        self.values.setdefault(key, []).append(value)

    def median(self, key):
        found = self.values.get(key)
        return statistics.median(found) if found else None


@dataclass
class Figure:
    name: str
    ours: str  # key of the sample
    unit: str
    needs: tuple  # steps that measure it
    beside: str = ""  # what it is compared with, in words
    theirs: Optional[str] = None  # and its key
    target: str = ""
    at_least: Optional[float] = None  # ratio
    at_most: Optional[float] = None  # ratio
    below: Optional[float] = None  # our value itself
    size: Optional[int] = None

    def result(self, samples):
        ours, theirs = samples.median(self.ours), samples.median(self.theirs) if self.theirs else None
        ratio = ours / theirs if ours is not None and theirs else None
        met = None
        if ours is not None and self.below is not None:
            met = ours <= self.below
        if ratio is not None and self.at_least is not None:
            met = ratio >= self.at_least
        if ratio is not None and self.at_most is not None:
            met = ratio <= self.at_most
        return {
            "figure": self.name, "projects": self.size, "ours": ours, "unit": self.unit, "target": self.wanted(),
            "beside": self.beside, "theirs": theirs, "ratio": ratio, "met": met,
            "samples": samples.values.get(self.ours, []), **self.beside_base(samples, ours)}

    def beside_base(self, samples, ours):
        """The base's figure, ours divided by it, and whether ours is not worse; nothing where no base was measured."""
        key = f"base.{self.ours.removeprefix('daemon.')}"
        base = samples.median(key)
        times = ours / base if ours is not None and base else None
        kept = None
        if times is not None:
            kept = times >= KEPT if self.unit.endswith("/s") else times <= 1 / KEPT
        return {"base": base, "timesBase": times, "kept": kept, "baseSamples": samples.values.get(key, [])}

    def wanted(self):
        if self.at_least is not None:
            return f"≥ {self.at_least} ×"
        if self.at_most is not None:
            return f"≤ {self.at_most} ×"
        return f"≤ {self.below:g} {self.unit}" if self.below is not None else "shown"


def of_size(size):
    """The daemon beside the floor, on a ledger of so many projects."""
    at = f"@{size}"

    def figure(name, ours, unit, step, beside="", theirs=None, **target):
        return Figure(
            name, f"daemon.{ours}{at}", unit, (step,), beside, f"{theirs}{at}" if theirs else None, size=size, **target)

    commit = "floor, {} a commit".format
    return [
        figure("create 16×16", "create.16x16.perSecond", "/s", "create.16x16", commit(256),
               "floor.create.256.perSecond", at_least=0.75),
        figure("create 16×1", "create.16x1.perSecond", "/s", "create.16x1", commit(16),
               "floor.create.16.perSecond", at_least=0.75),
        figure("create 16×1 p50", "create.16x1.p50", "µs", "create.16x1", "floor's commit of 16 p50", "floor.create.16.p50"),
        figure("create 16×1 p99", "create.16x1.p99", "µs", "create.16x1", "floor's commit of 16 p99", "floor.create.16.p99"),
        figure("create 64×1", "create.64x1.perSecond", "/s", "create.64x1", commit(64),
               "floor.create.64.perSecond", at_least=0.75),
        figure("create 64×1 p50", "create.64x1.p50", "µs", "create.64x1", "floor's commit of 64 p50", "floor.create.64.p50"),
        figure("create 64×1 p99", "create.64x1.p99", "µs", "create.64x1", "floor's commit of 64 p99", "floor.create.64.p99"),
        figure("create 1×1", "create.1x1.perSecond", "/s", "create.1x1", commit(1), "floor.create.1.perSecond"),
        figure("create 1×1 p50", "create.1x1.p50", "µs", "create.1x1", "floor's single commit p50",
               "floor.create.1.p50", at_most=1.5),
        figure("create 1×1 p99", "create.1x1.p99", "µs", "create.1x1", "floor's single commit p99", "floor.create.1.p99"),
        figure("failed 16×16", "failed.16x16.perSecond", "/s", "failed.16x16", commit(256),
               "floor.failed.256.perSecond", at_least=0.75),
        figure("failed 16×1", "failed.16x1.perSecond", "/s", "failed.16x1", commit(16),
               "floor.failed.16.perSecond", at_least=0.75),
        figure("getStatus 16×16", "status.16x16.perSecond", "/s", "status.16x16", "floor, 256 a snapshot",
               "floor.status.256.perSecond"),
        figure("getStatus 16×1", "status.16x1.perSecond", "/s", "status.16x1", "floor, 16 a snapshot",
               "floor.status.16.perSecond"),
        figure("getStatus 16×1 p99", "status.16x1.p99", "µs", "status.16x1"),
        figure("getStatus 1×1 p50", "status.1x1.p50", "µs", "status.1x1", "floor, alone", "floor.status.1.p50"),
        figure("getBalance 16×1", "balance.16x1.perSecond", "/s", "balance", "floor, 16 a snapshot",
               "floor.balance.16.perSecond"),
        figure("first page p50", "page.1x1.p50", "µs", "lists", "floor's first page", "floor.page.1.p50"),
        figure("1000th page p50", "deep.1x1.p50", "µs", "lists", "our first page", "daemon.page.1x1.p50", at_most=1.25),
        figure("1000th page p50 ", "deep.1x1.p50", "µs", "lists", "floor's 1000th page", "floor.deep.1.p50"),
        figure("page with stats p50", "stats.1x1.p50", "µs", "lists", "our page without", "daemon.page.1x1.p50", at_most=1.25),
        figure("page with stats p50 ", "stats.1x1.p50", "µs", "lists", "floor's page with stats", "floor.stats.1.p50"),
        figure("reads' p99, 20 % writes", "mixed.64x1.p99", "µs", "mixed", "their p99 without writes",
               "daemon.reads.64x1.p99", at_most=3),
        figure("cold start, clean", "clean", "ms", "cold", "empty C program", "empty.cold", below=30),
        figure("cold start, killed", "killed", "ms", "cold", "empty C program", "empty.cold", below=150),
    ]


def of_peers(reference):
    at = f"@{reference}"

    def figure(name, ours, step, peer, beside, theirs, unit="/s", **target):
        return Figure(
            name, f"daemon.{ours}{at}", unit, (step, peer), beside, theirs, size=reference, **target)

    return [
        figure("create 16×1", "create.16x1.perSecond", "create.16x1", "postgres", "PostgreSQL, 16 clients",
               "postgres.create.16.perSecond", at_least=1.5),
        figure("create 64×1", "create.64x1.perSecond", "create.64x1", "postgres", "PostgreSQL, 64 clients",
               "postgres.create.64.perSecond"),
        figure("create 1×1", "create.1x1.perSecond", "create.1x1", "postgres", "PostgreSQL, 1 client",
               "postgres.create.1.perSecond"),
        figure("create 16×1", "create.16x1.perSecond", "create.16x1", "redis", "Redis Lua, fsync always",
               "redis.create.16.perSecond"),
        figure("getStatus 16×1", "status.16x1.perSecond", "status.16x1", "redis", "Redis HGETALL, 16 clients",
               "redis.status.16x1.perSecond", at_least=0.6),
        figure("getStatus 16×16", "status.16x16.perSecond", "status.16x16", "redis", "Redis HGETALL, -P 16",
               "redis.status.16x16.perSecond", at_least=0.6),
        figure("getStatus 16×1", "status.16x1.perSecond", "status.16x1", "echo", "line echo in C",
               "echo.16x1.perSecond"),
        figure("getStatus 16×16", "status.16x16.perSecond", "status.16x16", "echo", "line echo in C",
               "echo.16x16.perSecond"),
    ]


def of_growth(smallest, largest):
    """A large ledger beside a small one."""
    figures = []
    for name, key, step in [
        ("create 16×16", "create.16x16", "create.16x16"), ("create 16×1", "create.16x1", "create.16x1"),
        ("failed 16×1", "failed.16x1", "failed.16x1"), ("getStatus 16×1", "status.16x1", "status.16x1"),
        ("first page", "page.1x1", "lists"), ("page with stats", "stats.1x1", "lists"),
    ]:
        figures.append(Figure(
            name, f"daemon.{key}.perSecond@{largest}", "/s", (step,), f"ours at {smallest} projects",
            f"daemon.{key}.perSecond@{smallest}", at_least=0.8, size=largest))
    return figures


def of_clocks(reference, largest):
    def figure(name, ours, unit, step, beside="", theirs=None, **target):
        return Figure(
            name, f"daemon.{ours}", unit, (step,), beside, f"daemon.{theirs}" if theirs else None, size=reference, **target)

    return [
        figure("heartbeat 16×1", "beat.16x1", "/s", "beats", "getStatus 16×1", f"status.16x1.perSecond@{reference}"),
        figure("heartbeat 16×16", "beat.16x16", "/s", "beats", "getStatus 16×16", f"status.16x16.perSecond@{reference}"),
        figure("refunds, 100 000 due at once", "sweep.perSecond", "/s", "sweep"),
        figure("reads' p99 meanwhile", "with.read.p99", "µs", "sweep", "their p99 before", "without.read.p99"),
        figure("creates' p99 meanwhile", "with.write.p99", "µs", "sweep", "their p99 before", "without.write.p99"),
        figure("event at 1 watcher p50", "watch1.first.p50", "µs", "watch", "the create's answer p50", "watch1.answer.p50"),
        figure("event at 1 watcher p99", "watch1.first.p99", "µs", "watch", "the create's answer p99", "watch1.answer.p99"),
        figure("event at the last of 200 p50", "watch200.last.p50", "µs", "watch", "the create's answer p50",
               "watch200.answer.p50"),
        figure("event at the last of 200 p99", "watch200.last.p99", "µs", "watch", "the create's answer p99",
               "watch200.answer.p99"),
        figure("create answered, 200 watchers", "watch200.answer.p50", "µs", "watch", "with 1 watcher", "watch1.answer.p50"),
        figure("the writer's time of it, 200 watchers", "watch200.writer", "µs", "watch", "with 1 watcher", "watch1.writer"),
        Figure("backup, checked", "daemon.backup.rate", "MiB/s", ("backup",), size=largest),
        Figure("backup, checked, time", "daemon.backup.seconds", "s", ("backup",), size=largest),
        Figure("creates 16×1 meanwhile", "daemon.duringBackup", "/s", ("backup",), "before it", "daemon.beforeBackup",
               size=largest),
    ]


def of_costs(reference):
    figures = [
        Figure("resident memory at rest", "daemon.resident", "MiB", ("memory",), below=16, size=reference),
        Figure("private memory at rest", "daemon.private", "MiB", ("memory",), size=reference),
        Figure("memory of an idle connection", "daemon.idle", "KiB", ("memory",), below=10, size=reference),
        Figure("WAL of a create, 16×1", "daemon.wal.16x1", "B", ("wal",), "floor", "floor.wal.16x1", size=reference),
        Figure("WAL of a create, 16×16", "daemon.wal.16x16", "B", ("wal",), "floor", "floor.wal.16x16", size=reference),
    ]
    for kind, name in [("create", "a create"), ("status", "a getStatus")]:
        for step, what, unit in [
            ("calls", "system calls", ""), ("cpu", "CPU time", "µs"), ("instructions", "instructions", ""),
            ("allocations", "allocations", ""),
        ]:
            figures.append(Figure(
                f"{what} of {name}", f"daemon.{step}.{kind}", unit, (step,), "floor", f"floor.{step}.{kind}", size=reference))
    return figures


def all_figures(sizes):
    reference = 100_000 if 100_000 in sizes else sizes[-1]
    figures = [figure for size in sizes for figure in of_size(size)]
    figures += of_peers(reference)
    if len(sizes) > 1:
        figures += of_growth(sizes[0], sizes[-1])
    return figures + of_clocks(reference, sizes[-1]) + of_costs(reference), reference
