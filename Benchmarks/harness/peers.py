"""PostgreSQL, Redis and a line echo server: scratch instances of their own, on sockets of their own."""

import csv
import glob
import io
import os
import re
import shutil
import signal

from . import system
from .ours import USERS
from .system import BENCHMARKS, TOOLS

SEEDED = 100_000  # projects in each peer


class PostgreSQL:
    def __init__(self, scratch):
        self.folder = scratch.subfolder("pg", mode=0o700)
        self.options = {}
        if os.geteuid() == 0:  # it refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self.options = {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": self.folder}
        data = self.folder / "data"
        self._run("initdb", "-D", data, "-A", "trust", "-U", "bench", "-E", "UTF8", "--locale=C", "--no-sync")
        settings = {
            "listen_addresses": "", "unix_socket_directories": self.folder, "fsync": "on", "synchronous_commit": "on",
            "max_connections": 100}
        arguments = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.process = scratch.start([self.programs() + "/postgres", "-D", data, *arguments], **self.options)
        # Its own end is by SIGINT: sessions are closed and shared memory is given back.
        system.wait_until(
            lambda: system.is_listening(self.folder / ".s.PGSQL.5432"), "PostgreSQL", self.process)
        system.wait_until(self._answers, "PostgreSQL", self.process)
        os.sync()
        self._run(
            "psql", *self._where(), "-q", "-v", "ON_ERROR_STOP=1", "-v", f"per_user={SEEDED // USERS}",
            "-f", "-", "postgres", input=(BENCHMARKS / "peers" / "postgresql.sql").read_text())

    @staticmethod
    def programs():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
        return found[-1] if found else None

    @classmethod
    def missing(cls):
        return None if cls.programs() and shutil.which("pgbench") else "PostgreSQL is not installed (apt: postgresql)"

    @classmethod
    def version(cls):
        return system.run([cls.programs() + "/postgres", "--version"]).strip()

    def _where(self):
        return "-h", self.folder, "-U", "bench"

    def _run(self, program, *arguments, input=None):
        script = self.folder / "input.sql"
        if input is not None:
            script.write_text(input)
            script.chmod(0o644)
            arguments = [script if word == "-" else word for word in arguments]
        return system.run([f"{self.programs()}/{program}", *arguments], **self.options)

    def _answers(self):
        try:
            self._run("psql", *self._where(), "-c", "SELECT 1", "postgres")
            return True
        except system.BenchError:
            return False

    def create(self, clients, seconds):
        """Creates a second by so many clients, one at a time each; and their mean latency in µs."""
        script = self.folder / "pgbench.sql"
        shutil.copyfile(BENCHMARKS / "peers" / "pgbench.sql", script)
        script.chmod(0o644)
        said = self._run(
            "pgbench", *self._where(), "-M", "prepared", "-n", "-c", str(clients), "-j", "1",
            "-T", str(max(1, round(seconds))), "-f", script, "postgres")
        failed = int(re.search(r"failed transactions: (\d+)", said).group(1))
        if failed:
            raise system.BenchError(f"pgbench: {failed} transactions failed")
        return {
            "perSecond": float(re.search(r"tps = ([\d.]+)", said).group(1)),
            "mean": float(re.search(r"latency average = ([\d.]+) ms", said).group(1)) * 1000}

    def stop(self):
        system.stop(self.process, signal.SIGINT)


class Redis:
    def __init__(self, scratch):
        folder = scratch.subfolder("redis")
        self.socket = folder / "s"
        self.sent = 0  # requests of the measurement
        self.runs = 0
        self.process = scratch.start([
            "redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", folder, "--save", "",
            "--appendonly", "yes", "--appendfsync", "always"])
        system.wait_until(lambda: system.is_listening(self.socket), "Redis", self.process)
        self._run("redis-cli", "--eval", BENCHMARKS / "peers" / "redis_seed.lua", ",", str(SEEDED))
        script = (BENCHMARKS / "peers" / "redis_create.lua").read_text()
        self.script = self._run("redis-cli", "SCRIPT", "LOAD", script).strip()
        first = self._run("redis-cli", "EVALSHA", self.script, "0", "000000000001", "first").strip()
        if first != str(SEEDED + 1):
            raise system.BenchError(f"Redis: the script answered {first}")
        os.sync()

    @staticmethod
    def missing():
        return None if shutil.which("redis-server") and shutil.which("redis-benchmark") else (
            "Redis is not installed (apt: redis-server)")

    @staticmethod
    def version():
        return " ".join(system.run(["redis-server", "--version"]).split()[:3])

    def _run(self, program, *arguments):
        return system.run([program, "-s", self.socket, *arguments])

    def _benchmark(self, seconds, clients, pipeline, *command):
        def measure(count):
            self.sent += count
            self.runs += 1
            said = self._run(
                "redis-benchmark", "-c", str(clients), "-P", str(pipeline), "-n", str(count), "--csv", "-e",
                *[str(self.runs) if word == "RUN" else word for word in command])
            row = list(csv.reader(io.StringIO(said)))[-1]
            # "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms",…
            return {"perSecond": float(row[1]), "p50": float(row[4]) * 1000, "p99": float(row[6]) * 1000}

        return measure(max(1000, int(measure(1000 * pipeline)["perSecond"] * seconds)))

    def create(self, clients, seconds):
        before, self.sent = self._projects(), 0
        measured = self._benchmark(
            seconds, clients, 1, "-r", "1000000000", "EVALSHA", self.script, "0", "__rand_int__", "RUN")
        # redis-benchmark does not look at the answers: the same key again and again would create nothing.
        created = self._projects() - before
        if created < 0.99 * self.sent:
            raise system.BenchError(f"Redis: {self.sent} requests created {created} projects")
        return measured

    def _projects(self):
        return int(self._run("redis-cli", "GET", "projects"))

    def status(self, clients, pipeline, seconds):
        return self._benchmark(seconds, clients, pipeline, "-r", str(SEEDED), "HGETALL", "project:__rand_int__")

    def stop(self):
        system.stop(self.process)


class Echo:
    def __init__(self, scratch):
        self.socket = scratch.folder / "echo.sock"
        self.process = scratch.start([TOOLS / "line-echo", self.socket])
        system.wait_until(lambda: system.is_listening(self.socket), "the echo server", self.process)

    def stop(self):
        system.stop(self.process)
