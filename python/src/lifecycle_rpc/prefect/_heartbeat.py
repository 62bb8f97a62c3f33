"""The thread that renews a flow's lease, and learns from the answers that the flow is to stop."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ..errors import InvalidParams, TerminalState
from ..spool import Spool
from . import _registry
from ._log import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..models import Beat, Project
    from ._tracker import Tracker

SHORTEST_PAUSE = 0.2
LONGEST_RETRY = 1.0


class Heartbeat:
    """Beats until its tracker has finished. Nothing that goes wrong ends it: the flow may do well all the same."""

    def __init__(self, tracker: Tracker, conclude: Callable[[Tracker], None] | None) -> None:
        self._tracker = tracker
        self._lease = tracker.lease
        self._settings = tracker.settings
        self._conclude = conclude
        # It waits no longer for an answer than for the next beat: the verdict may be waiting behind it.
        self._patience = max(1.0, min(self._settings.beat, self._settings.report_budget))
        self._complaint: str | None = None
        self._thread = threading.Thread(target=lambda: self._run(), name="lifecycle-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, budget: float | None = None) -> None:
        """Wait until it has ended, `budget` seconds at the most. Does nothing where this is its own thread."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(budget)

    @property
    def may_use_lease(self) -> bool:
        """Whether it may still be waiting for an answer, in another thread than this one."""
        return self._thread.is_alive() and self._thread is not threading.current_thread()

    def complain(self, words: str) -> None:
        """Log what is wrong, once."""
        if words != self._complaint and not self._tracker.finished.is_set():
            self._complaint = words
            log(self._tracker.flow_run, logging.WARNING, "%s", words)

    def _run(self) -> None:
        tracker, pause = self._tracker, 0.0
        while not tracker.finished.wait(pause):
            try:
                if tracker.is_over() and self._conclude is not None:
                    self._conclude(tracker)
                    return
                pause = self._beat()
            except TerminalState as error:
                tracker.stop(f"its project is {error.status} already", ended=True)
                pause = LONGEST_RETRY
            except Exception as error:
                # Whatever it is: without this thread, the project of a flow that does well would fail.
                self.complain(f"{type(error).__name__}: {error}")
                pause = min(self._settings.beat, LONGEST_RETRY)
            if tracker.stop_reason is not None:
                tracker.insist(tracker.stop_reason)

    def _beat(self) -> float:
        """Send a heartbeat, if it is due. Gives the seconds to the next one."""
        tracker, lease, settings = self._tracker, self._lease, self._settings
        if tracker.project_ended:
            return LONGEST_RETRY
        if not lease.is_started:
            lease.start(self._patience)
            if _registry.is_part(tracker):
                tracker.leave()
                return 0.0
        if settings.stall_timeout is not None and time.monotonic() - tracker.moved_at > settings.stall_timeout:
            self.complain(f"no progress for {settings.stall_timeout:g} seconds: no heartbeat until there is")
            # Reading does not renew the lease, but tells when it is over.
            project = lease.look(self._patience)
            if project.ended or project.cancel_requested:
                return self._heed(project)
            return min(settings.beat, LONGEST_RETRY)
        beat = self._renew()
        if self._complaint:
            self._complaint = None
            try:
                Spool(settings.spool).flush(lease.client, timeout=settings.report_budget)
            except OSError as error:
                log(tracker.flow_run, logging.WARNING, "spooled reports are left: %s", error)
        return self._heed(beat)

    def _renew(self) -> Beat:
        lease = self._lease
        try:
            return lease.renew(self._patience)
        except InvalidParams as error:
            if lease.progress is None and lease.message is None:
                raise
            # What the flow says of itself is not worth its lease.
            self.complain(f"{type(error).__name__}: {error}")
            lease.progress = lease.message = None
            return lease.renew(self._patience)

    def _heed(self, beat: Beat | Project) -> float:
        if beat.deadline is None:
            self._tracker.stop(f"its project is {beat.status} already", ended=True)
            return LONGEST_RETRY
        if beat.cancel_requested:
            self._tracker.stop("the app cancelled its project", ended=False)
            # The lease is held until the flow has ended or its time for that is over.
        left = (beat.deadline - datetime.now(timezone.utc)).total_seconds()
        return max(SHORTEST_PAUSE, min(self._settings.beat, left / 3))
