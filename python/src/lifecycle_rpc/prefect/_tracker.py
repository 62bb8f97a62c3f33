"""The lease of a flow run, held from its own process for as long as it runs.

A thread sends heartbeats on a connection of its own, which is attached: the kernel ends it when the process dies,
however it dies. From the answers it learns that the flow is to stop.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..client import Client
from ..errors import InvalidParams, TerminalState
from ..spool import Spool
from . import _engine, _registry
from ._body import Body
from ._deliver import Verdict, deliver, spool
from ._log import log
from ._message import cut
from ._stop import interrupt, kill_own_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect.client.schemas.objects import FlowRun

    from ..models import Beat, Project
    from ._identify import ProjectKey
    from ._settings import Settings

SHORTEST_PAUSE = 0.2
LONGEST_RETRY = 1.0
MESSAGE_BYTES = 1024
"""What the daemon takes with a heartbeat."""


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
        self.around: tuple[Tracker, ...] = (place.within, *place.within.around) if place.within is not None else ()
        """The tracked flows within which this one is called, from the nearest outwards."""
        self.stop_reason: str | None = None
        """Why the flow is to stop, in words, once it is."""
        self.project_ended = False
        """The project has its verdict already: nothing that the run says counts any more."""
        self.project_id: str | None = None
        """Which project it is, by the daemon's word: the key is only what somebody typed."""
        self.waits_for_outer = False
        """The run has ended, and nobody can say yet whether the project is that of a flow around it."""
        self.verdict: Verdict | None = None
        """The first one that the run came to, which stays."""
        budget = settings.report_budget
        self._client = Client(settings.socket, timeout=budget, connect_timeout=budget)
        # A heartbeat waits no longer for an answer than for the next one: the verdict may be waiting behind it.
        self._patience = max(1.0, min(settings.beat, budget))
        self._in_main_thread = place.in_main_thread
        self._conclude = conclude
        self._runs_here = _engine.runs_here(flow_run.id)
        self._reporting = threading.RLock()
        self.concluding = threading.Lock()
        """Held while it is looked what came of a run that has ended without a hook."""
        self._started = False
        self._finished = threading.Event()
        # Held from looking whether the flow has finished to having acted on it. A signal handler may find it held by
        # its own thread.
        self._deciding = threading.RLock()
        self._progress: float | None = None
        self._message: str | None = None
        self._moved_at = time.monotonic()
        self._signalled = False
        self._delivered = False
        self._kill_at = math.inf
        self._complaint: str | None = None
        self._thread = threading.Thread(target=self._run, name="lifecycle-heartbeat", daemon=True)

    def start(self) -> None:
        """Report `processing`, attach, and begin to beat. Raises TerminalState when the project has ended already.

        Takes `start_budget` seconds at the most: without a daemon the thread goes on trying while the flow runs.
        """
        end = time.monotonic() + self.settings.start_budget
        try:
            self._report_start(self.settings.start_budget)
            if _registry.is_part(self):
                self.leave()
                return
            if self.settings.attach:
                # Before the body runs: should the process die in it, it is not the whole lease that has to pass.
                self._heartbeat(end - time.monotonic())
        except TerminalState:
            self.project_ended = True
            self._client.close()
            raise
        except Exception as error:
            self._complain(f"{type(error).__name__}: {error}")
        self._thread.start()

    def leave(self) -> None:
        """A flow around this one reports for the project: say nothing from here on."""
        self._finished.set()
        _registry.leave_to_outer(self.flow_run.id)
        if not self._thread.is_alive():
            self._client.close()

    def identify(self, timeout: float) -> None:
        """Ask the daemon which project it is, if that is not known. Raises LifecycleError."""
        if self.project_id is None:
            key = self.key
            self.project_id = self._client.get_status(
                key.project_id, external_id=key.external_id, timeout=timeout
            ).project_id

    def moved(self, progress: float | None, message: str | None) -> None:
        """Note that the flow makes progress. The next heartbeat says how much, as far as the daemon takes it."""
        self._moved_at = time.monotonic()
        if progress is not None and not math.isnan(progress):
            self._progress = min(max(float(progress), 0.0), 1.0)
        if message is not None:
            self._message = cut(str(message), MESSAGE_BYTES)

    def is_over(self) -> bool:
        """Whether the run has ended in this process without a hook that says so, or is to go on in another one."""
        return bool(self._runs_here) and _engine.runs_here(self.flow_run.id) is False

    def release(self, budget: float) -> None:
        """Stop beating, and leave the project to whoever goes on with its run: the lease outlives this process."""
        self._finished.set()
        self._join(budget)
        if self.settings.attach and not self.project_ended:
            try:
                key = self.key
                self._client.heartbeat(key.project_id, external_id=key.external_id, attach=False, timeout=budget)
                log(self.flow_run, logging.INFO, "project %s is left to its lease: its run may go on elsewhere", key)
            except Exception as error:
                words = f"{type(error).__name__}: {error}"
                log(self.flow_run, logging.WARNING, "project %s could not be left to its lease: %s", self.key, words)
        _registry.remove(self.flow_run.id)
        if not self._thread.is_alive() or self._thread is threading.current_thread():
            self._client.close()

    def _join(self, budget: float) -> None:
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(budget)

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
                self._finished.set()
                if verdict.status == "failed" and self.stop_reason is not None:
                    verdict = Verdict("failed", "cancelled", self.stop_reason)
                verdict = self.verdict = self.verdict or verdict
            self._join(budget)
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
                deliver(self._client, self.settings, self.key, verdict, self.flow_run, max(0.0, end - time.monotonic()))
                self._delivered = True
        finally:
            self._reporting.release()
        # A thread that still waits for an answer holds the lease, which the daemon would take for lost.
        if not self._thread.is_alive() or self._thread is threading.current_thread():
            self._client.close()

    def _report_start(self, timeout: float) -> None:
        key = self.key
        changed = self._client.update_status("processing", key.project_id, external_id=key.external_id, timeout=timeout)
        self.project_id = changed.project.project_id
        self._started = True

    def _heartbeat(self, timeout: float) -> Beat:
        try:
            return self._client.heartbeat(
                self.key.project_id,
                external_id=self.key.external_id,
                progress=self._progress,
                message=self._message,
                attach=self.settings.attach or None,
                timeout=timeout,
            )
        except InvalidParams as error:
            if self._progress is None and self._message is None:
                raise
            # What the flow says of itself is not worth its lease.
            self._complain(f"{type(error).__name__}: {error}")
            self._progress = self._message = None
            return self._heartbeat(timeout)

    def _run(self) -> None:
        pause = 0.0
        while not self._finished.wait(pause):
            try:
                if self.is_over() and self._conclude is not None:
                    self._conclude(self)
                    return
                pause = self._beat()
            except TerminalState as error:
                self._stop(f"its project is {error.status} already", ended=True)
                pause = LONGEST_RETRY
            except Exception as error:
                # Whatever it is: without this thread, the project of a flow that does well would fail.
                self._complain(f"{type(error).__name__}: {error}")
                pause = min(self.settings.beat, LONGEST_RETRY)
            if self.stop_reason is not None:
                self._insist(self.stop_reason)

    def _beat(self) -> float:
        """Send a heartbeat, if it is due. Gives the seconds to the next one."""
        settings, key = self.settings, self.key
        if self.project_ended:
            return LONGEST_RETRY
        if not self._started:
            self._report_start(self._patience)
            if _registry.is_part(self):
                self.leave()
                return 0.0
        if settings.stall_timeout is not None and time.monotonic() - self._moved_at > settings.stall_timeout:
            self._complain(f"no progress for {settings.stall_timeout:g} seconds: no heartbeat until there is")
            # Reading does not renew the lease, but tells when it is over.
            project = self._client.get_status(key.project_id, external_id=key.external_id, timeout=self._patience)
            if project.ended or project.cancel_requested:
                return self._heed(project)
            return min(settings.beat, LONGEST_RETRY)
        beat = self._heartbeat(self._patience)
        if self._complaint:
            self._complaint = None
            try:
                Spool(settings.spool).flush(self._client, timeout=settings.report_budget)
            except OSError as error:
                log(self.flow_run, logging.WARNING, "spooled reports are left: %s", error)
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
        """From here on the flow is to end."""
        with self._deciding:
            self.project_ended = self.project_ended or ended
            heeded = self.settings.stop_when_ended or not ended
            if self.stop_reason is not None or self._finished.is_set() or not heeded:
                return
            self.stop_reason = reason
            self._kill_at = time.monotonic() + self.settings.cancel_grace
        log(self.flow_run, logging.WARNING, "asking the flow to stop: %s", reason)

    def _insist(self, reason: str) -> None:
        """Send the flow its signal, once one may be sent. When its time to end is over, give the credits back."""
        time_is_over = time.monotonic() >= self._kill_at
        with self._deciding:
            if self._finished.is_set():
                return
            self._signalled = self._signalled or interrupt(self, in_main_thread=self._in_main_thread)
            if time_is_over and self.verdict is None:
                heeded = "did not stop when told to" if self._signalled else "was asked to stop, and still runs"
                self.verdict = Verdict("failed", "cancelled", f"{reason}; the flow {heeded}")
        if not time_is_over or self.verdict is None:
            return
        if not self.project_ended:
            budget = self.settings.report_budget
            deliver(self._client, self.settings, self.key, self.verdict, self.flow_run, budget)
            self.project_ended = True
        with self._deciding:
            if not self._finished.is_set():
                kill_own_process(self)

    def _complain(self, words: str) -> None:
        if words != self._complaint and not self._finished.is_set():
            self._complaint = words
            log(self.flow_run, logging.WARNING, "%s", words)
