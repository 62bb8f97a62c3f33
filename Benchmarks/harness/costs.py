"""What one create and one getStatus cost, in bytes, system calls, CPU time, instructions and allocations.

The daemon is asked by 16 connections, one request at a time each; the floor commits 16 at once. Start-up is taken out:
the daemon is running already, and of the floor the difference of two runs is taken.
"""

import os
import signal
import struct
import time

from . import instructions, ours, system
from .ours import Daemon
from .system import TOOLS

KINDS = {"create": ours.CREATE, "status": ours.STATUS}
FEW, MANY = 1600, 4800


def load(daemon, context, kind, count):
    daemon.load(
        KINDS[kind], connections=16, depth=1, count=count, warm_up=0, users=ours.USERS,
        **({"ids": context.databases.project_ids(context.reference)} if kind == "status" else {}))


def with_daemon(context, measure, **options):
    """Calls `measure(daemon, kind, send)` for each kind, after a warm-up."""
    daemon = Daemon(context.scratch, context.databases.copy(context.reference, "cost"), **options)
    for kind in KINDS:
        load(daemon, context, kind, 500)
    for kind in KINDS:
        measure(daemon, kind)
    daemon.stop()


def floor_difference(context, kind, measure, counts=(FEW, MANY)):
    """`measure(command, database)` of many requests less that of few, for each request."""
    found = []
    for count in counts:
        database = context.databases.copy(context.reference, "cost-floor")
        command = [TOOLS / "floor", database, kind, "--batch", 16, "--count", count, "--warm-up", 0,
                   "--users", ours.USERS]
        found.append(measure([str(word) for word in command], database))
    return (found[1] - found[0]) / (counts[1] - counts[0])


def wal_bytes(context):
    count = 640  # shorter than what a checkpoint waits for
    daemon = Daemon(context.scratch, context.databases.copy(context.reference, "cost"))
    wal = daemon.database.with_name(daemon.database.name + "-wal")
    for shape, connections, depth in [("16x1", 16, 1), ("16x16", 16, 16)]:
        if shape == "16x16":
            daemon.stop()
            daemon = Daemon(context.scratch, daemon.database)
        before = wal.stat().st_size if wal.exists() else 0
        daemon.load(
            ours.CREATE, connections=connections, depth=depth, count=count, warm_up=0, users=ours.USERS)
        context.samples.add(f"daemon.wal.{shape}", (wal.stat().st_size - before) / count)
    daemon.stop()
    for shape, batch in [("16x1", 16), ("16x16", 256)]:
        database = context.databases.copy(context.reference, "cost-floor")
        ours.floor(database, "create", count=count, batch=batch, warm_up=0, users=ours.USERS)
        context.samples.add(
            f"floor.wal.{shape}", database.with_name(database.name + "-wal").stat().st_size / count)


def cpu_time(context):
    def clock(pid):
        return time.clock_gettime((~pid << 3) | 2)  # the kernel's CPU-time clock of another process

    def measure(daemon, kind):
        before = clock(daemon.process.pid)
        load(daemon, context, kind, MANY)
        context.samples.add(f"daemon.cpu.{kind}", (clock(daemon.process.pid) - before) * 1e6 / MANY)

    with_daemon(context, measure)

    def used(command, _):
        process = context.scratch.start(command)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        return (usage.ru_utime + usage.ru_stime) * 1e6

    for kind in KINDS:
        context.samples.add(f"floor.cpu.{kind}", floor_difference(context, kind, used))


def system_calls(context):
    file = context.scratch.folder / "strace"

    def calls():
        # % time, seconds, µs a call, calls, errors or nothing, "total"
        return int(file.read_text().splitlines()[-1].split()[3])

    def measure(daemon, kind):
        tracer = context.scratch.start(["strace", "-f", "-c", "-o", file, "-p", daemon.process.pid])
        status = f"/proc/{daemon.process.pid}/status"
        threads = lambda: [f"/proc/{daemon.process.pid}/task/{task}/status" for task in os.listdir(
            f"/proc/{daemon.process.pid}/task")]
        system.wait_until(
            lambda: all("TracerPid:\t0" not in open(thread).read() for thread in [status, *threads()]), "strace", tracer)
        load(daemon, context, kind, FEW)
        system.stop(tracer, signal.SIGINT)
        context.samples.add(f"daemon.calls.{kind}", calls() / FEW)

    with_daemon(context, measure)

    def counted(command, _):
        system.run(["strace", "-f", "-c", "-o", file, *command])
        return calls()

    for kind in KINDS:
        context.samples.add(f"floor.calls.{kind}", floor_difference(context, kind, counted))


def allocations(context):
    file = context.scratch.folder / "allocations"
    environment = {
        **os.environ, "LD_PRELOAD": str(TOOLS / "allocation-count"), "ALLOCATION_COUNT_FILE": str(file)}

    def counted():
        with open(file, "rb") as stream:
            return struct.unpack("Q", stream.read(8))[0]

    def measure(daemon, kind):
        before = counted()
        load(daemon, context, kind, MANY)
        context.samples.add(f"daemon.allocations.{kind}", (counted() - before) / MANY)

    with_daemon(context, measure, env=environment)

    def of_floor(command, _):
        file.unlink(missing_ok=True)
        system.run(command, env=environment)
        return counted()

    for kind in KINDS:
        context.samples.add(f"floor.allocations.{kind}", floor_difference(context, kind, of_floor))


def count_instructions(context):
    for name, figure in instructions.of_daemon(context.databases, context.reference).items():
        context.samples.add(f"daemon.instructions.{name}", figure)

    def of_floor(command, _):
        return instructions.of_command(context.scratch, command)

    for kind in KINDS:
        context.samples.add(f"floor.instructions.{kind}", floor_difference(context, kind, of_floor, (160, 640)))


MEASUREMENTS = {
    "wal": (wal_bytes, None), "calls": (system_calls, "strace"), "cpu": (cpu_time, None),
    "instructions": (count_instructions, "valgrind"), "allocations": (allocations, None),
}
