"""What a flow's author writes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Literal, ParamSpec, TypedDict, TypeVar, overload

from prefect import Flow
from prefect.flows import FlowStateHook

from . import _engine
from ._exit import expect_exit
from ._hooks import Hook, Report, report_end, report_start
from ._identify import steps
from ._settings import Find, Settings
from ._waiting import expect

P = ParamSpec("P")
R = TypeVar("R")
FlowHook = FlowStateHook[..., Any]


class Hooks(TypedDict):
    """Arguments of `@flow`."""

    on_running: list[FlowHook]
    on_completion: list[FlowHook]
    on_failure: list[FlowHook]
    on_cancellation: list[FlowHook]
    on_crashed: list[FlowHook]


def lifecycle_hooks(
    project_id: Find | None = "project_id",
    *,
    external_id: Find | None = None,
    socket: str | None = None,
    spool: str | None = None,
    attach: bool = True,
    beat: float = 5.0,
    stall_timeout: float | None = None,
    start_budget: float = 2.0,
    report_budget: float = 10.0,
    cancel_grace: float = 30.0,
    stop_when_ended: bool = True,
    on_missing: Literal["refuse", "log"] = "refuse",
    strict_results: bool = False,
    on_running: Iterable[FlowHook] = (),
    on_completion: Iterable[FlowHook] = (),
    on_failure: Iterable[FlowHook] = (),
    on_cancellation: Iterable[FlowHook] = (),
    on_crashed: Iterable[FlowHook] = (),
) -> Hooks:
    """The hooks by which a flow reports what becomes of its project: `@flow(**lifecycle_hooks())`.

    Decorate the `def` itself: Prefect imports a served or deployed flow anew, by the name of its function.

    Args:
        project_id: The flow's parameter that has the project's id, or a path into one (`job.project_id`,
            `jobs.0.project_id`), as the body receives it; or a function of flow and flow run.
        external_id: The same for the upstream's id, where the flow does not know the project's.
        socket: The daemon's socket (None: $LIFECYCLE_SOCKET, $LIFECYCLED_SOCKET, or that of the package).
        spool: The folder for reports that cannot be delivered (None: $LIFECYCLE_SPOOL, or the user's own).
        attach: Hold the lease by a connection, so that the daemon knows at once when the process dies. Without it, the
            lease alone counts.
        beat: Seconds between heartbeats, and so until a cancellation arrives; a third of the lease if that is less.
        stall_timeout: Without a call of `progress()` for so many seconds no heartbeat is sent, until there is one. The
            daemon fails the project one lease later.
        start_budget: Seconds that the start of the flow may wait for the daemon.
        report_budget: Seconds that its end may; then the report is spooled. Prefect kills what takes more than 30.
        cancel_grace: Seconds that a flow has to end when it is told to. Then its project is reported as cancelled and,
            in a process that a runner or a worker made for it, the process is killed.
        stop_when_ended: Stop the flow, or do not even begin it, when its project has ended without it.
        on_missing: What becomes of a run that names no project: `refuse` it before its body, so that nobody waits for
            work that nobody pays for, or `log` it and run it untracked.
        strict_results: A flow that returns what has failed has failed: also futures and states within a dict or a
            tuple, which Prefect does not look at.
        on_running: Hooks of your own, to run after these; the same for the four others.
        on_completion: See on_running.
        on_failure: See on_running.
        on_cancellation: See on_running.
        on_crashed: See on_running.
    """
    settings = Settings(
        project_id=project_id,
        external_id=external_id,
        socket=socket,
        spool=spool,
        attach=attach,
        beat=beat,
        stall_timeout=stall_timeout,
        start_budget=start_budget,
        report_budget=report_budget,
        cancel_grace=cancel_grace,
        stop_when_ended=stop_when_ended,
        on_missing=on_missing,
        strict_results=strict_results,
    )

    def with_ours(name: str, run: Report, others: Iterable[FlowHook]) -> list[FlowHook]:
        return [Hook(settings, f"lifecycle_{name}", run), *others]

    return Hooks(
        on_running=with_ours("on_running", report_start, on_running),
        on_completion=with_ours("on_completion", report_end, on_completion),
        on_failure=with_ours("on_failure", report_end, on_failure),
        on_cancellation=with_ours("on_cancellation", report_end, on_cancellation),
        on_crashed=with_ours("on_crashed", report_end, on_crashed),
    )


@overload
def tracked_flow(function: Callable[P, R] | staticmethod[P, R] | classmethod[Any, P, R], /) -> Flow[P, R]: ...


@overload
def tracked_flow(**options: Any) -> Callable[[Callable[P, R]], Flow[P, R]]: ...


def tracked_flow(function: Any = None, /, **options: Any) -> Any:
    """`@flow` and `lifecycle_hooks` in one, with the options of both: `@tracked_flow(retries=2, beat=10)`.

    Raises TypeError at once when the flow has no parameter by the name that is to tell its project.
    """
    if function is None:
        return lambda decorated: _track(decorated, options)
    return _track(function, {})


def _track(function: Any, options: dict[str, Any]) -> Flow[..., Any]:
    # An upstream's id alone will do.
    project_id = options.get("project_id", None if options.get("external_id") else "project_id")
    # Prefect takes class methods and static methods as they come from their own decorators.
    plain: Callable[..., Any] = getattr(function, "__func__", function)
    for find in (project_id, options.get("external_id")):
        if isinstance(find, str) and (name := steps(find)[0]) not in inspect.signature(plain).parameters:
            raise TypeError(f"{plain.__name__}() has no parameter {name!r} to tell its project")
    ours = inspect.signature(lifecycle_hooks).parameters
    hooks = lifecycle_hooks(**{name: value for name, value in options.items() if name in ours})
    prefects = {name: value for name, value in options.items() if name not in ours}
    return TrackedFlow(function, **hooks, **prefects)


class TrackedFlow(Flow[P, R]):
    """A flow that also reports for a run that is made within another and never begins."""

    def serialize_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Be asked by Prefect's engine when it makes a run."""
        for hook in self.on_running_hooks:
            if isinstance(hook, Hook):
                expect_exit()
                expect(hook.settings, self, _engine.calling())
        return super().serialize_parameters(parameters)

    def with_options(self, **options: Any) -> Flow[P, R]:
        """See `Flow.with_options`."""
        made = super().with_options(**options)
        made.__class__ = type(self)
        return made
