"""Flows that report what becomes of their projects.

    from lifecycle_rpc.prefect import tracked_flow

    @tracked_flow(retries=2)
    def render(project_id: str) -> None: ...

See docs/prefect.md. Needs the extra: `pip install './python[prefect]'` in a clone, and Python 3.11 for it.
"""

from ._decorator import lifecycle_hooks, tracked_flow
from ._guard import FailedResult
from ._progress import FlowStopped, in_this_flow, progress, stop_requested
from ._refusal import FlowRefused

__all__ = [
    "FailedResult",
    "FlowRefused",
    "FlowStopped",
    "in_this_flow",
    "lifecycle_hooks",
    "progress",
    "stop_requested",
    "tracked_flow",
]
