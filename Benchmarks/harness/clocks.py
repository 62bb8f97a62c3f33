"""Signs of life, and what others notice while many projects are past their deadline at once."""

import json
import sqlite3
import threading
import time
from pathlib import Path

from . import ours, system
from .system import TOOLS

DUE = 100_000
BEATING = 5000
HEARTBEAT = ours.request("heartbeat", '{"projectId":"@p","progress":0.5}')
PROCESSING = ours.request("updateStatus", '{"projectId":"@q","status":"processing"}')


def heartbeats(context, build):
    """Of 5000 projects at random; each is written at most once a second."""
    daemon = build.daemon(build.databases.copy(context.reference, "beats"))
    ids = context.scratch.folder / "beating"
    daemon.load(ours.CREATE, connections=16, depth=16, count=BEATING, warm_up=0, users=ours.USERS, save_ids=ids)
    daemon.load(PROCESSING, connections=16, depth=16, count=BEATING, warm_up=0, ids=ids)
    for shape, connections, depth in [("16x1", 16, 1), ("16x16", 16, 16)]:
        for _ in range(3):
            measured = daemon.load(HEARTBEAT, connections=connections, depth=depth, seconds=1, warm_up=0.2, ids=ids)
            context.samples.add(f"{build.name}.beat.{shape}", measured["perSecond"])
    daemon.stop()


def sweep(context, build):
    """100 000 projects that are due in one moment: refunds a second, and what callers notice meanwhile who ask for other
    projects and start some."""
    size = context.reference
    path = build.databases.copy(size, "sweep")
    daemon = build.daemon(path)
    daemon.load(ours.CREATE, connections=16, depth=16, count=DUE, warm_up=0, users=ours.USERS)
    daemon.stop()
    with sqlite3.connect(path) as database:
        due = time.time() + 8
        database.execute("UPDATE project SET deadline = ? WHERE deadline IS NOT NULL", (int(due * 1000),))
        (waiting,), = database.execute("SELECT count(*) FROM project WHERE deadline IS NOT NULL")
        (newest,), = database.execute("SELECT max(seq) FROM event")
    daemon = build.daemon(path)
    others(context, build, daemon, "without", due - time.time() - 0.5)
    time.sleep(max(0, due - time.time()))
    others(context, build, daemon, "with", 2)
    system.wait_until(lambda: daemon.call("listProjects", {"includeStats": True, "limit": 1}), "the sweep", timeout=120)
    daemon.stop()
    with sqlite3.connect(path) as database:
        (last,), = database.execute("SELECT max(at) FROM event WHERE kind = 'failed' AND seq > ?", (newest,))
    context.samples.add(f"{build.name}.sweep.perSecond", waiting / (last / 1000 - due))


def others(context, build, daemon, name, seconds):
    measured = daemon.load(
        (ours.STATUS, "read", 80), (ours.CREATE, "write", 20), connections=16, seconds=max(0.5, seconds - 0.2),
        warm_up=0.1, users=ours.USERS, ids=build.databases.project_ids(context.reference))
    for request in measured["requests"]:
        context.samples.add(f"{build.name}.{name}.{request['name']}.p99", request["p99"])


def watch(context, build):
    """A create's event at one watcher, and at the last of 200; and what the writer's thread itself spends on a create."""
    daemon = build.daemon(build.databases.copy(context.reference, "watched"))
    count = 1000
    for watchers in (1, 200):
        before = writer_time(daemon)
        said = system.run([TOOLS / "watch-latency", daemon.socket, watchers, count])
        context.samples.add(f"{build.name}.watch{watchers}.writer", (writer_time(daemon) - before) / count)
        for name, found in json.loads(said).items():
            for figure, value in found.items():
                context.samples.add(f"{build.name}.watch{watchers}.{name}.{figure}", value)
    daemon.stop()


def writer_time(daemon):
    """Microseconds of processor time that the thread has had."""
    (thread,) = [task for task in Path(f"/proc/{daemon.process.pid}/task").iterdir()
                 if (task / "comm").read_text() == "writer\n"]
    return int((thread / "schedstat").read_text().split()[0]) / 1000


def backup(context, build):
    """Of the largest ledger, while 16 connections create projects."""
    size = max(context.sizes)
    daemon = build.daemon(build.databases.copy(size, "backup"))

    def creates():
        return daemon.load(ours.CREATE, connections=16, depth=1, seconds=2, warm_up=0.2, users=ours.USERS)["perSecond"]

    context.samples.add(f"{build.name}.beforeBackup", creates())
    made = []
    start = time.monotonic()
    working = threading.Thread(
        target=lambda: made.append((daemon.call("backup", {"path": "bench.db"}), time.monotonic() - start)))
    working.start()
    context.samples.add(f"{build.name}.duringBackup", creates())
    working.join()
    ((answer, seconds),) = made
    context.samples.add(f"{build.name}.backup.rate", answer["bytes"] / seconds / 2**20)
    context.samples.add(f"{build.name}.backup.seconds", seconds)
    daemon.stop()


MEASUREMENTS = {"beats": heartbeats, "sweep": sweep, "watch": watch, "backup": backup}
