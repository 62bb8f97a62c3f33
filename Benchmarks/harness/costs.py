"""What one create and one getStatus cost, in bytes, system calls, CPU time, instructions and allocations.

The daemon is asked by 16 connections, one request at a time each; the floor commits 16 at once. Start-up is taken out:
the daemon is running already, and of the floor the difference of two runs is taken.
"""

import os
import signal
import struct
import time

from . import instructions, ours, system
from .system import TOOLS

KINDS = {"create": ours.CREATE, "status": ours.STATUS}
FEW, MANY = 1600, 4800


def with_daemon(context, build, measure, **options):
    """Calls `measure(daemon, kind, load)` for each kind, after a warm-up. `load(count)` sends so many requests."""
    daemon = build.daemon(build.databases.copy(context.reference, "cost"), **options)

    def load(kind, count):
        daemon.load(
            KINDS[kind], connections=16, depth=1, count=count, warm_up=0, users=ours.USERS,
            **({"ids": build.databases.project_ids(context.reference)} if kind == "status" else {}))

    for kind in KINDS:
        load(kind, 500)
    for kind in KINDS:
        measure(daemon, kind, lambda count: load(kind, count))
    daemon.stop()


def of_floor(context, build, step, measure, counts=(FEW, MANY)):
    """The floor's figure of each kind, once a turn of ours."""
    if build is not context.ours:
        return
    for kind in KINDS:
        context.samples.add(f"floor.{step}.{kind}", floor_difference(context, kind, measure, counts))


def floor_difference(context, kind, measure, counts):
    """`measure(command, database)` of many requests less that of few, for each request."""
    found = []
    for count in counts:
        database = context.ours.databases.copy(context.reference, "cost-floor")
        command = [TOOLS / "floor", database, kind, "--batch", 16, "--count", count, "--warm-up", 0,
                   "--users", ours.USERS]
        found.append(measure([str(word) for word in command], database))
    return (found[1] - found[0]) / (counts[1] - counts[0])


def wal_bytes(context, build):
    count = 640  # shorter than what a checkpoint waits for
    daemon = build.daemon(build.databases.copy(context.reference, "cost"))
    wal = daemon.database.with_name(daemon.database.name + "-wal")
    for shape, connections, depth in [("16x1", 16, 1), ("16x16", 16, 16)]:
        if shape == "16x16":
            daemon.stop()
            daemon = build.daemon(daemon.database)
        before = wal.stat().st_size if wal.exists() else 0
        daemon.load(
            ours.CREATE, connections=connections, depth=depth, count=count, warm_up=0, users=ours.USERS)
        context.samples.add(f"{build.name}.wal.{shape}", (wal.stat().st_size - before) / count)
    daemon.stop()
    if build is not context.ours:
        return
    for shape, batch in [("16x1", 16), ("16x16", 256)]:
        database = context.ours.databases.copy(context.reference, "cost-floor")
        ours.floor(database, "create", count=count, batch=batch, warm_up=0, users=ours.USERS)
        context.samples.add(
            f"floor.wal.{shape}", database.with_name(database.name + "-wal").stat().st_size / count)


def cpu_time(context, build):
    def clock(pid):
        return time.clock_gettime((~pid << 3) | 2)  # the kernel's CPU-time clock of another process

    def measure(daemon, kind, load):
        before = clock(daemon.process.pid)
        load(MANY)
        context.samples.add(f"{build.name}.cpu.{kind}", (clock(daemon.process.pid) - before) * 1e6 / MANY)

    with_daemon(context, build, measure)

    def used(command, _):
        process = context.scratch.start(command)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        return (usage.ru_utime + usage.ru_stime) * 1e6

    of_floor(context, build, "cpu", used)


def system_calls(context, build):
    file = context.scratch.folder / "strace"

    def calls():
        # % time, seconds, µs a call, calls, errors or nothing, "total"
        return int(file.read_text().splitlines()[-1].split()[3])

    def measure(daemon, kind, load):
        tracer = context.scratch.start(["strace", "-f", "-c", "-o", file, "-p", daemon.process.pid])
        status = f"/proc/{daemon.process.pid}/status"
        threads = lambda: [f"/proc/{daemon.process.pid}/task/{task}/status" for task in os.listdir(
            f"/proc/{daemon.process.pid}/task")]
        system.wait_until(
            lambda: all("TracerPid:\t0" not in open(thread).read() for thread in [status, *threads()]), "strace", tracer)
        load(FEW)
        system.stop(tracer, signal.SIGINT)
        context.samples.add(f"{build.name}.calls.{kind}", calls() / FEW)

    with_daemon(context, build, measure)

    def counted(command, _):
        system.run(["strace", "-f", "-c", "-o", file, *command])
        return calls()

    of_floor(context, build, "calls", counted)


def allocations(context, build):
    file = context.scratch.folder / "allocations"
    environment = {
        **os.environ, "LD_PRELOAD": str(TOOLS / "allocation-count"), "ALLOCATION_COUNT_FILE": str(file)}

    def counted():
        with open(file, "rb") as stream:
            return struct.unpack("Q", stream.read(8))[0]

    def measure(_, kind, load):
        before = counted()
        load(MANY)
        context.samples.add(f"{build.name}.allocations.{kind}", (counted() - before) / MANY)

    file.unlink(missing_ok=True)
    with_daemon(context, build, measure, env=environment)

    def used(command, _):
        file.unlink(missing_ok=True)
        system.run(command, env=environment)
        return counted()

    of_floor(context, build, "allocations", used)


def count_instructions(context, build):
    for name, figure in instructions.of_daemon(build, context.reference).items():
        context.samples.add(f"{build.name}.instructions.{name}", figure)

    def executed(command, _):
        return instructions.of_command(context.scratch, command)

    of_floor(context, build, "instructions", executed, (160, 640))


MEASUREMENTS = {
    "wal": (wal_bytes, None), "calls": (system_calls, "strace"), "cpu": (cpu_time, None),
    "instructions": (count_instructions, "valgrind"), "allocations": (allocations, None),
}
