"""The daemon, its databases, and the requests that are sent to it."""

import json
import os
import shutil
import signal

from . import system
from .system import ROOT, TOOLS, BenchError

DAEMON = ROOT / ".build" / "release" / "lifecycled"
USERS = 1000  # of seeded credits; requests choose among them


def request(method, params):
    return f'{{"jsonrpc":"2.0","id":@i,"method":"{method}","params":{params}}}'


CREATE = request("createProject", '{"userId":"user-@u","credits":1,"idempotencyKey":"@k"}')
FAILED = request(
    "updateStatus", '{"projectId":"@q","status":"failed","errorMessage":"GPU out of memory at frame 812"}')
STATUS = request("getStatus", '{"projectId":"@p"}')
BALANCE = request("getBalance", '{"userId":"user-@u"}')
PAGE = request("listProjects", '{"userId":"heavy"}')
STATS = request("listProjects", '{"userId":"heavy","includeStats":true}')


def deep_page(cursor):
    return request("listProjects", f'{{"userId":"heavy","cursor":"{cursor}"}}')


MUST = {CREATE: '"replayed":false', FAILED: '"changed":true', STATUS: '"status":"', STATS: '"averageSeconds":'}


class Daemon:
    def __init__(self, scratch, database, flags=(), under=(), binary=DAEMON, **options):
        self.socket = scratch.folder / f"{database.parent.name}.sock"
        self.database = database
        self.socket.unlink(missing_ok=True)
        self.process = scratch.start(
            [*under, binary, "--socket", self.socket, "--database", database, *flags], **options)
        system.wait_until(lambda: system.is_listening(self.socket), "the daemon", self.process)
        self.call("getBalance", {"userId": "nobody"})  # only then it is ready, also for signals

    def stop(self):
        code = system.stop(self.process)
        if code != 0:
            raise BenchError(f"the daemon ended with {code}")

    def kill(self):
        system.stop(self.process, signal.SIGKILL)

    def call(self, method, params):
        with system.connect(self.socket) as connection:
            line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
            answer = json.loads(system.ask(connection, line))
        if "result" not in answer:
            raise BenchError(f"{method}: {answer}")
        return answer["result"]

    def load(self, *requests, connections=1, depth=1, **options):
        return load(self.socket, *requests, connections=connections, depth=depth, **options)


def load_command(socket, *requests, connections=1, depth=1, echo=False, **options):
    """A request is a template or (template, name, weight). Options are those of `load`."""
    command = [TOOLS / "load", socket, "--connections", connections, "--depth", depth]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), value]
    if echo:
        command.append("--echo")
    for entry in requests:
        template, name, weight = entry if isinstance(entry, tuple) else (entry, "request", 1)
        command += ["--request", template, "--name", name, "--weight", weight]
        if template in MUST and not echo:
            command += ["--must", MUST[template]]
    return command


def load(socket, *requests, **options):
    return json.loads(system.run(load_command(socket, *requests, **options)))


def floor(database, what, **options):
    command = [TOOLS / "floor", database, what]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), value]
    return json.loads(system.run(command))


class Build:
    """A build of the daemon that is measured. Its samples are named `name.figure`."""

    def __init__(self, scratch, name="daemon", binary=DAEMON, seeder=TOOLS / "floor"):
        self.scratch, self.name, self.binary = scratch, name, binary
        self.databases = Databases(scratch, binary, seeder, "" if name == "daemon" else f"{name}-")

    def daemon(self, database, flags=(), **options):
        return Daemon(self.scratch, database, flags, **{"binary": self.binary, **options})


class Databases:
    """Seeded once a size by a build's own programs, as builds may have different schemas; copied for each use."""

    def __init__(self, scratch, binary=DAEMON, seeder=TOOLS / "floor", prefix=""):
        self.scratch, self.binary, self.seeder, self.prefix = scratch, binary, seeder, prefix
        self.seeds = {}

    def seed(self, size):
        if size in self.seeds:
            return
        system.progress(f"seeding {size} projects{' for the base' if self.prefix else ''}")
        path = self.scratch.subfolder(f"{self.prefix}seed{size}") / "ledger.db"
        Daemon(self.scratch, path, binary=self.binary).stop()  # makes the schema
        system.run([
            self.seeder, path, "seed", "--count", size, "--of-one-user", self.of_one_user(size), "--users", USERS])
        daemon = Daemon(self.scratch, path, binary=self.binary)
        self.audit(daemon)
        daemon.stop()
        self.seeds[size] = path
        os.sync()

    @staticmethod
    def audit(daemon):
        report = daemon.call("audit", {})
        if not report["ok"]:
            raise BenchError(f"the audit found {report['findings'][:3]}")

    @staticmethod
    def of_one_user(size):
        return min(size * 6 // 10, 100_000)

    def copy(self, size, name):
        """A fresh copy. Both sides work on their own."""
        self.seed(size)
        path = self.scratch.subfolder(self.prefix + name) / "ledger.db"
        shutil.copyfile(self.seeds[size], path)
        path.chmod(0o600)
        with open(path) as file:
            os.fsync(file.fileno())
        return path

    def project_ids(self, size):
        """A file of the seeded projects' ids, at most 100 000 over the whole range."""
        import sqlite3
        file = self.scratch.folder / f"{self.prefix}ids{size}"
        if not file.exists():
            self.seed(size)
            step = max(1, size // 100_000)
            with sqlite3.connect(self.seeds[size]) as database:
                rows = database.execute("SELECT lower(hex(id)) FROM project WHERE row % ? = 0", (step,)).fetchall()
            file.write_text("".join(f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}\n" for (h,) in rows))
        return file

    def deep_cursor(self, size):
        """The last project of heavy's 999th page, or of the last but one."""
        import sqlite3
        own = self.of_one_user(size)
        with sqlite3.connect(self.seeds[size]) as database:
            (h,), = database.execute(
                "SELECT lower(hex(id)) FROM project WHERE account = (SELECT id FROM account WHERE userId = 'heavy') "
                "ORDER BY row DESC LIMIT 1 OFFSET ?", (min(49_949, own - 51),)).fetchall()
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
