"""What a forked child must not share with its parent.

Two processes that write on one connection get each other's answers. Worse, a child that keeps a descriptor of an
attached connection open hides its parent's death from the daemon. So the child closes what it inherited, at once.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol


class Forkable(Protocol):
    """Something that owns a socket, or a lock that another thread may hold."""

    def after_fork(self) -> None:
        """Forget what is the parent's. Runs in the child, alone, before anything else does."""


opening = threading.RLock()
"""Held from a socket's making until its owner is registered. A fork waits for it, or the child could not know of it."""


def opened() -> None:
    """Let go of `opening`, if this thread has it: an exception from a signal handler may come just before or after."""
    while opening._is_owned():  # type: ignore[attr-defined]
        opening.release()


_open: weakref.WeakSet[Forkable] = weakref.WeakSet()


def register(owner: Forkable) -> None:
    """Have `owner.after_fork` called in every child. Keeps no reference."""
    _open.add(owner)


def _after_fork() -> None:
    opening.release()
    for owner in list(_open):
        owner.after_fork()


os.register_at_fork(before=opening.acquire, after_in_parent=opening.release, after_in_child=_after_fork)
