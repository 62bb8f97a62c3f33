"""What is known of the body of a tracked flow, and how it is asked to stop."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prefect._flow_run_suspension import FlowRunSuspensionRequest
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext

from ._progress import FlowStopped

if TYPE_CHECKING:
    from ._tracker import Tracker


class Body:
    """What is known of one run's body. It may run more than once, as Prefect retries it."""

    def __init__(self) -> None:
        self.inside = False
        self.outcome: State[Any] | None = None
        """What Prefect makes of what it returned or raised. None when it runs, or was torn from what it did."""
        self.cancelled = False
        """Its asyncio task was cancelled by us."""
        self.intent: str | None = None
        """Why Prefect has interrupted it, if it says so: see `_engine.intent`."""
        self.generator: Any = None
        """The one that it is, if it is one."""
        self._task: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cancellations = 0
        self._taken_back = False

    def begin(self, *, in_task: bool) -> None:
        """Note that it runs, and whether that is in an asyncio task that does nothing else meanwhile."""
        self.inside, self.outcome, self.cancelled = True, None, False
        if in_task:
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.current_task()
            self._cancellations = self._task.cancelling()

    def end(self) -> None:
        """Note that it is over."""
        self.take_back()
        self.inside = False
        self._loop = self._task = self.generator = None

    def is_left_open(self) -> bool:
        """Whether it is a generator that has given a value, and nobody asks it for the next one."""
        made = self.generator
        if made is None:
            return False
        kind = "ag" if inspect.isasyncgen(made) else "gi"
        return not getattr(made, f"{kind}_running") and getattr(made, f"{kind}_frame") is not None

    def cancel(self, may: Callable[[], bool]) -> None:
        """Cancel the asyncio task of an async body, once its event loop comes to it and if `may` still holds then."""
        loop, task = self._loop, self._task
        if loop is None:
            return

        def cancel() -> None:
            if self.inside and self._task is task and not self.cancelled and may():
                self.cancelled, self._taken_back = True, False
                task.cancel()

        try:
            loop.call_soon_threadsafe(cancel)
        except RuntimeError:
            return  # the event loop is closed

    def take_back(self) -> bool:
        """Take our cancellation back: the caller's task is to go on. Gives whether it was the only one."""
        if not self.cancelled or self._taken_back:
            return False
        self._taken_back = True
        left: int = self._task.uncancel()
        return left <= self._cancellations


class StopRequest(FlowRunSuspensionRequest):
    """Asked by Prefect at each call of a task and each wait for one, also within flows that the body calls."""

    def __init__(self, tracker: Tracker, around: FlowRunSuspensionRequest) -> None:
        super().__init__()
        self.tracker = tracker
        # What the flow around it is to hear of is not for this one, which may be another user's.
        self._prefects: FlowRunSuspensionRequest = around._prefects if isinstance(around, StopRequest) else around

    def mark_requested(self, state: State[Any]) -> None:
        self._prefects.mark_requested(state)

    def get_state(self) -> State[Any] | None:
        return self._prefects.get_state()

    def raise_if_requested(self) -> None:
        self._prefects.raise_if_requested()
        tracker = self.tracker
        # Prefect also asks while it reports an error. It is not to be kept from that.
        if tracker.stop_reason is not None and tracker.body.inside and sys.exc_info()[1] is None:
            raise FlowStopped(tracker.stop_reason)


def around_here() -> Tracker | None:
    """The tracker of the flow within which this is called, which may be some flows further out."""
    context = FlowRunContext.get()
    request = context.flow_run_suspension_request if context is not None else None
    return request.tracker if isinstance(request, StopRequest) else None
