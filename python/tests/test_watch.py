"""The iterator over the history."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from fake_daemon import answer, request_of
from harness import Daemon, Serve
from lifecycle_rpc import Client, Event, InvalidParams, Unreachable


def test_events_come_in_order_and_end_when_it_is_closed(client: Client, project: str) -> None:
    client.update_status("failed", project)
    with client.watch(0, project_id=project) as watch:
        assert [next(watch).kind, next(watch).kind] == ["created", "failed"]
        closer = threading.Timer(0.1, watch.close)
        closer.start()
        assert list(watch) == []
        closer.join()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_goes_on_over_a_restart(how: signal.Signals, daemon: Daemon, client: Client) -> None:
    with client.watch().start() as watch:
        for number in range(1, 4):
            client.grant_credits("ada", number, "test")
            assert next(watch).detail == f"{number} credits: test"
            daemon.stop(how)
            daemon.start()


def test_it_begins_again_where_it_was(serve: Serve) -> None:
    event = {"kind": "granted", "at": "2026-11-23T13:01:19.042Z", "userId": "ada", "uid": 0, "gid": 0, "pid": 1}
    asked = []

    def script(connection: socket.socket, number: int) -> None:
        request = request_of(connection)
        asked.append(request["params"].get("fromSeq"))
        answer(connection, id=request["id"], result={"seq": 41 + number})
        if number:
            answer(connection, method="event", params=event | {"seq": 42 + number})
            connection.sendall(b'{"jsonrpc":"2.0","method":"ev')  # cut short by a crash

    watch = Client(serve(script)).watch()
    seen: list[Event] = [next(watch), next(watch), next(watch)]
    watch.close()
    assert [e.seq for e in seen] == [43, 44, 45]
    assert asked[:4] == [None, 41, 43, 44]


def test_what_waiting_does_not_help_is_raised(client: Client) -> None:
    with client.watch(10**9) as watch, pytest.raises(InvalidParams):
        next(watch)


def test_it_gives_up_when_told_to(folder: Path) -> None:
    started = time.monotonic()
    with Client(folder / "none").watch(give_up_after=0.2) as watch, pytest.raises(Unreachable):
        next(watch)
    assert 0.2 <= time.monotonic() - started < 20
