"""A guard around the body of a tracked flow. It notes when the body runs and what came of it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture, resolve_futures_to_states
from prefect.states import Completed, Failed
from prefect.utilities.collections import visit_collection

from . import _engine, _registry
from ._body import StopRequest
from ._progress import FlowStopped, entered

if TYPE_CHECKING:
    from prefect import Flow

    from ._tracker import Tracker

G = TypeVar("G")

_MARK = "__lifecycle_guard__"
RELEASE_BUDGET = 1.0
"""Seconds that an interrupted body may take to leave its project to another process."""


def guard(flow: Flow[..., Any]) -> None:
    """Put the guard around the flow's function, unless it is there. Any number of runs share it."""
    if not getattr(flow.fn, _MARK, False):
        guarded: Any = _guarded(flow.fn)
        setattr(guarded, _MARK, True)
        flow.fn = guarded


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function):

        @wraps(function)
        async def asynchronous_generator(*arguments: Any, **named: Any) -> AsyncGenerator[Any, None]:
            with _within() as tracker:
                async with aclosing(_kept(tracker, function(*arguments, **named))) as values:
                    async for value in values:
                        yield value

        return asynchronous_generator
    if inspect.isgeneratorfunction(function):

        @wraps(function)
        def generator(*arguments: Any, **named: Any) -> Generator[Any, Any, Any]:
            with _within() as tracker:
                return _returned(tracker, (yield from _kept(tracker, function(*arguments, **named))))

        return generator
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def coroutine(*arguments: Any, **named: Any) -> Any:
            with _within(in_task=True) as tracker:
                return _returned(tracker, await function(*arguments, **named))

        return coroutine

    @wraps(function)
    def plain(*arguments: Any, **named: Any) -> Any:
        with _within() as tracker:
            return _returned(tracker, function(*arguments, **named))

    return plain


@contextmanager
def _within(*, in_task: bool = False) -> Iterator[Tracker | None]:
    context = FlowRunContext.get()
    flow_run = context.flow_run if context is not None else None
    tracker = _registry.get(flow_run.id) if flow_run is not None else None
    if context is None or tracker is None or tracker.body.inside:
        yield None
        return
    body = tracker.body
    context.flow_run_suspension_request = StopRequest(tracker, context.flow_run_suspension_request)
    body.begin(in_task=in_task)
    try:
        with entered(tracker):
            yield tracker
        if body.outcome is None:
            body.outcome = Completed()
    except asyncio.CancelledError:
        if body.take_back():
            raise FlowStopped(tracker.stop_reason) from None
        _heed_intent(tracker)
        raise
    except GeneratorExit:
        # Who called it has what it wanted. Prefect calls that a success.
        body.outcome = Completed()
        raise
    except Exception as error:
        body.outcome = Failed(message=f"Flow run encountered an exception: {type(error).__name__}: {error}", data=error)
        raise
    except BaseException:
        _heed_intent(tracker)
        raise
    finally:
        body.end()


def _heed_intent(tracker: Tracker) -> None:
    """Whoever interrupts the body has a plan for the run, and may kill this process before it exits by itself."""
    intent = tracker.body.intent = _engine.intent()
    if intent in ("reschedule", "relinquish"):
        tracker.release(RELEASE_BUDGET)


def _kept(tracker: Tracker | None, generator: G) -> G:
    if tracker is not None:
        tracker.body.generator = generator
    return generator


def _returned(tracker: Tracker | None, value: Any) -> Any:
    if tracker is None:
        return value
    if tracker.settings.strict_results:
        value = resolve_futures_to_states(value)
        for state in _states_in(value):
            if not state.is_completed() and state is not value:
                raise FailedResult(f"the flow returned what has not succeeded: {state}")
    tracker.body.outcome = _outcome(value)
    return value


class FailedResult(Exception):
    """A flow with `strict_results` returned a future or a state of what has failed."""


def _states_in(value: Any) -> list[State[Any]]:
    found: list[State[Any]] = []

    def visit(part: Any) -> Any:
        if isinstance(part, State):
            found.append(part)
        return part

    visit_collection(value, visit, return_data=False)
    return found


def _outcome(value: Any) -> State[Any]:
    """What Prefect makes of what a flow returns. Waits for futures, as Prefect does next."""
    parts = list(value) if isinstance(value, (list, set, tuple)) else [value]
    if not parts or not all(isinstance(part, (State, PrefectFuture)) for part in parts):
        return Completed()
    resolved: Any = [resolve_futures_to_states(part) for part in parts]
    states: list[State[Any]] = resolved
    failed = [state for state in states if not state.is_completed()]
    return failed[0] if failed else Completed()
