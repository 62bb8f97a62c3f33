"""Cold start, and what a process at rest holds."""

import re
import resource
import signal
import time

from . import ours, system
from .system import TOOLS, BenchError

STARTS = 20
IDLE = 1000
ASK = '{"jsonrpc":"2.0","id":1,"method":"getBalance","params":{"userId":"heavy"}}'


def first_answer(context, command):
    """Milliseconds from connect to the first answer, by socket activation; and the process, still running."""
    path = context.scratch.folder / "activated.sock"
    path.unlink(missing_ok=True)
    process = context.scratch.start(["systemd-socket-activate", "-l", path, "--", *command])
    system.wait_until(lambda: system.is_listening(path), "systemd-socket-activate", process)
    start = time.perf_counter()
    with system.connect(path) as connection:
        answer = system.ask(connection, ASK)
        took = (time.perf_counter() - start) * 1000
    if '"result":' not in answer:
        raise BenchError(f"the first answer: {answer}")
    return took, process, path


def cold_start(context, size):
    system.progress(f"cold starts, {size} projects")
    commands = [(build, [build.binary, "--database", build.databases.copy(size, "cold")]) for build in context.builds]
    for turn in range(STARTS):
        took, process, _ = first_answer(context, [TOOLS / "empty-answer"])
        context.samples.add(f"empty.cold@{size}", took)
        system.stop(process)
        for build, command in context.in_turn(commands, turn):
            context.attempt(
                f"cold start, {size} projects", clean, context, command, f"{build.name}.clean@{size}", build=build)
    for turn in range(STARTS):
        for build, command in context.in_turn(commands, turn):
            context.attempt(
                f"cold start, {size} projects", killed, context, command, f"{build.name}.killed@{size}", build=build)


def clean(context, command, key):
    took, process, _ = first_answer(context, command)
    context.samples.add(key, took)
    if system.stop(process) != 0:
        raise BenchError("the activated daemon did not end cleanly")


def killed(context, command, key):
    _, process, path = first_answer(context, command)
    load = context.scratch.start(ours.load_command(
        path, ours.CREATE, connections=16, depth=16, seconds=60, users=ours.USERS))
    time.sleep(0.4)  # so much is left behind; how much is what differs from start to start
    system.stop(process, signal.SIGKILL)
    system.stop(load)
    took, process, _ = first_answer(context, command)
    context.samples.add(key, took)
    system.stop(process, signal.SIGKILL)


def memory(process):
    """Resident and private KiB."""
    text = open(f"/proc/{process.pid}/smaps_rollup").read()
    value = lambda name: int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M).group(1))
    return value("Rss"), value("Private_Clean") + value("Private_Dirty")


def resting_memory(context, size):
    system.progress("memory")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * IDLE), hard))
    for turn in range(context.rounds):
        for build in context.in_turn(context.builds, turn):
            context.attempt("memory", measure_memory, context, build, size, build=build)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def measure_memory(context, build, size):
    flags = ["--max-connections", str(2 * IDLE), "--max-connections-per-user", str(2 * IDLE)]
    daemon = build.daemon(build.databases.copy(size, "memory"), flags)
    time.sleep(2)  # it gives memory back when nobody has been connected for a second
    resident, private = memory(daemon.process)
    context.samples.add(f"{build.name}.resident", resident / 1024)
    context.samples.add(f"{build.name}.private", private / 1024)
    connections = [system.connect(daemon.socket) for _ in range(IDLE)]
    for connection in connections:  # each has been used
        system.ask(connection, ASK)
    time.sleep(0.5)
    context.samples.add(f"{build.name}.idle", (memory(daemon.process)[1] - private) / IDLE)
    for connection in connections:
        connection.close()
    daemon.stop()
