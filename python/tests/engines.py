"""Prefect's engines, and the context of a flow's body, without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from prefect import flow, flow_engine
from prefect._flow_run_suspension import FlowRunSuspensionRequest
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Running

from lifecycle_rpc.prefect import (
    _registry,
)
from lifecycle_rpc.prefect._body import Body
from lifecycle_rpc.prefect._guard import guard
from lifecycle_rpc.prefect._settings import Settings


class Run:
    """A run with a tracker that does nothing, in the context that Prefect's engine makes for its body."""

    def __init__(self, **settings: Any) -> None:
        self.flow_run: Any = SimpleNamespace(id=uuid4(), name="run", flow_id=uuid4())
        made: Any = SimpleNamespace(key=self.flow_run.id, flow_run=self.flow_run, settings=Settings(**settings))
        made.body, made.stop_reason, made.around = Body(), None, ()
        assert _registry.add(made)
        self.tracker: Any = made

    @contextmanager
    def context(self) -> Iterator[None]:
        around = FlowRunContext.get()
        request = around.flow_run_suspension_request if around else FlowRunSuspensionRequest()
        made = FlowRunContext.model_construct(flow_run=self.flow_run, flow_run_suspension_request=request)
        token = FlowRunContext.__var__.set(made)
        try:
            yield
        finally:
            FlowRunContext.__var__.reset(token)

    @property
    def body(self) -> Body:
        body: Body = self.tracker.body
        return body


def guarded(function: Callable[..., Any]) -> Any:
    made: Any = flow(function)
    guard(made)
    function = made.fn
    guard(made)
    assert made.fn is function, "once is enough"
    return made.fn


def nothing(project_id: Any) -> None: ...


class Engine(flow_engine.FlowRunEngine[..., Any]):
    """Prefect's, without a server."""

    def set_state(self, state: State[Any], force: bool = False) -> State[Any]:  # noqa: ARG002
        assert self.flow_run is not None
        self.flow_run.state = state
        self.call_hooks(state)
        return state


class AsyncEngine(flow_engine.AsyncFlowRunEngine[..., Any]):
    async def set_state(self, state: State[Any], force: bool = False) -> State[Any]:  # noqa: ARG002
        assert self.flow_run is not None
        self.flow_run.state = state
        await self.call_hooks(state)
        return state


FLOW: Any = SimpleNamespace(name="render")


def run_with(parent: Any = None, **parameters: Any) -> Any:
    """A flow run, as hooks get it."""
    return SimpleNamespace(
        id=uuid4(), name="run", flow_id=uuid4(), parameters=parameters, parent_task_run_id=parent, state=Running()
    )


def called_run(**parameters: Any) -> Any:
    """One that another flow has called."""
    return run_with(uuid4(), **parameters)
