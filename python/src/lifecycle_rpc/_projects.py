"""The daemon's methods about projects. Made from `_projects_async.py` by `dev/unasync`.

All take `timeout`, the seconds that the call may take, repeats included (None: the client's), and can raise what
`lifecycle_rpc.errors` lists; the docstrings name what is special to a method.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from . import models
from ._calls import Calls


class Projects(Calls):
    """What a client can ask about projects."""

    def create_project(
        self,
        user_id: str,
        credits: int,  # noqa: A002 (the daemon's word)
        *,
        idempotency_key: str | None = None,
        external_id: str | None = None,
        name: str | None = None,
        metadata: dict[str, Any] | None = None,
        start_timeout: int | None = None,
        lease: int | None = None,
        max_runtime: int | None = None,
        timeout: float | None = None,
    ) -> models.ProjectCreated:
        """Start a paid project: takes its credits from the user. Role app.

        Args:
            user_id: Whose credits pay, 1 to 128 bytes.
            credits: What it costs, 0 to the daemon's limit (1 000 000 unless changed).
            idempotency_key: Repeats with the same key charge once. One is made when None, which protects against a lost
                connection, but not against a restart of this process.
            external_id: The upstream's id, unique over all projects.
            name: For people, at most 255 bytes.
            metadata: Kept and given back, at most 16 KiB.
            start_timeout: Seconds until the first report must come (None: the daemon's default, 3600).
            lease: Seconds from one report to the next (None: the daemon's default, 600).
            max_runtime: Seconds from creation to the verdict (None: the daemon's default, 21600).
            timeout: Seconds for the call.

        Raises:
            InsufficientCredits, AmountOutOfRange, IdempotencyConflict: Nothing was charged.
        """
        given: dict[str, object] = {
            "user_id": user_id,
            "credits": credits,
            "idempotency_key": idempotency_key,
            "external_id": external_id,
            "name": name,
            "metadata": metadata,
            "start_timeout": start_timeout,
            "lease": lease,
            "max_runtime": max_runtime,
        }
        return self._call("createProject", models.ProjectCreated, given, timeout)

    def update_status(
        self,
        status: models.Report,
        project_id: str | None = None,
        *,
        external_id: str | None = None,
        error_message: str | None = None,
        error_code: str | None = None,
        timeout: float | None = None,
    ) -> models.ProjectChanged:
        """Report what became of a project; `failed` gives its credits back. The first verdict wins. Roles agent, app.

        Args:
            status: `processing`, `completed` or `failed`.
            project_id: The project. One of the two ids is needed; with both, `external_id` is recorded.
            external_id: The upstream's id.
            error_message: Why, for people; with `failed` only, cut after 8 KiB.
            error_code: Why, a stable word of 1 to 64 letters, digits, `_`, `.` or `-`; with `failed` only.
            timeout: Seconds for the call.

        Raises:
            TerminalState: Another verdict stands.
            ProjectNotFound, InvalidTransition, IdempotencyConflict: Nothing was changed.
        """
        given: dict[str, object] = {
            "status": status,
            "project_id": project_id,
            "external_id": external_id,
            "error_message": error_message,
            "error_code": error_code,
        }
        return self._call("updateStatus", models.ProjectChanged, given, timeout)

    def heartbeat(
        self,
        project_id: str | None = None,
        *,
        external_id: str | None = None,
        progress: float | None = None,
        message: str | None = None,
        attach: bool | None = None,
        pause: int | None = None,
        timeout: float | None = None,
    ) -> models.Beat:
        """Renew the lease of a project that is processing, and learn whether to stop. Role agent.

        Args:
            project_id: The project; or name it by `external_id`.
            external_id: The upstream's id.
            progress: How far it is, 0 to 1; None: as before.
            message: What it does, for people, at most 1024 bytes; None: as before.
            attach: Tie the lease to this client's connection: when it ends (as it does when this process dies), the
                project fails as `crashed` after the daemon's detach grace, 30 seconds unless changed. To be said with
                each heartbeat, as the client may have connected anew. False unties it.
            pause: Nobody will report for so many seconds, as the work is suspended: the project waits so long, and a
                lease longer, until the next heartbeat or report. Its lease is untied, so `attach=True` does not go
                with it.
            timeout: Seconds for the call.

        Raises:
            InvalidTransition: It is pending, and cannot be paused.
            AmountOutOfRange: Its pauses may not last so long altogether; `maximum` seconds are left.
            ProjectNotFound: Nothing was changed.
        """
        given: dict[str, object] = {
            "project_id": project_id,
            "external_id": external_id,
            "progress": progress,
            "message": message,
            "attach": attach,
            "pause": pause,
        }
        return self._call("heartbeat", models.Beat, given, timeout)

    def cancel_project(self, project_id: str, *, timeout: float | None = None) -> models.ProjectChanged:
        """Fail a pending or paused project at once; ask the pipeline of another to stop. Role app.

        Raises TerminalState when it is completed, ProjectNotFound.
        """
        return self._call("cancelProject", models.ProjectChanged, {"project_id": project_id}, timeout)

    def retry_project(
        self, project_id: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> models.ProjectCreated:
        """Do a failed project again, as a new one that is newly charged. Role app.

        Raises InvalidTransition when it has not failed, InsufficientCredits, AmountOutOfRange, ProjectNotFound.
        """
        given: dict[str, object] = {
            "project_id": project_id,
            "idempotency_key": idempotency_key,
        }
        return self._call("retryProject", models.ProjectCreated, given, timeout)

    def get_status(
        self, project_id: str | None = None, *, external_id: str | None = None, timeout: float | None = None
    ) -> models.Project:
        """One project, as it is now, by either id. Raises ProjectNotFound."""
        given: dict[str, object] = {"project_id": project_id, "external_id": external_id}
        return self._call("getStatus", models.ProjectFound, given, timeout).project

    def list_projects(
        self,
        *,
        user_id: str | None = None,
        status: models.Status | Collection[models.Status] | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        include_stats: bool | None = None,
        due_before: datetime | None = None,
        timeout: float | None = None,
    ) -> models.ProjectPage:
        """One page of projects, newest first.

        Args:
            user_id: Only this user's.
            status: Only in this status, or in one of these.
            created_after: Created at this time or later; with a time zone, as all times.
            created_before: Created before this time.
            limit: Projects of a page, 1 to 500 (None: 50).
            cursor: `next_cursor` of the page before.
            include_stats: Also the figures of all that match.
            due_before: Only unfinished ones whose deadline is before this time.
            timeout: Seconds for the call.
        """
        given: dict[str, object] = {
            "user_id": user_id,
            "status": status,
            "created_after": created_after,
            "created_before": created_before,
            "limit": limit,
            "cursor": cursor,
            "include_stats": include_stats,
            "due_before": due_before,
        }
        return self._call("listProjects", models.ProjectPage, given, timeout)

    def explain_project(
        self, project_id: str | None = None, *, external_id: str | None = None, timeout: float | None = None
    ) -> models.Explanation:
        """Where a project's credits are, and who did what when. Raises ProjectNotFound."""
        given: dict[str, object] = {"project_id": project_id, "external_id": external_id}
        return self._call("explainProject", models.Explanation, given, timeout)
