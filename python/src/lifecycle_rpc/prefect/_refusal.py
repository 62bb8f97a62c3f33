"""Ending a run before its body, and nothing around it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from prefect.states import Failed

from . import _engine, _registry
from ._log import log
from ._prefect_api import REFUSED

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from prefect.client.schemas.objects import FlowRun, State


class FlowRefused(Exception):
    """The body of the flow was not run: nobody would pay for it. Raised to who calls the flow."""


def refuse(engine: Any, flow_run: FlowRun, reason: str) -> Coroutine[Any, Any, None] | None:
    """Have the run end as Failed, with its reason, instead of running its body. For an async engine: a coroutine.

    `Abort`, which Prefect has for this, would end the flows around this one, too, and that without their hooks.
    """
    if _registry.get(flow_run.id) is None:
        _registry.say_nothing_of(flow_run.id)
    error = FlowRefused(reason)
    state: State[Any] = Failed(name=REFUSED, message=reason, data=error)
    log(flow_run, logging.ERROR, "%s", reason)
    if _engine.is_asynchronous(engine):
        return _refuse_asynchronously(engine, flow_run, state, error)
    try:
        engine.set_state(state, force=True)
    except Exception as failure:
        _end_here(flow_run, state, failure)
    _settle(engine, flow_run, error)
    return None


async def _refuse_asynchronously(engine: Any, flow_run: FlowRun, state: State[Any], error: FlowRefused) -> None:
    try:
        await engine.set_state(state, force=True)
    except Exception as failure:
        _end_here(flow_run, state, failure)
    _settle(engine, flow_run, error)


def _settle(engine: Any, flow_run: FlowRun, error: BaseException) -> None:
    engine._raised = error  # for who has called the flow
    _registry.was_left(flow_run.id)


def _end_here(flow_run: FlowRun, state: State[Any], failure: Exception) -> None:
    """Prefect could not be told. The engine looks at the run's state before it runs the body."""
    flow_run.state = state
    log(flow_run, logging.WARNING, "Prefect could not be told that the run was refused: %s", failure)
