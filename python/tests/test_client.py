"""What the blocking client does when something goes wrong."""

from __future__ import annotations

import asyncio
import json
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

from harness import Daemon, Serve, StartDaemon, eventually
from lifecycle_rpc import (
    AsyncClient,
    BadReply,
    Busy,
    Client,
    ConnectionLost,
    DeadlineExceeded,
    InsufficientCredits,
    InvalidParams,
    LifecycleError,
    RPCError,
    Unreachable,
    _retry,
)
from lifecycle_rpc import client as client_module
from lifecycle_rpc import watch as watch_module

BALANCE = {"userId": "ada", "available": 1, "held": 0}


def request_of(connection: socket.socket) -> dict[str, Any]:
    """The next request; one that never comes ends the server's turn."""
    data = b""
    while not data.endswith(b"\n"):
        received = connection.recv(65536)
        if not received:
            raise OSError("the client hung up")
        data += received
    request: dict[str, Any] = json.loads(data)
    return request


def answer(connection: socket.socket, **members: object) -> None:
    connection.sendall(json.dumps({"jsonrpc": "2.0", **members}).encode() + b"\n")


def until_hung_up(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def test_a_reply_in_single_bytes_is_put_together(serve: Serve) -> None:
    def script(connection: socket.socket, _: int) -> None:
        line = json.dumps(
            {"jsonrpc": "2.0", "id": request_of(connection)["id"], "result": {"x": "é"}}, ensure_ascii=False
        )
        for byte in line.encode() + b"\n":
            connection.sendall(bytes([byte]))

    with Client(serve(script)) as client:
        assert client.call("any") == {"x": "é"}


@pytest.mark.parametrize("method", ["updateStatus", "createProject", "getStatus"])
def test_what_may_be_repeated_is_when_the_answer_is_lost(method: str, serve: Serve) -> None:
    keys = []

    def script(connection: socket.socket, number: int) -> None:
        request = request_of(connection)
        keys.append(request["params"])
        if number == 0:
            connection.sendall(b'{"jsonrpc":"2.0","id":1,"resu')  # and no more
        else:
            answer(connection, id=request["id"], result={"n": number})

    with Client(serve(script)) as client:
        assert client.call(method, {"idempotencyKey": "k"}) == {"n": 1}
    assert keys == [{"idempotencyKey": "k"}] * 2


@pytest.mark.parametrize("given", [{}, {"idempotencyKey": None}, {"idempotencyKey": "mine"}])
@pytest.mark.parametrize("method", ["createProject", "retryProject", "grantCredits", "adjustCredits"])
def test_a_repeated_call_that_moves_credits_has_the_same_key(method: str, given: dict[str, Any], serve: Serve) -> None:
    keys = []

    def script(connection: socket.socket, number: int) -> None:
        request = request_of(connection)
        keys.append(request["params"]["idempotencyKey"])
        if number % 2:
            answer(connection, id=request["id"], result={})

    async def in_asyncio() -> None:
        async with AsyncClient(path) as client:
            await client.call(method, given)

    path = serve(script)
    with Client(path) as client:
        client.call(method, given)
    asyncio.run(in_asyncio())
    mine = given.get("idempotencyKey")
    assert all(key == mine if mine else len(key) == 36 for key in keys)
    assert [keys[0], keys[2]] == [keys[1], keys[3]]
    assert (keys[0] == keys[2]) == bool(mine)


def test_a_backup_is_never_repeated(serve: Serve) -> None:
    requests = []
    path = serve(lambda connection, _: requests.append(request_of(connection)))
    with Client(path) as client, pytest.raises(ConnectionLost) as caught:
        client.backup("today.db")
    assert caught.value.maybe_done
    assert len(requests) == 1


def says_too_much(connection: socket.socket, number: int) -> None:
    """Answer, then say what nobody asked for."""
    answer(connection, id=request_of(connection)["id"], result=BALANCE | {"available": number})
    answer(connection, id=None, error={"code": -32009, "message": "stopping", "data": {"kind": "busy"}})
    until_hung_up(connection)


def test_a_stale_connection_is_noticed_before_anything_is_sent(serve: Serve) -> None:
    with Client(serve(says_too_much)) as client:
        assert client.get_balance("ada").available == 0
        (connection,) = client._pool._idle
        eventually(connection.is_stale, "the server says more")
        assert client.get_balance("ada").available == 1


@pytest.mark.parametrize(
    "garbage",
    [
        b"\n",
        b"hello\n",
        b"[]\n",
        b'{"jsonrpc":"2.0","id":77,"result":{}}\n',
        b'{"jsonrpc":"2.0","id":1}\n',
        b"\xff\xfe\n",
    ],
)
def test_garbage_is_a_bad_reply_and_ends_the_connection(garbage: bytes, serve: Serve) -> None:
    def script(connection: socket.socket, number: int) -> None:
        request = request_of(connection)
        if number == 0:
            connection.sendall(garbage)
            until_hung_up(connection)
        else:
            answer(connection, id=request["id"], result=BALANCE)

    with Client(serve(script)) as client:
        with pytest.raises(BadReply) as caught:
            client.get_balance("ada")
        assert caught.value.maybe_done
        assert client.get_balance("ada").available == 1


@pytest.mark.parametrize("result", [{}, [], BALANCE | {"available": "1"}, BALANCE | {"available": True}])
def test_a_result_of_another_shape_is_a_bad_reply(result: object, serve: Serve) -> None:
    path = serve(lambda c, _: answer(c, id=request_of(c)["id"], result=result))
    with Client(path) as client, pytest.raises(BadReply):
        client.get_balance("ada")


def test_members_of_a_later_daemon_are_ignored(serve: Serve) -> None:
    with Client(serve(lambda c, _: answer(c, id=request_of(c)["id"], result=BALANCE | {"new": {}}))) as client:
        assert client.get_balance("ada").available == 1


def test_a_line_without_end_is_a_bad_reply(serve: Serve) -> None:
    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        connection.sendall(b"x" * 5000)
        until_hung_up(connection)

    with Client(serve(script), max_reply_bytes=4096) as client, pytest.raises(BadReply, match="4096"):
        client.call("getMetrics")


def test_a_late_answer_is_never_given_to_the_next_call(serve: Serve) -> None:
    late = threading.Event()

    def script(connection: socket.socket, number: int) -> None:
        request = request_of(connection)
        if number == 0:
            late.wait(30)
        answer(connection, id=request["id"], result=BALANCE | {"available": number})

    with Client(serve(script)) as client:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded) as caught:
            client.get_balance("ada", timeout=1)
        assert caught.value.maybe_done
        assert 1 <= time.monotonic() - started < 20
        late.set()
        assert client.get_balance("ada").available == 1


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


