"""The daemon's other methods. Made from `_credits_async.py` by `dev/unasync`.

All take `timeout`, the seconds that the call may take, repeats included (None: the client's), and can raise what
`lifecycle_rpc.errors` lists; the docstrings name what is special to a method.
"""

from __future__ import annotations

from typing import Any

from . import metrics, models
from ._calls import Calls


class Credits(Calls):
    """What a client can ask about credits, and about the daemon."""

    def get_balance(self, user_id: str, *, timeout: float | None = None) -> models.Balance:
        """A user's credits; zeros for a user never seen."""
        return self._call("getBalance", models.Balance, {"user_id": user_id}, timeout)

    def list_entries(
        self,
        user_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        timeout: float | None = None,
    ) -> models.EntryPage:
        """One page of a user's ledger, newest first, of 1 to 500 entries (None: 50)."""
        given: dict[str, object] = {"user_id": user_id, "limit": limit, "cursor": cursor}
        return self._call("listEntries", models.EntryPage, given, timeout)

    def grant_credits(
        self,
        user_id: str,
        credits: int,  # noqa: A002 (the daemon's word)
        reason: str,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> models.CreditsPosted:
        """Give a user 1 or more credits, for a reason that stays in the ledger. Role admin. Raises AmountOutOfRange."""
        given: dict[str, object] = {
            "user_id": user_id,
            "credits": credits,
            "reason": reason,
            "idempotency_key": idempotency_key,
        }
        return self._call("grantCredits", models.CreditsPosted, given, timeout)

    def adjust_credits(
        self,
        user_id: str,
        credits: int,  # noqa: A002 (the daemon's word)
        reason: str,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> models.CreditsPosted:
        """Correct a user's credits, up or (below zero) down. Role admin.

        Raises InsufficientCredits, AmountOutOfRange.
        """
        given: dict[str, object] = {
            "user_id": user_id,
            "credits": credits,
            "reason": reason,
            "idempotency_key": idempotency_key,
        }
        return self._call("adjustCredits", models.CreditsPosted, given, timeout)

    def audit(self, *, timeout: float | None = None) -> models.AuditReport:
        """Check every invariant of the ledger over all rows. Role admin."""
        return self._call("audit", models.AuditReport, {}, timeout)

    def backup(self, path: str, *, timeout: float | None = None) -> models.BackupMade:
        """Copy the whole ledger into a new file of the daemon's backup folder, and check it. Role admin.

        It takes longer the more there is, and is never repeated: give a long `timeout`. Raises BackupFailed.
        """
        return self._call("backup", models.BackupMade, {"path": path}, timeout)

    def get_metrics(self, *, timeout: float | None = None) -> metrics.Metrics:
        """The daemon's counters, gauges and latencies since it started."""
        return self._call("getMetrics", metrics.Metrics, {}, timeout)

    def discover(self, *, timeout: float | None = None) -> dict[str, Any]:
        """The daemon's OpenRPC document, with its limits, errors and version."""
        document: dict[str, Any] = self.call("rpc.discover", timeout=timeout)
        return document
