"""Signal handlers that call, exceptions that come out of them, other threads, and other loops: nothing gets stuck."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import lifecycle_rpc
from fake_daemon import request_of
from harness import Daemon, Serve, eventually
from lifecycle_rpc import AsyncClient, Client
from lifecycle_rpc import watch as watch_module

PACKAGE = str(Path(lifecycle_rpc.__file__).parent)


class Interrupted(BaseException):
    """What a signal handler raises."""


@pytest.fixture
def at_signal() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Have SIGUSR1 do something in the main thread."""
    kept = signal.getsignal(signal.SIGUSR1)

    def install(do: Callable[[], object]) -> None:
        signal.signal(signal.SIGUSR1, lambda *_: do())

    yield install
    signal.signal(signal.SIGUSR1, kept)


def raise_at(step: int, do: Callable[[], object]) -> bool:
    """Do it, and raise at that bytecode of the package, as a signal handler can. Gives whether it came so far."""
    seen = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal seen
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            seen += 1
            if seen == step:
                raise Interrupted
        return trace

    kept = sys.gettrace()
    try:
        sys.settrace(trace)
        do()
    except Interrupted:
        return True
    finally:
        sys.settrace(kept)
    return False


# A socket whose name was not yet given is closed by the collector, with a warning.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_an_exception_at_any_point_of_a_call_leaves_nothing_locked(client: Client, project: str) -> None:
    client.update_status("processing", project)
    calls: list[Callable[[], object]] = [
        lambda: client.get_balance("ada", timeout=20),
        lambda: client.heartbeat(project, attach=True, timeout=20),
    ]
    for call in calls:
        step = 1
        while raise_at(step, call):
            step += 1
            assert client.get_balance("ada", timeout=20).held == 40
            assert client.heartbeat(project, attach=True, timeout=20).status == "processing"
        assert step > 100, "the tracing does not work"


# A socket whose name was not yet given is closed by the collector, with a warning.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_an_exception_at_any_point_of_a_watch_leaves_nothing_locked(client: Client) -> None:
    client.grant_credits("ada", 1, "test")
    step = 1

    def first() -> object:
        with client.watch(0) as watch:
            return next(watch)

    while raise_at(step, first):
        step += 1
    assert step > 100, "the tracing does not work"
    watch = client.watch(0)
    for step in range(1, 400):
        if not raise_at(step, lambda: next(watch)):
            break
        client.grant_credits("ada", step, "test")
        assert next(watch).kind == "granted"
    watch.close()


def test_a_handler_can_call_while_its_thread_is_in_a_call(
    daemon: Daemon, client: Client, at_signal: Callable[[Callable[[], object]], None]
) -> None:
    """The daemon stands still until the handler has begun, so that the signal comes into the call."""
    client.get_balance("ada")
    granted: list[int] = []

    def handle() -> None:
        os.kill(daemon.pid, signal.SIGCONT)
        granted.append(client.grant_credits("ada", 7, "from the handler", timeout=30).balance.available)

    at_signal(handle)
    os.kill(daemon.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, daemon.pid, os.WSTOPPED)  # on a busy machine it still answers until it has stopped
    timer = threading.Timer(0.2, signal.pthread_kill, [threading.main_thread().ident, signal.SIGUSR1])
    timer.start()
    assert client.get_balance("ada", timeout=60).available in (0, 7)
    timer.join()
    eventually(lambda: granted == [7], "the handler's call is done")


@pytest.mark.parametrize("by", ["another thread", "a signal handler"])
def test_closing_a_watch_ends_one_that_is_connecting(
    by: str,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    at_signal: Callable[[Callable[[], object]], None],
) -> None:
    monkeypatch.setattr(watch_module, "CONNECT_SECONDS", 1000.0)
    asked, over = threading.Event(), threading.Event()

    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        asked.set()
        over.wait(60)  # and no answer

    watch = Client(serve(script)).watch()

    def close() -> None:
        assert asked.wait(30)
        if by == "another thread":
            watch.close()
        else:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    at_signal(watch.close)
    closer = threading.Thread(target=close)
    closer.start()
    assert list(watch) == []
    closer.join()
    assert not over.is_set()
    over.set()


def test_closing_a_watch_ends_one_that_waits_for_the_daemon(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = threading.Event()

    def backoff(_: int) -> float:
        waiting.set()
        return 1000.0

    monkeypatch.setattr(watch_module, "backoff", backoff)
    watch = Client(folder / "none").watch()

    def close() -> None:
        assert waiting.wait(30)
        watch.close()

    closer = threading.Thread(target=close)
    closer.start()
    assert list(watch) == []
    closer.join()
    watch.close()


def test_a_watch_has_one_reader(client: Client, at_signal: Callable[[Callable[[], object]], None]) -> None:
    problems: list[str] = []
    watch = client.watch().start()

    def read() -> None:
        try:
            next(watch)
        except RuntimeError as error:
            problems.append(str(error))

    def from_outside() -> None:
        eventually(lambda: watch._reader, "it is read")
        other = threading.Thread(target=read)
        other.start()
        other.join()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        eventually(lambda: len(problems) == 2, "both are refused")
        client.grant_credits("ada", 5, "test")

    at_signal(read)
    thread = threading.Thread(target=from_outside)
    thread.start()
    assert next(watch).detail == "5 credits: test"
    thread.join()
    assert all("is being read already" in problem for problem in problems)
    watch.close()


def test_one_asynchronous_client_works_on_several_loops_at_once(daemon: Daemon, client: Client) -> None:
    client.grant_credits("ada", 1000, "test")
    shared = AsyncClient(daemon.socket)
    made: list[str] = []
    failures: list[BaseException] = []
    together = threading.Barrier(4)

    async def work() -> None:
        together.wait(30)
        for _ in range(5):
            created = await asyncio.gather(*(shared.create_project("ada", 1, timeout=30) for _ in range(10)))
            made.extend(one.project.project_id for one in created)
        await shared.aclose()

    def run() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(set(made)) == 200
    assert client.get_balance("ada").held == 200
    assert all(line.connection is None for lines in shared._loops.values() for line in (lines.ordinary, lines.attached))
