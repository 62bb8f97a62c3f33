"""A Prefect server, a daemon, a runner and a worker, all of them real, and all in one scratch folder."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness import Daemon, eventually
from lifecycle_rpc import Client
from prefect_table.processes import Processes, descendants, signal_process
from prefect_table.scenario import APP

FLOWS = Path(__file__).parent / "flows"
PATIENCE = 180.0
"""Seconds until a condition that does not come true is a failure."""
NEIGHBOURS_LEASE = 60
"""Seconds after which it fails at the latest where its process dies."""
PAUSE = 0.25
"""Seconds between looking, so that looking does not keep the machine from what is waited for."""


class Work:
    """One project and what a scenario does with it."""

    def __init__(self, lab: Lab, daemon: Daemon, project: str, user: str) -> None:
        self.lab, self.daemon, self.project, self.user = lab, daemon, project, user
        self.client = Client(daemon.socket, timeout=60, connect_timeout=30)
        self.neighbour: Work | None = None
        """Another user's project in the same process, which nothing is done to."""
        self.since: datetime | None = None

    def file(self, kind: str) -> Path:
        return self.lab.folder / f"{self.project}.{kind}"

    def now(self) -> None:
        """From here on the time is measured."""
        self.since = datetime.now(timezone.utc)

    def wait(self, condition: Callable[[], object], what: str) -> None:
        eventually(condition, f"{self.project}: {what}", PATIENCE, PAUSE)

    def body(self) -> int:
        """Wait until the flow's body runs. Gives its process."""
        self.wait(lambda: self.file("body").exists() and self.file("body").read_text().strip(), "the body runs")
        return int(self.file("body").read_text().split()[-1])

    def attached(self) -> int:
        """Wait until the body runs and its lease is held. Gives its process."""
        pid = self.body()
        self.wait(lambda: self.client.get_status(self.project).progress is not None, "a heartbeat arrives")
        return pid

    def go(self) -> None:
        self.now()
        self.file("go").touch()

    def ended(self) -> None:
        self.wait(lambda: self.client.get_status(self.project).ended, "it ends")


