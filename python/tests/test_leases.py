"""What does not end a lease that is held by a connection."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading

import pytest

import lifecycle_rpc
from fake_daemon import answer, request_of
from harness import Serve, eventually
from lifecycle_rpc import AsyncClient, Client


class Interrupted(BaseException):
    """What a signal handler raises."""


BEAT = {"status": "processing", "cancelRequested": False, "deadline": "2026-11-23T13:01:19.042Z"}


class Lease:
    """A server that answers heartbeats only, and those not always at once."""

    def __init__(self) -> None:
        self.beats: list[int] = []
        """The connections that they came on."""
        self.ended = threading.Event()
        """The first connection."""

    def __call__(self, connection: socket.socket, number: int) -> None:
        late: list[int] = []
        try:
            while True:
                request = request_of(connection)
                if request["method"] != "heartbeat":
                    continue
                self.beats.append(number)
                late.append(request["id"])
                if request["params"].get("message") != "slow":
                    for request_id in late:
                        answer(connection, id=request_id, result=BEAT | {"cancelRequested": request_id != late[-1]})
                    late.clear()
        finally:
            self.ended.set()


@pytest.mark.parametrize("how", ["blocking", "asyncio"])
def test_a_call_that_times_out_does_not_end_a_lease(how: str, serve: Serve) -> None:
    lease = Lease()

    async def in_asyncio() -> None:
        async with AsyncClient(path) as client:
            await client.heartbeat("p", attach=True)
            for failing in (
                client.get_balance("ada", timeout=0.2),
                client.heartbeat("p", attach=True, message="slow", timeout=0.2),
            ):
                with pytest.raises(lifecycle_rpc.DeadlineExceeded) as caught:
                    await failing
                assert caught.value.maybe_done
            beating = asyncio.create_task(client.heartbeat("p", attach=True, message="slow"))
            while len(lease.beats) < 3:
                await asyncio.sleep(0.01)
            beating.cancel()
            with pytest.raises(asyncio.CancelledError):
                await beating
            assert not (await client.heartbeat("p", attach=True)).cancel_requested, "it is its own answer"
            assert not lease.ended.is_set()

    path = serve(lease)
    if how == "asyncio":
        asyncio.run(in_asyncio())
    else:
        with Client(path) as client:
            client.heartbeat("p", attach=True)
            for _ in range(2):
                with pytest.raises(lifecycle_rpc.DeadlineExceeded):
                    client.get_balance("ada", timeout=0.2)
                with pytest.raises(lifecycle_rpc.DeadlineExceeded) as caught:
                    client.heartbeat("p", attach=True, message="slow", timeout=0.2)
                assert caught.value.maybe_done
            assert not client.heartbeat("p", attach=True).cancel_requested, "it is its own answer"
            assert not lease.ended.is_set()
    assert lease.beats == [0, 0, 0, 0], "all on the connection that holds the lease"
    assert lease.ended.wait(30), "it ends with the client"


def test_a_call_that_is_interrupted_does_not_end_a_lease(serve: Serve) -> None:
    lease = Lease()
    kept = signal.getsignal(signal.SIGUSR1)

    def handle(*_: object) -> None:
        raise Interrupted

    def interrupt() -> None:
        eventually(lambda: len(lease.beats) == 2, "the daemon is asked")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    with Client(serve(lease)) as client:
        client.heartbeat("p", attach=True)
        signal.signal(signal.SIGUSR1, handle)
        try:
            thread = threading.Thread(target=interrupt)
            thread.start()
            with pytest.raises(Interrupted):
                client.heartbeat("p", attach=True, message="slow")
            thread.join()
        finally:
            signal.signal(signal.SIGUSR1, kept)
        assert not lease.ended.is_set()
    assert lease.ended.wait(30)


def test_a_request_that_is_cut_off_is_sent_on_for_a_lease(serve: Serve) -> None:
    """The rest of it goes before the next request, whose line it would spoil."""
    read = threading.Event()
    seen: list[str] = []

    def script(connection: socket.socket, _: int) -> None:
        seen.append(request_of(connection)["params"]["message"])
        answer(connection, id=1, result=BEAT)
        read.wait(60)
        with connection.makefile("rb") as lines:
            for number in (2, 3):
                seen.append(str(len(lines.readline())))
                answer(connection, id=number, result=BEAT)

    with Client(serve(script)) as client:
        client.heartbeat("p", attach=True, message="first")
        with pytest.raises(lifecycle_rpc.DeadlineExceeded) as caught:
            client.heartbeat("p", attach=True, message="x" * 2_000_000, timeout=0.2)
        assert caught.value.maybe_done, "it is sent yet"
        read.set()
        client.heartbeat("p", attach=True, message="third")
    assert seen[0] == "first"
    assert int(seen[1]) > 2_000_000
    assert int(seen[2]) < 200
