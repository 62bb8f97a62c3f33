"""A daemon of its own for each test that asks for one, and servers that misbehave."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lifecycle_rpc import Client

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("LIFECYCLED_BINARY", ROOT / ".build/release/lifecycled"))


def eventually(condition: Callable[[], object], what: str = "the condition", seconds: float = 30) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} seconds"
        time.sleep(0.01)


class Daemon:
    """A real lifecycled over a database of its own."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.socket = folder / "s"
        self._arguments = [str(BINARY), "--socket", str(self.socket), "--database", str(folder / "db" / "lifecycle.db")]
        self._arguments += flags
        (folder / "db").mkdir(mode=0o700)
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self.start()

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        return self._pid

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LIFECYCLE")}
        with self._log.open("ab") as log:
            process = subprocess.Popen(self._arguments, stdin=subprocess.DEVNULL, stderr=log, env=environment)
        self._process = process
        self._pid = process.pid
        eventually(lambda: process.poll() is not None or self._listens(), "the daemon listens")
        assert process.poll() is None, self._log.read_text()

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None


@pytest.fixture
def folder() -> Iterator[Path]:
    """A scratch folder with a short name, as the path of a socket has at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="lr-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start_daemon(folder: Path) -> Iterator[Callable[..., Daemon]]:
    """Start the test's daemon, with these flags."""
    daemons: list[Daemon] = []

    def start(*flags: str) -> Daemon:
        daemons.append(Daemon(folder, *flags))
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.stop()


@pytest.fixture
def daemon(start_daemon: Callable[..., Daemon]) -> Daemon:
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


Script = Callable[[socket.socket, int], None]


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[[Script], Path]]:
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
