"""Where a run was begun to be tracked."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._tracker import Tracker


@dataclass(frozen=True, slots=True)
class Place:
    """Where the hook was called that began to track the run."""

    engine: Any = None
    """Prefect's, where it is known."""
    in_main_thread: bool = False
    within: Tracker | None = None
    """The tracked flow that calls this one, itself or by others between them."""

    @classmethod
    def here(cls, engine: Any = None, within: Tracker | None = None) -> Place:
        """The thread that asks."""
        return cls(engine, threading.current_thread() is threading.main_thread(), within)
