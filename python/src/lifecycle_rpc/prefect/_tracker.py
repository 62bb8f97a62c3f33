"""The lease of a flow run, held from its own process for as long as it runs.

A thread sends heartbeats on a connection of its own, which is attached: the kernel ends it when the process dies,
however it dies. From the answers it learns that the flow is to stop.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ..client import Client
from ..errors import LifecycleError, TerminalState
from ..spool import Spool
from ._deliver import Verdict, deliver
from ._log import log
from ._stop import kill_own_process, terminate_flow

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

    from ..models import Beat, Project
    from ._identify import ProjectKey
    from ._settings import Settings

SHORTEST_PAUSE = 0.2
LONGEST_RETRY = 1.0


class Tracker:
    """One flow run and its project, from the start of the run to its verdict."""

    def __init__(self, settings: Settings, key: ProjectKey, flow_run: FlowRun) -> None:
        self.settings = settings
        self.key = key
        self.flow_run = flow_run
        self.stop_reason: str | None = None
        """Why the flow is to stop, in words, once it is."""
        self.project_ended = False
        """The project has its verdict already: nothing that the run says counts any more."""
        budget = settings.report_budget
        self._client = Client(settings.socket, timeout=budget, connect_timeout=budget)
        # A heartbeat waits no longer for an answer than for the next one: the verdict may be waiting behind it.
        self._patience = max(1.0, min(settings.beat, budget))
        self._in_main_thread = threading.current_thread() is threading.main_thread()
        self._started = False
        self._finished = threading.Event()
        self._progress: float | None = None
        self._message: str | None = None
        self._moved_at = time.monotonic()
        self._kill_at: float | None = None
        self._complaint: str | None = None
        self._thread = threading.Thread(target=self._run, name="lifecycle-heartbeat", daemon=True)

    def start(self) -> None:
        """Report `processing` and begin to beat. Raises TerminalState when the project has ended already.

        Takes `start_budget` seconds at the most: without a daemon the thread goes on trying while the flow runs.
        """
        try:
            self._report_start(self.settings.start_budget)
        except TerminalState:
            self._client.close()
            raise
        except LifecycleError as error:
            self._complain(f"{type(error).__name__}: {error}")
        self._thread.start()

    def moved(self, progress: float | None, message: str | None) -> None:
        """Note that the flow makes progress. The next heartbeat says how much."""
        self._moved_at = time.monotonic()
        self._progress = self._progress if progress is None else progress
        self._message = self._message if message is None else message

    def finish(self, verdict: Verdict) -> None:
        """Stop beating and report, on the same connection, which must not end before. Never raises."""
        self._finished.set()
        if self._thread.is_alive():
            self._thread.join(self.settings.report_budget)
        if not self.project_ended:
            deliver(self._client, self.settings, self.key, verdict, self.flow_run)
        self._client.close()

    def _report_start(self, timeout: float) -> None:
        key = self.key
        self._client.update_status(key.project_id, external_id=key.external_id, status="processing", timeout=timeout)
        self._started = True

    def _run(self) -> None:
        pause = 0.0
        while not self._finished.wait(pause):
            try:
                pause = self._beat()
            except TerminalState as error:
                self._stop(f"its project is {error.status} already", ended=True)
                pause = LONGEST_RETRY
            except LifecycleError as error:
                self._complain(f"{type(error).__name__}: {error}")
                pause = min(self.settings.beat, LONGEST_RETRY)
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                self._give_up()
                return

    def _beat(self) -> float:
        """Send a heartbeat, if it is due. Gives the seconds to the next one."""
        settings, key = self.settings, self.key
        if not self._started:
            self._report_start(self._patience)
        if settings.stall_timeout is not None and time.monotonic() - self._moved_at > settings.stall_timeout:
            self._complain(f"no progress for {settings.stall_timeout:g} seconds: no heartbeat until there is")
            # Reading does not renew the lease, but tells when it is over.
            project = self._client.get_status(key.project_id, external_id=key.external_id, timeout=self._patience)
            if project.ended or project.cancel_requested:
                return self._heed(project)
            return min(settings.beat, LONGEST_RETRY)
        beat = self._client.heartbeat(
            key.project_id,
            external_id=key.external_id,
            progress=self._progress,
            message=self._message,
            attach=settings.attach or None,
            timeout=self._patience,
        )
        if self._complaint:
            self._complaint = None
            Spool(settings.spool).flush(self._client, timeout=settings.report_budget)
        return self._heed(beat)

    def _heed(self, beat: Beat | Project) -> float:
        if beat.deadline is None:
            self._stop(f"its project is {beat.status} already", ended=True)
            return LONGEST_RETRY
        if beat.cancel_requested:
            self._stop("the app cancelled its project", ended=False)
            # The lease is held until the flow has ended or its time for that is over.
        lease = (beat.deadline - datetime.now(timezone.utc)).total_seconds()
        return max(SHORTEST_PAUSE, min(self.settings.beat, lease / 3))

    def _stop(self, reason: str, *, ended: bool) -> None:
        self.project_ended = self.project_ended or ended
        if self.stop_reason is not None or self._finished.is_set() or (ended and not self.settings.stop_when_ended):
            return
        self.stop_reason = reason
        self._kill_at = time.monotonic() + self.settings.cancel_grace
        terminate_flow(in_main_thread=self._in_main_thread)
        log(self.flow_run, logging.WARNING, "stopping the flow: %s", reason)

    def _give_up(self) -> None:
        """The flow does not stop. Its user gets the credits back now."""
        if not self.project_ended:
            verdict = Verdict("failed", "cancelled", f"{self.stop_reason}; the flow did not stop when told to")
            deliver(self._client, self.settings, self.key, verdict, self.flow_run)
            self.project_ended = True
        kill_own_process()

    def _complain(self, words: str) -> None:
        if words != self._complaint and not self._finished.is_set():
            self._complaint = words
            log(self.flow_run, logging.WARNING, "%s", words)
