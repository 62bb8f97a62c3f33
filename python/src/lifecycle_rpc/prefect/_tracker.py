"""The lease of a flow run, held from its own process for as long as it runs.

A thread sends heartbeats on a connection of its own, which is attached: the kernel ends it when the process dies,
however it dies. From the answers it learns that the flow is to stop.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING

from ..errors import TerminalState
from . import _engine, _registry
from ._body import Body
from ._deliver import deliver, spool
from ._heartbeat import Heartbeat
from ._lease import Lease
from ._log import log
from ._message import cut
from ._place import Place
from ._stop import interrupt, kill_own_process
from ._verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect.client.schemas.objects import FlowRun

    from ._identify import ProjectKey
    from ._settings import Settings

MESSAGE_BYTES = 1024
"""What the daemon takes with a heartbeat."""


class Tracker:
    """One flow run and its project, from the start of the run to its verdict."""

    def __init__(
        self,
        settings: Settings,
        key: ProjectKey,
        flow_run: FlowRun,
        place: Place | None = None,
        conclude: Callable[[Tracker], None] | None = None,
    ) -> None:
        place = place or Place.here()
        self.settings = settings
        self.key = key
        self.flow_run = flow_run
        self.engine = place.engine
        self.body = Body()
        self.lease = Lease(settings, key)
        self.around: tuple[Tracker, ...] = (place.within, *place.within.around) if place.within is not None else ()
        """The tracked flows within which this one is called, from the nearest outwards."""
        self.stop_reason: str | None = None
        """Why the flow is to stop, in words, once it is."""
        self.project_ended = False
        """The project has its verdict already: nothing that the run says counts any more."""
        self.waits_for_outer = False
        """The run has ended, and nobody can say yet whether the project is that of a flow around it."""
        self.verdict: Verdict | None = None
        """The first one that the run came to, which stays."""
        self.moved_at = time.monotonic()
        """When the flow last said that it makes progress."""
        self.finished = threading.Event()
        self.concluding = threading.Lock()
        """Held while it is looked what came of a run that has ended without a hook."""
        self._in_main_thread = place.in_main_thread
        self._runs_here = _engine.runs_here(flow_run.id)
        self._reporting = threading.RLock()
        # Held from looking whether the flow has finished to having acted on it. A signal handler may find it held by
        # its own thread.
        self._deciding = threading.RLock()
        self._signalled = False
        self._delivered = False
        self._kill_at = math.inf
        self._heartbeat = Heartbeat(self, conclude)

    @property
    def project_id(self) -> str | None:
        """Which project it is, by the daemon's word."""
        return self.lease.project_id

    def start(self) -> None:
        """Report `processing`, attach, and begin to beat. Raises TerminalState when the project has ended already.

        Takes `start_budget` seconds at the most: without a daemon the thread goes on trying while the flow runs.
        """
        end = time.monotonic() + self.settings.start_budget
        try:
            self.lease.start(self.settings.start_budget)
            if _registry.is_part(self):
                self.leave()
                return
            if self.settings.attach:
                # Before the body runs: should the process die in it, it is not the whole lease that has to pass.
                self.lease.renew(end - time.monotonic())
        except TerminalState:
            self.project_ended = True
            self.lease.client.close()
            raise
        except Exception as error:
            self._heartbeat.complain(f"{type(error).__name__}: {error}")
        self._heartbeat.start()

    def leave(self) -> None:
        """A flow around this one reports for the project: say nothing from here on."""
        self.finished.set()
        _registry.leave_to_outer(self.flow_run.id)
        self._close()

    def identify(self, timeout: float) -> None:
        """Ask the daemon which project it is, if that is not known. Raises LifecycleError."""
        if self.project_id is None:
            self.lease.look(timeout)

    def moved(self, progress: float | None, message: str | None) -> None:
        """Note that the flow makes progress. The next heartbeat says how much, as far as the daemon takes it."""
        self.moved_at = time.monotonic()
        if progress is not None and not math.isnan(progress):
            self.lease.progress = min(max(float(progress), 0.0), 1.0)
        if message is not None:
            self.lease.message = cut(str(message), MESSAGE_BYTES)

    def is_over(self) -> bool:
        """Whether the run has ended in this process without a hook that says so, or is to go on in another one."""
        left = bool(self._runs_here) and _engine.runs_here(self.flow_run.id) is False
        return left and not _engine.is_at_work(self.engine)

    def release(self, budget: float, pause: int | None = None) -> None:
        """Stop beating, and leave the project to whoever goes on with its run: it outlives this process.

        Its lease runs, after the seconds of a pause, if any. A project that the app has cancelled fails instead.
        """
        self.finished.set()
        self._heartbeat.join(budget)
        try:
            if not self.project_ended and (pause is None or not self._pause(pause, budget)):
                self.lease.untie(budget)
                log(
                    self.flow_run,
                    logging.INFO,
                    "project %s is left to its lease: its run may go on elsewhere",
                    self.key,
                )
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            log(self.flow_run, logging.WARNING, "project %s could not be left to its lease: %s", self.key, words)
        _registry.remove(self.flow_run.id)
        self._close()

    def _pause(self, seconds: int, budget: float) -> bool:
        """Gives whether nothing more is to be said."""
        try:
            beat = self.lease.pause(seconds, budget)
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            log(self.flow_run, logging.WARNING, "project %s could not be paused: %s", self.key, words)
            return False
        if beat.cancel_requested:
            verdict = Verdict("failed", "cancelled", "the app cancelled its project, and its run is suspended")
            deliver(self.lease.client, self.settings, self.key, verdict, self.flow_run, budget)
        elif beat.paused_until is not None:
            words = "project %s waits until %s at most, as its run is suspended"
            log(self.flow_run, logging.INFO, words, self.key, beat.paused_until)
        return True

    def finish(self, verdict: Verdict, budget: float | None = None) -> None:
        """Stop beating and report, on the same connection, which must not end before.

        Takes `budget` seconds at the most, `report_budget` unless given. Raises only what interrupts it, as SIGTERM
        does in a flow's process: Prefect may not come back to this then, so the verdict is spooled, and stays even if
        it does.
        """
        budget = self.settings.report_budget if budget is None else budget
        end = time.monotonic() + budget
        try:
            with self._deciding:
                self.finished.set()
                if verdict.status == "failed" and self.stop_reason is not None:
                    verdict = Verdict("failed", "cancelled", self.stop_reason)
                verdict = self.verdict = self.verdict or verdict
            self._heartbeat.join(budget)
        except BaseException as error:
            self.verdict = self.verdict or verdict
            if not self.project_ended:
                spool(self.settings, self.key, self.verdict, self.flow_run, error)
            raise
        # A hook may be at it in a thread of its own when the process exits.
        if not self._reporting.acquire(timeout=budget):
            return
        try:
            if not self.project_ended and not self._delivered:
                self._deliver(verdict, max(0.0, end - time.monotonic()))
                self._delivered = True
        finally:
            self._reporting.release()
        self._close()

    def _deliver(self, verdict: Verdict, budget: float) -> None:
        deliver(self.lease.client, self.settings, self.key, verdict, self.flow_run, budget)

    def _close(self) -> None:
        # A thread that still waits for an answer holds the lease, which the daemon would take for lost.
        if not self._heartbeat.may_use_lease:
            self.lease.client.close()

    def stop(self, reason: str, *, ended: bool) -> None:
        """From here on the flow is to end."""
        with self._deciding:
            self.project_ended = self.project_ended or ended
            heeded = self.settings.stop_when_ended or not ended
            if self.stop_reason is not None or self.finished.is_set() or not heeded:
                return
            self.stop_reason = reason
            self._kill_at = time.monotonic() + self.settings.cancel_grace
        log(self.flow_run, logging.WARNING, "asking the flow to stop: %s", reason)

    def insist(self, reason: str) -> None:
        """Send the flow its signal, once one may be sent. When its time to end is over, give the credits back."""
        time_is_over = time.monotonic() >= self._kill_at
        with self._deciding:
            if self.finished.is_set():
                return
            self._signalled = self._signalled or interrupt(self, in_main_thread=self._in_main_thread)
            if time_is_over and self.verdict is None:
                heeded = "did not stop when told to" if self._signalled else "was asked to stop, and still runs"
                self.verdict = Verdict("failed", "cancelled", f"{reason}; the flow {heeded}")
        if not time_is_over or self.verdict is None:
            return
        if not self.project_ended:
            self._deliver(self.verdict, self.settings.report_budget)
            self.project_ended = True
        with self._deciding:
            if not self.finished.is_set():
                kill_own_process(self)
