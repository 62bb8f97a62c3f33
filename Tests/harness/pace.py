"""How slow this machine is, as `dev/gate` measured it when it began: 1 is the one that the deadlines were chosen on."""

import os

SLOWNESS = max(1.0, float(os.environ.get("LIFECYCLE_SLOWNESS", "1")))


def patience(seconds):
    """How many seconds something may take here that takes at most `seconds` there."""
    return seconds * SLOWNESS
