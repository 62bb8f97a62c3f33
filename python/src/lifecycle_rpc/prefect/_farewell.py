"""Work that is done when the process exits, and for which it waits only so long."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Farewell:
    """A thread that waits to be called. Being a daemon, it is left behind when its time is over."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._called = threading.Event()
        self._done = threading.Event()
        threading.Thread(target=self._run, name="lifecycle-exit", daemon=True).start()

    def call(self, timeout: float) -> bool:
        """Have the work done, and wait `timeout` seconds for it. Gives whether it was done by then."""
        self._done.clear()
        self._called.set()
        return self._done.wait(timeout)

    def _run(self) -> None:
        while self._called.wait():
            self._called.clear()
            self._work()
            self._done.set()
