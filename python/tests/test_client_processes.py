"""The blocking client over restarts of the daemon, threads and forks."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from harness import Daemon, StartDaemon, eventually
from lifecycle_rpc import Client


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_of_the_daemon_is_not_noticed(how: signal.Signals, daemon: Daemon, client: Client) -> None:
    client.grant_credits("ada", 5, "before", idempotency_key="k")
    daemon.stop(how)
    daemon.start()
    assert client.grant_credits("ada", 5, "before", idempotency_key="k").replayed


def test_threads_share_a_client(client: Client) -> None:
    client.grant_credits("ada", 1000, "test")
    made: list[str] = []

    def create() -> None:
        made.extend(client.create_project("ada", 1).project.project_id for _ in range(20))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 160
    assert client.get_balance("ada").held == 160


def test_a_forked_child_connects_for_itself_even_from_a_busy_client(client: Client) -> None:
    client.get_balance("ada")
    held = client._lock
    with held:  # as if another thread were in the middle of a call
        child = os.fork()
        if child == 0:
            try:
                client.grant_credits("ada", 7, "from the child")
                os._exit(0)
            finally:
                os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.get_balance("ada").available == 7


def test_a_forked_child_does_not_keep_an_attached_lease_alive(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--detach-grace", "1")
    with Client(daemon.socket) as watcher:
        project = watcher.create_project("ada", 0).project.project_id
        read, write = os.pipe()
        parent = os.fork()
        if parent == 0:
            try:
                own = Client(daemon.socket)
                own.update_status(project, status="processing")
                own.heartbeat(project, attach=True)
                if os.fork() == 0:
                    os.close(write)
                    os.read(read, 1)  # lives until the test ends
                    os._exit(0)
                os.kill(os.getpid(), signal.SIGKILL)
            finally:
                os._exit(1)
        os.close(read)
        os.waitpid(parent, 0)
        eventually(lambda: watcher.get_status(project).ended, "the project fails")
        assert watcher.get_status(project).error_code == "crashed"
        os.close(write)