class Lab:
    """Everything that the scenarios share. For many threads."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """`settings` are environment variables of all processes."""
        self.folder = folder
        self.tools = {os.getpid(): APP}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        (folder / "logs").mkdir()
        port = _free_port()
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "LIFECYCLE"))
        }
        environment |= {
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_CLI_PROMPT": "false",
            # Prefect's SQLite turns a write down when another came between, and each poll writes. What is turned down
            # too often on a busy machine is a run that never starts: so fewer writes, and more tries.
            "PREFECT_RUNNER_POLL_FREQUENCY": "2",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_LOGGING_TO_API_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
            "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
            "PREFECT_CLIENT_MAX_RETRIES": "8",
            "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "5",
            "LIFECYCLE_TABLE": str(folder),
            "LIFECYCLE_SPOOL": str(folder / "spool"),
            "LIFECYCLE_SOCKET": str(folder / "s"),
            "PYTHONUNBUFFERED": "1",
        } | settings
        (folder / "tmp").mkdir()
        # For Prefect's client in this process; it reads them when it is imported.
        os.environ.update(environment)
        self.processes = Processes(folder / "logs", environment)
        self._port = port

    def start(self, *flags: str) -> None:
        """Start the server and the daemon that all share, with these flags."""
        self.processes.start("server", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self._port))
        # Whoever dies here is reported by a hook of Prefect's, which takes as long as a new Python process on a busy
        # machine. No clock of the daemon's is to overtake it.
        self.daemon = Daemon(self.folder, *(flags or ("--detach-grace", "600")))
        health = f"http://127.0.0.1:{self._port}/api/health"
        eventually(lambda: _answers(health), "Prefect's server answers", PATIENCE, PAUSE)

    def work(self, daemon: Daemon | None = None, **options: Any) -> Work:
        """A pending project of 10 credits, whose user has 100 and nothing else."""
        daemon = daemon or self.daemon
        with self._lock:
            user = f"user{next(self._numbers)}"
        with Client(daemon.socket) as client:
            client.grant_credits(user, 100, "table")
            return Work(self, daemon, client.create_project(user, 10, **options).project.project_id, user)

    def own_daemon(self, *flags: str) -> Daemon:
        """A daemon as it is by default, that the scenario may stop and start."""
        with self._lock:
            folder = self.folder / f"d{next(self._numbers)}"
        folder.mkdir(mode=0o700)
        return Daemon(folder, *flags)

    def direct(self, work: Work, flow: str, case: str, **environment: str) -> subprocess.Popen[bytes]:
        """`python flows.py`, as an author at the terminal would, with another user's project in the process."""
        return self.beside(work, "flows.py", flow, work.project, case, **environment)

    def beside(self, work: Work, file: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """A process of ours, in which a flow of another user waits meanwhile."""
        self.give_neighbour(work)
        assert work.neighbour is not None
        return self.alone(work, file, *arguments, LIFECYCLE_TABLE_NEIGHBOUR=work.neighbour.project, **environment)

    def give_neighbour(self, work: Work) -> None:
        """Make it, unless it is made: that needs the daemon."""
        work.neighbour = work.neighbour or self.work(work.daemon, lease=NEIGHBOURS_LEASE)

    def alone(self, work: Work, file: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """A process of ours that holds what its arguments name."""
        command = (sys.executable, str(FLOWS / file), *arguments)
        environment["LIFECYCLE_SOCKET"] = str(work.daemon.socket)
        return self.processes.start(f"direct-{work.project}", *command, **environment)

    def tool(self, name: str, *arguments: str, **environment: str) -> str:
        """Run `python -m …` to its end, remembering its process. Gives what it printed."""
        command = [sys.executable, "-m", *arguments]
        process = subprocess.Popen(
            command, env={**self.processes.environment, **environment}, stdout=subprocess.PIPE, text=True
        )
        self.tools[process.pid] = name
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, f"{name}: exit {process.returncode}: {output}"
        return output

    def serve(self, name: str, daemon: Daemon, **environment: str) -> subprocess.Popen[bytes]:
        """A runner: `work.serve(name=…)`."""
        command = (sys.executable, str(FLOWS / "flows.py"), "serve", name)
        process = self.processes.start(f"serve-{name}", *command, LIFECYCLE_SOCKET=str(daemon.socket), **environment)
        self.tools[process.pid] = "the runner's hook"
        return process

    def worker(
        self, pool: str, daemon: Daemon, entrypoint: str = "flows.py:work", **environment: str
    ) -> subprocess.Popen[bytes]:
        """A process worker, on a pool and with a deployment of the pool's name."""
        from prefect_table import prefect_side

        prefect_side.make_pool(pool, str(FLOWS), entrypoint)
        return self.worker_of(pool, daemon, **environment)

    def worker_of(self, pool: str, daemon: Daemon, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """A process worker on a pool that there is."""
        command = ("prefect", "worker", "start", "--pool", pool, *options)
        return self.processes.start(f"worker-{pool}", *command, LIFECYCLE_SOCKET=str(daemon.socket), **environment)

    def retire(self, work: Work) -> None:
        """Kill the runner or worker that a scenario had for itself, and its flows: its polls would slow the others."""
        for name, process in list(self.processes.started.items()):
            if name.endswith(f"-{work.user}") and process.poll() is None:
                for pid in [process.pid, *descendants(process.pid)]:
                    signal_process(pid, signal.SIGKILL)

    def logs_of(self, work: Work | None) -> str:
        """The ends of the logs of a scenario's own processes, and of those that all share."""
        words = ("serve-served.", "worker-pool.", "server.", *([f"{work.project}.", f"{work.user}."] if work else []))
        ends = []
        for file in sorted(file for file in self.processes.logs.iterdir() if any(word in file.name for word in words)):
            lines = file.read_text(errors="replace").splitlines()
            ends += [f"--- {file.name}", *lines[-40:]]
        return "\n".join(ends)

    def log_of(self, name: str) -> str:
        """All that a process has said so far."""
        return (self.processes.logs / f"{name}.log").read_text(errors="replace")

    def close(self, *, keep: bool) -> None:
        """End every process, whatever state it is in, and remove the folder."""
        self.processes.end_all()
        if keep:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
