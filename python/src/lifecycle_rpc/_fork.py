"""What a forked child must not share with its parent.

Two processes that write on one connection get each other's answers. Worse, a child that keeps a descriptor of an
attached connection open hides its parent's death from the daemon. So the child closes what it inherited, at once.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """Something that owns a socket."""

    def after_fork(self) -> None:
        """Forget what is the parent's. Runs in the child, alone, before anything else does."""


_open: weakref.WeakSet[Forkable] = weakref.WeakSet()


def register(owner: Forkable) -> None:
    """Have `owner.after_fork` called in every child. Keeps no reference."""
    _open.add(owner)


def _after_fork() -> None:
    for owner in list(_open):
        owner.after_fork()


os.register_at_fork(after_in_child=_after_fork)
