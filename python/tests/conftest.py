"""A daemon of its own for each test that asks for one, and servers that misbehave."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from harness import Daemon, Script, Serve, StartDaemon, Track
from lifecycle_rpc import Client

if TYPE_CHECKING:
    from lifecycle_rpc.prefect._tracker import Tracker

# Prefect reads its settings when it is imported. No test here has a server, and none may start one.
PREFECT_HOME = tempfile.mkdtemp(prefix="lp-")
atexit.register(shutil.rmtree, PREFECT_HOME, ignore_errors=True)
os.environ |= {
    "PREFECT_HOME": PREFECT_HOME,
    "PREFECT_API_URL": "http://127.0.0.1:9/api",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A scratch folder with a short name, as the path of a socket has at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="lr-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start_daemon(folder: Path) -> Iterator[StartDaemon]:
    """Start the test's daemon, with these flags."""
    daemons: list[Daemon] = []

    def start(*flags: str) -> Daemon:
        daemons.append(Daemon(folder, *flags))
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.stop()


@pytest.fixture
def daemon(start_daemon: StartDaemon) -> Daemon:
    return start_daemon()


@pytest.fixture
def client(daemon: Daemon) -> Iterator[Client]:
    with Client(daemon.socket) as made:
        yield made


@pytest.fixture
def project(client: Client) -> str:
    """A pending project of 40 credits."""
    client.grant_credits("ada", 100, "test")
    return client.create_project("ada", 40).project.project_id


@pytest.fixture
def serve(folder: Path) -> Iterator[Serve]:
    """Serve each connection (with its number, from 0) by the test's own function, one after the other."""
    listener = socket.socket(socket.AF_UNIX)
    threads: list[threading.Thread] = []
    failures: list[BaseException] = []

    def start(script: Script) -> Path:
        path = folder / "fake"
        listener.bind(str(path))
        listener.listen()

        def run() -> None:
            for number in itertools.count():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # the test is over
                try:
                    with connection:
                        script(connection, number)
                except OSError:
                    continue  # the client hung up
                except BaseException as error:
                    failures.append(error)

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        return path

    yield start
    if threads:
        listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(30)
    listener.close()
    assert not failures


@pytest.fixture
def track(folder: Path, daemon: Daemon, project: str) -> Iterator[Track]:
    """Make a tracker of the test's project, with these settings."""
    from lifecycle_rpc.prefect import _registry
    from lifecycle_rpc.prefect._identify import ProjectKey
    from lifecycle_rpc.prefect._settings import Settings
    from lifecycle_rpc.prefect._tracker import Tracker

    made: list[Tracker] = []

    def make(**settings: Any) -> Tracker:
        given: dict[str, Any] = {"beat": 0.2, "report_budget": 30.0, "start_budget": 30.0} | settings
        all_settings = Settings(socket=str(daemon.socket), spool=str(folder / "spool"), **given)
        flow_run: Any = SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4())
        made.append(Tracker(all_settings, ProjectKey(project, None), flow_run))
        assert _registry.add(made[-1])
        return made[-1]

    yield make
    for tracker in made:
        end_tracking(tracker)


def end_tracking(tracker: Tracker) -> None:
    """Without a verdict."""
    from lifecycle_rpc.prefect import _registry

    _registry.remove(tracker.flow_run.id)
    tracker.finished.set()
    tracker._heartbeat.join()
    tracker.lease.client.close()


@pytest.fixture(autouse=True)
def _nothing_is_tracked() -> Iterator[None]:
    yield
    if registry := sys.modules.get("lifecycle_rpc.prefect._registry"):
        for tracker in registry.every():
            registry.remove(tracker.flow_run.id)
