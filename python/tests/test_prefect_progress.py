"""Whose flow `progress()` speaks for, in a process that works for several projects."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from prefect.context import FlowRunContext

from lifecycle_rpc.prefect import FlowStopped, _progress, _registry, in_this_flow, progress, stop_requested
from lifecycle_rpc.prefect._identify import ProjectKey
from lifecycle_rpc.prefect._progress import entered

STOPPED = "its project was cancelled"


class Flow:
    """A tracked run, without a daemon: what was said of it."""

    def __init__(self, project: str, project_id: str | None = None) -> None:
        self.key = ProjectKey(project, None)
        self.project_id = project_id
        self.flow_run = SimpleNamespace(id=uuid4())
        self.stop_reason: str | None = None
        self.said: list[tuple[float | None, str | None]] = []

    def moved(self, fraction: float | None, message: str | None) -> None:
        self.said.append((fraction, message))

    def begins(self) -> Any:
        """As its hook and the guard of its body do. Gives the context of the body."""
        context = copy_context()
        tracker: Any = self
        _registry.add(tracker)
        self.body = entered(tracker)
        context.run(self.body.__enter__)
        return context


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(_progress, "_said", False)
    yield
    for tracker in _registry.every():
        _registry.remove(tracker.flow_run.id)


@pytest.fixture
def two() -> tuple[Flow, Any, Flow, Any]:
    """Two flows of two projects, and the contexts of their bodies."""
    ada, bob = Flow("ada's"), Flow("bob's")
    return ada, ada.begins(), bob, bob.begins()


def in_thread(function: Any, *arguments: Any) -> Any:
    """In a new thread, which knows nothing of this context."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


def of_prefect(run_id: Any) -> FlowRunContext:
    """What Prefect has of a run in its context."""
    return FlowRunContext.model_construct(flow_run=SimpleNamespace(id=run_id))


def test_each_flow_speaks_for_itself(two: Any) -> None:
    ada, in_ada, bob, in_bob = two
    in_ada.run(progress, 0.1)
    in_bob.run(progress, 0.2, "frame 3")
    assert (ada.said, bob.said) == ([(0.1, None)], [(0.2, "frame 3")])


def test_a_subflow_that_is_not_tracked_speaks_for_the_flow_around_it(two: Any) -> None:
    ada, in_ada, bob, _ = two

    def subflow() -> None:
        with of_prefect(uuid4()):
            progress(0.5)

    in_ada.run(subflow)
    assert (ada.said, bob.said) == ([(0.5, None)], [])


@pytest.mark.parametrize("known_by", ["the same id", "the daemon's word"])
def test_a_subflow_that_is_part_of_a_tracked_one_speaks_for_it(known_by: str, two: Any) -> None:
    ada, in_ada, _, _ = two
    ada.project_id = "01"
    part: Any = Flow("ada's" if known_by == "the same id" else "sda-1", "01")

    def body() -> None:
        with entered(part):
            progress(0.5)

    in_ada.run(body)
    in_thread(copy_context().run, body)
    assert (ada.said, part.said) == ([(0.5, None)] * 2, [])


def test_when_a_flow_within_another_has_ended_the_other_speaks_again(two: Any) -> None:
    ada, in_ada, _, _ = two
    inner: Any = Flow("eve's")

    def body() -> None:
        _registry.add(inner)
        with entered(inner):
            progress(0.1)
            _registry.remove(inner.flow_run.id)
            progress(0.2)  # a thread of the inner one's would come here
        progress(0.3)

    in_ada.run(body)
    assert (inner.said, ada.said) == ([(0.1, None)], [(0.2, None), (0.3, None)])


def test_a_thread_that_carries_the_flow_speaks_for_it(two: Any) -> None:
    ada, in_ada, bob, _ = two
    say = in_ada.run(in_this_flow, progress)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(say, [0.1, 0.2, 0.3, 0.4]))
    assert sorted(ada.said) == [(0.1, None), (0.2, None), (0.3, None), (0.4, None)]
    assert bob.said == []


def test_a_context_of_prefects_alone_will_do(two: Any) -> None:
    ada, _, bob, _ = two

    def task() -> None:
        with of_prefect(bob.flow_run.id):
            progress(0.3)

    in_thread(task)
    assert (ada.said, bob.said) == ([], [(0.3, None)])


def test_a_bare_thread_loses_its_words_but_no_lease_and_says_so_once(
    two: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ada, _, bob, _ = two
    ada.stop_reason = STOPPED
    with caplog.at_level(logging.WARNING):
        in_thread(progress, 0.5)
        in_thread(progress, 0.6)
    assert ada.said == bob.said == [(None, None)] * 2, "neither stalls, and no other's fraction is theirs"
    (record,) = caplog.records
    assert "in_this_flow" in record.getMessage()
    assert not in_thread(stop_requested)


def test_a_bare_thread_speaks_for_the_only_flow_there_is(caplog: pytest.LogCaptureFixture) -> None:
    ada = Flow("ada's")
    ada.begins()
    in_thread(progress, 0.5)
    ada.stop_reason = STOPPED
    assert in_thread(stop_requested)
    with pytest.raises(FlowStopped, match="cancelled"):
        in_thread(progress)
    assert (ada.said, caplog.records) == ([(0.5, None), (None, None)], [])


def test_a_flow_that_nobody_tracks_is_not_stopped_for_anothers_project(caplog: pytest.LogCaptureFixture) -> None:
    ada = Flow("ada's")
    ada.begins()
    ada.stop_reason = STOPPED

    def untracked() -> bool:
        with of_prefect(uuid4()):
            progress(0.5)
            return stop_requested()

    assert in_thread(untracked) is False
    assert ada.said == [(None, None)]
    assert len(caplog.records) == 1


def test_a_flow_is_stopped_in_its_threads_and_subflows_and_no_other(two: Any) -> None:
    ada, in_ada, _, in_bob = two
    ada.stop_reason = STOPPED
    in_bob.run(progress)
    for call in (in_ada.run, in_ada.run(in_this_flow, lambda work: work())):
        with pytest.raises(FlowStopped, match="cancelled"):
            call(progress)
    assert in_ada.run(stop_requested)
    assert not in_bob.run(stop_requested)


def test_a_generator_that_is_closed_elsewhere_harms_nobody() -> None:
    tracker: Any = Flow("ada's")

    def body() -> Iterator[int]:
        with entered(tracker):
            yield 1

    values: Any = body()
    assert copy_context().run(next, values) == 1
    values.close()
    assert _progress._flows.get() == ()


def test_a_thread_of_its_own_can_be_a_target(two: Any) -> None:
    ada, in_ada, _, _ = two
    thread = threading.Thread(target=in_ada.run(in_this_flow, progress), args=[0.7], kwargs={"message": "encoding"})
    thread.start()
    thread.join()
    assert ada.said == [(0.7, "encoding")]