def test_a_kind_of_a_later_daemon_is_an_rpc_error(serve: Serve) -> None:
    error = {"code": 1999, "message": "new", "data": {"kind": "brandNew", "retryable": False, "hint": "h"}}
    path = serve(lambda c, _: answer(c, id=request_of(c)["id"], error=error))
    with Client(path) as client, pytest.raises(RPCError) as caught:
        client.audit()
    assert (caught.value.kind, caught.value.code, caught.value.hint) == ("brandNew", 1999, "h")


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


def test_a_large_request_is_sent_whole(client: Client) -> None:
    client.grant_credits("ada", 1, "r" * 1024)
    with pytest.raises(InvalidParams):
        client.grant_credits("ada", 1, "r" * 900_000)
    with pytest.raises(RPCError) as caught:
        client.grant_credits("ada", 1, "r" * 2_000_000)
    assert caught.value.kind == "requestTooLarge"


@pytest.mark.parametrize("value", [float("nan"), "\ud800"])
def test_what_json_cannot_say_is_refused_before_it_is_sent(value: object, client: Client) -> None:
    client.get_balance("ada")
    connections = list(client._pool._idle)
    with pytest.raises(ValueError, match=r"."):
        client.call("getBalance", {"userId": value})
    assert client._pool._idle == connections
    assert client.get_balance("ada").held == 0


def test_errors_survive_a_pickle() -> None:
    error = InsufficientCredits({"code": 1002, "message": "m", "data": {"kind": "insufficientCredits", "required": 3}})
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, InsufficientCredits)
    assert copy.required == 3
    again = pickle.loads(pickle.dumps(DeadlineExceeded("m", maybe_done=True)))
    assert isinstance(again, LifecycleError)
    assert again.maybe_done


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
