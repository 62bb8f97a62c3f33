"""What the blocking client does when something goes wrong."""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
import threading
import time
from typing import Any

import pytest

from fake_daemon import BALANCE, answer, request_of, says_too_much, until_hung_up
from harness import Serve, eventually
from lifecycle_rpc import (
    AsyncClient,
    BadReply,
    Client,
    ConnectionLost,
    DeadlineExceeded,
    InsufficientCredits,
    InvalidParams,
    LifecycleError,
    RPCError,
)


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


def test_a_kind_of_a_later_daemon_is_an_rpc_error(serve: Serve) -> None:
    error = {"code": 1999, "message": "new", "data": {"kind": "brandNew", "retryable": False, "hint": "h"}}
    path = serve(lambda c, _: answer(c, id=request_of(c)["id"], error=error))
    with Client(path) as client, pytest.raises(RPCError) as caught:
        client.audit()
    assert (caught.value.kind, caught.value.code, caught.value.hint) == ("brandNew", 1999, "h")


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
