"""One project at the daemon: what a flow's process says of it, on a connection of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..client import Client
from ..errors import AmountOutOfRange

if TYPE_CHECKING:
    from ..models import Beat, Project
    from ._identify import ProjectKey
    from ._settings import Settings


class Lease:
    """The lease of a project that is processing. All of this raises LifecycleError; times are in seconds."""

    def __init__(self, settings: Settings, key: ProjectKey) -> None:
        self.key = key
        self.project_id: str | None = None
        """Which project it is, by the daemon's word: the key is only what somebody typed."""
        self.is_started = False
        """`processing` was reported."""
        self.progress: float | None = None
        self.message: str | None = None
        self.client = Client(settings.socket, timeout=settings.report_budget, connect_timeout=settings.report_budget)
        self._attach = settings.attach or None

    def start(self, timeout: float) -> None:
        """Report `processing`. Raises TerminalState when the project has ended."""
        key = self.key
        changed = self.client.update_status("processing", key.project_id, external_id=key.external_id, timeout=timeout)
        self.project_id = changed.project.project_id
        self.is_started = True

    def renew(self, timeout: float) -> Beat:
        """Send a heartbeat, and hold the lease by the connection if that is wanted."""
        key = self.key
        return self.client.heartbeat(
            key.project_id,
            external_id=key.external_id,
            progress=self.progress,
            message=self.message,
            attach=self._attach,
            timeout=timeout,
        )

    def look(self, timeout: float) -> Project:
        """The project as it is. Does not renew anything."""
        found = self.client.get_status(self.key.project_id, external_id=self.key.external_id, timeout=timeout)
        self.project_id = found.project_id
        return found

    def untie(self, timeout: float) -> None:
        """Let it outlive this connection, and so this process."""
        if self._attach:
            self.client.heartbeat(self.key.project_id, external_id=self.key.external_id, attach=False, timeout=timeout)

    def pause(self, seconds: int, timeout: float) -> Beat:
        """Say that nobody will report for so long. See `pause`."""
        if not self.is_started:
            self.start(timeout)
        return pause(self.client, self.key, seconds, timeout)


def pause(client: Client, key: ProjectKey, seconds: int, timeout: float) -> Beat:
    """Pause a project for so many seconds, or for as many as the daemon allows. A heartbeat ends it."""
    while True:
        try:
            return client.heartbeat(key.project_id, external_id=key.external_id, pause=seconds, timeout=timeout)
        except AmountOutOfRange as error:
            if not 0 < error.maximum < seconds:
                raise
            seconds = error.maximum
