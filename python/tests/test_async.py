"""What the asyncio client does when something goes wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from fake_daemon import BALANCE, answer, request_of, says_too_much, until_hung_up
from harness import Daemon, Serve, eventually
from lifecycle_rpc import AsyncClient, BadReply, ConnectionLost, DeadlineExceeded, Unreachable


def test_a_cancelled_call_leaves_nothing_for_the_next_one(serve: Serve) -> None:
    asked = threading.Event()

    def script(connection: socket.socket, number: int) -> None:
        request = request_of(connection)
        if number == 0:
            asked.set()
            until_hung_up(connection)
        else:
            answer(connection, id=request["id"], result=BALANCE)

    async def story() -> None:
        async with AsyncClient(path) as client:
            call = asyncio.create_task(client.get_balance("ada"))
            await asyncio.to_thread(asked.wait, 30)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await client.get_balance("ada")).available == 1

    path = serve(script)
    asyncio.run(story())


def test_deadline_garbage_and_a_lost_backup(serve: Serve) -> None:
    def script(connection: socket.socket, number: int) -> None:
        request_of(connection)
        if number == 0:
            until_hung_up(connection)
        elif number == 1:
            connection.sendall(b"garbage\n")
            until_hung_up(connection)

    async def story() -> None:
        async with AsyncClient(path) as client:
            with pytest.raises(DeadlineExceeded) as caught:
                await client.get_balance("ada", timeout=1)
            assert caught.value.maybe_done
            with pytest.raises(BadReply):
                await client.get_balance("ada")
            with pytest.raises(ConnectionLost):
                await client.backup("today.db")

    path = serve(script)
    asyncio.run(story())


def test_it_works_on_one_loop_after_another_and_over_restarts(daemon: Daemon) -> None:
    client = AsyncClient(daemon.socket)
    for how in (signal.SIGTERM, signal.SIGKILL):
        for _ in range(10):
            assert asyncio.run(client.get_balance("ada")).available == 0
        daemon.stop(how)
        daemon.start()

    async def last() -> int:
        async with client:
            return (await client.get_balance("ada")).held

    assert asyncio.run(last()) == 0


def test_a_stale_connection_is_noticed_before_anything_is_sent(serve: Serve) -> None:
    async def story() -> None:
        async with AsyncClient(path) as client:
            assert (await client.get_balance("ada")).available == 0
            connection = client._lines().ordinary.connection
            assert connection is not None
            await asyncio.to_thread(eventually, connection.is_stale, "the server says more")
            assert (await client.get_balance("ada")).available == 1

    path = serve(says_too_much)
    asyncio.run(story())


def test_no_daemon_is_unreachable(folder: Path) -> None:
    client = AsyncClient(folder / "none", connect_timeout=0.2)
    with pytest.raises(Unreachable):
        asyncio.run(client.get_balance("ada"))


def test_a_forked_child_connects_for_itself(daemon: Daemon) -> None:
    async def story() -> None:
        async with AsyncClient(daemon.socket) as client:
            await client.get_balance("ada")
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    # The parent's loop is not the child's to use.
                    asyncio.events._set_running_loop(None)
                    asyncio.run(client.grant_credits("ada", 7, "from the child"))
                    code = 0
                finally:
                    os._exit(code)
            _, status = await asyncio.to_thread(os.waitpid, child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            assert (await client.get_balance("ada")).available == 7

    asyncio.run(story())


def test_events_come_in_order_over_a_restart(daemon: Daemon) -> None:
    async def story() -> list[str]:
        kinds = []
        async with AsyncClient(daemon.socket) as client:
            await client.grant_credits("ada", 5, "first")
            watch = client.watch(0, user_id="ada")
            kinds.append((await anext(watch)).detail or "")
            await asyncio.to_thread(daemon.stop, signal.SIGKILL)
            await asyncio.to_thread(daemon.start)
            await client.grant_credits("ada", 6, "second")
            kinds.append((await anext(watch)).detail or "")
            await watch.aclose()
        return kinds

    assert asyncio.run(story()) == ["5 credits: first", "6 credits: second"]
