"""How slow this machine is, as `dev/gate` measured it when it began: 1 is the one that the deadlines were chosen on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

SLOWNESS = max(1.0, float(os.environ.get("LIFECYCLE_SLOWNESS", "1")))


def patience(seconds: float) -> float:
    """How many seconds something may take here that takes at most `seconds` there."""
    return seconds * SLOWNESS


def eventually(
    condition: Callable[[], object], what: str = "the condition", seconds: float = 30, pause: float = 0.01
) -> None:
    """Wait until the condition holds, and look every `pause` seconds."""
    end = time.monotonic() + patience(seconds)
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {patience(seconds):g} seconds")
        time.sleep(pause)
