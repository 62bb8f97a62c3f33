"""How long the blocking client waits, and for what."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fake_daemon import BALANCE, answer, request_of
from harness import Daemon, Serve, StartDaemon
from lifecycle_rpc import (
    AsyncClient,
    Busy,
    Client,
    InsufficientCredits,
    LifecycleError,
    RPCError,
    Unreachable,
    _retry,
)
from lifecycle_rpc import client as client_module
from lifecycle_rpc import watch as watch_module


def test_busy_is_repeated_until_it_works_and_raised_when_it_does_not(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = {"code": -32009, "message": "busy", "data": {"kind": "busy", "retryable": True}}

    def script(connection: socket.socket, number: int) -> None:
        if number < 2:
            request_of(connection)
            answer(connection, id=None, error=busy)  # the daemon's word to a connection too many, which it closes
            return
        if number == 2:
            answer(connection, id=request_of(connection)["id"], result=BALANCE)
        while True:
            answer(connection, id=request_of(connection)["id"], error=busy)

    with Client(serve(script)) as client:
        assert client.get_balance("ada").available == 1
        # The last wait would be longer than the time that is left.
        monkeypatch.setattr(_retry, "backoff", lambda failures: 0.01 if failures < 3 else 60.0)
        with pytest.raises(Busy) as caught:
            client.get_balance("ada")
        assert not caught.value.maybe_done


def test_no_daemon_is_unreachable_after_the_connect_timeout(folder: Path) -> None:
    started = time.monotonic()
    with pytest.raises(Unreachable, match=r"lifecycled\.socket") as caught:
        Client(folder / "none", connect_timeout=0.2).get_balance("ada")
    assert not caught.value.maybe_done
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("how", ["blocking", "asyncio"])
def test_a_wait_that_takes_too_long_still_says_what_was_wrong(
    how: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a busy machine, where the time is over when the next try should begin."""
    real_sleep, real_async_sleep = time.sleep, asyncio.sleep
    monkeypatch.setattr(client_module, "time", SimpleNamespace(sleep=lambda seconds: real_sleep(seconds + 0.3)))
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: real_async_sleep(seconds + 0.3))

    async def in_asyncio() -> Any:
        return await AsyncClient(folder / "none", timeout=0.2).audit()

    with pytest.raises(Unreachable):
        Client(folder / "none", timeout=0.2).audit() if how == "blocking" else asyncio.run(in_asyncio())


def test_a_daemon_that_comes_in_time_is_waited_for(folder: Path, start_daemon: StartDaemon) -> None:
    thread = threading.Timer(0.2, start_daemon)
    thread.start()
    with Client(folder / "s", connect_timeout=30) as client:
        assert client.get_balance("ada").available == 0
    thread.join()


@pytest.mark.parametrize("how", ["blocking", "asyncio"])
def test_a_create_that_timed_out_tells_its_key(how: str, daemon: Daemon, client: Client) -> None:
    client.grant_credits("ada", 100, "test")

    async def in_asyncio() -> None:
        async with AsyncClient(daemon.socket) as other:
            await other.create_project("ada", 40, timeout=0.2)

    os.kill(daemon.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, daemon.pid, os.WSTOPPED)  # on a busy machine it still answers until it has stopped
    try:
        with pytest.raises(LifecycleError) as caught:
            asyncio.run(in_asyncio()) if how == "asyncio" else client.create_project("ada", 40, timeout=0.2)
    finally:
        os.kill(daemon.pid, signal.SIGCONT)
    key = pickle.loads(pickle.dumps(caught.value)).idempotency_key
    assert key is not None
    client.create_project("ada", 40, idempotency_key=key)
    assert client.get_balance("ada").held == 40
    with pytest.raises(InsufficientCredits) as refused:
        client.create_project("ada", 400)
    assert len(pickle.loads(pickle.dumps(refused.value)).idempotency_key or "") == 36
    with pytest.raises(RPCError) as unkeyed:
        client.get_status("01a00000-0000-7000-8000-000000000000")
    assert unkeyed.value.idempotency_key is None


@pytest.mark.parametrize("path", ["", "x" * 200, "a\0b", "\ud800", "file", "file/below"])
@pytest.mark.parametrize("how", ["blocking", "asyncio", "watch"])
def test_what_waiting_does_not_change_is_raised_at_once(
    how: str, path: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(_: int) -> float:
        raise AssertionError("it is tried again")

    monkeypatch.setattr(watch_module, "backoff", again)
    monkeypatch.setattr(client_module, "time", SimpleNamespace(sleep=again))
    monkeypatch.setattr(asyncio, "sleep", again)
    (folder / "file").touch()
    monkeypatch.chdir(folder)
    calls: dict[str, Any] = {
        "blocking": lambda: Client(path).audit(),
        "asyncio": lambda: asyncio.run(AsyncClient(path).audit()),
        "watch": lambda: next(Client(path).watch()),
    }
    with pytest.raises(Unreachable, match="Cannot connect"):
        calls[how]()
