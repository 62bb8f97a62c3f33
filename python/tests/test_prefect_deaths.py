"""What is noticed of a process that dies; against a real daemon."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from harness import StartDaemon, eventually
from lifecycle_rpc import Client
from lifecycle_rpc.prefect._identify import ProjectKey
from lifecycle_rpc.prefect._settings import Settings
from lifecycle_rpc.prefect._tracker import Tracker


def test_a_process_that_dies_as_soon_as_it_has_begun_is_noticed(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--detach-grace", "1")
    with Client(daemon.socket) as client:
        project = client.create_project("ada", 0).project.project_id
        child = os.fork()
        if child == 0:
            try:
                flow_run: Any = SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4())
                settings = Settings(socket=str(daemon.socket), start_budget=30)
                tracker = Tracker(settings, ProjectKey(project, None), flow_run)
                tracker._heartbeat._run = lambda: None  # type: ignore[method-assign]
                tracker.start()
            finally:
                os._exit(1)
        os.waitpid(child, 0)
        eventually(lambda: client.get_status(project).ended, "the project fails")
        assert client.get_status(project).error_code == "crashed"


def test_a_process_that_dies_is_noticed_at_once(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--detach-grace", "1")
    with Client(daemon.socket) as client:
        project = client.create_project("ada", 0).project.project_id
        child = os.fork()
        if child == 0:
            try:
                flow_run: Any = SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4())
                settings = Settings(socket=str(daemon.socket), beat=0.2, start_budget=30)
                tracker = Tracker(settings, ProjectKey(project, None), flow_run)
                tracker.start()
                tracker.moved(0.5, None)
                signal.pause()
            finally:
                os._exit(1)
        eventually(lambda: client.get_status(project).progress == 0.5, "it is attached")
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        eventually(lambda: client.get_status(project).ended, "the project fails")
        assert client.get_status(project).error_code == "crashed"
