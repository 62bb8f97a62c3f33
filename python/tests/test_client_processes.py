"""The blocking client over restarts of the daemon, threads and forks."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from typing import Any

import pytest

from harness import Daemon, Serve, StartDaemon, eventually
from lifecycle_rpc import AsyncClient, Client, LifecycleError, Unreachable


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
    connection = client._pool._idle.pop()  # as if another thread were in the middle of a call
    child = os.fork()
    if child == 0:
        try:
            client.grant_credits("ada", 7, "from the child")
            os._exit(0)
        finally:
            os._exit(1)
    client._pool._idle.append(connection)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.get_balance("ada").available == 7


@pytest.mark.parametrize("made_by", ["a client", "a watch", "an asynchronous watch"])
def test_a_fork_in_the_midst_of_connecting_leaves_nothing_to_the_child(
    made_by: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child must not hold the other end, whichever moment another thread's fork meets."""
    children: list[int] = []

    class Forking(socket.socket):
        def connect(self, address: Any) -> None:
            super().connect(address)
            fork = threading.Thread(target=lambda: children.append(os.fork() or child(self)))
            fork.start()
            fork.join()

    def child(inherited: socket.socket) -> int:
        os._exit(0 if inherited.fileno() == -1 else 1)

    async def watch() -> None:
        events = AsyncClient(path).watch(give_up_after=0)
        with pytest.raises(Unreachable):
            await anext(events)

    path = serve(lambda *_: None)
    monkeypatch.setattr(socket, "socket", Forking)
    if made_by == "an asynchronous watch":
        asyncio.run(watch())
    else:
        with pytest.raises(LifecycleError):
            next(Client(path).watch(give_up_after=0)) if made_by == "a watch" else Client(path, timeout=1).audit()
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    assert codes == [0] * len(children)
    assert codes


def test_a_forked_child_does_not_keep_an_attached_lease_alive(start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--detach-grace", "1")
    with Client(daemon.socket) as watcher:
        project = watcher.create_project("ada", 0).project.project_id
        read, write = os.pipe()
        parent = os.fork()
        if parent == 0:
            try:
                own = Client(daemon.socket)
                own.update_status("processing", project)
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


@pytest.mark.parametrize("kind", ["blocking", "async"])
def test_a_lease_that_was_untied_outlives_its_client(kind: str, start_daemon: StartDaemon) -> None:
    daemon = start_daemon("--detach-grace", "1")
    with Client(daemon.socket) as client:
        client.grant_credits("ada", 10, "test")
        tied, untied = (client.create_project("ada", 1, lease=600).project.project_id for _ in range(2))
        for project in (untied, tied):
            client.update_status("processing", project)

        async def use() -> None:
            async with AsyncClient(daemon.socket) as own:
                for project in (untied, tied):
                    await own.heartbeat(project, attach=True)
                await own.heartbeat(untied, attach=False)

        if kind == "async":
            asyncio.run(use())
        else:
            with Client(daemon.socket) as own:
                for project in (untied, tied):
                    own.heartbeat(project, attach=True)
                own.heartbeat(untied, attach=False)
        eventually(lambda: client.get_status(tied).ended, "the one that was not untied fails")
        assert client.get_status(untied).status == "processing"
