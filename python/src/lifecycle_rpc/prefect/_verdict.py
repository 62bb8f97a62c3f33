"""What becomes of a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .._decode import parameters
from ._message import error_code, error_message

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

    from ._identify import ProjectKey


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended: `code` and `message` only with `failed`."""

    status: Literal["completed", "failed"]
    code: str | None = None
    message: str | None = None

    def params(self, key: ProjectKey) -> dict[str, object]:
        """Of the `updateStatus` that reports it."""
        return parameters(
            {
                "project_id": key.project_id,
                "external_id": key.external_id,
                "status": self.status,
                "error_code": self.code,
                "error_message": self.message,
            }
        )


def verdict_of(state: State[Any]) -> Verdict:
    """What a final state of a run means for its project."""
    if state.is_completed():
        return Verdict("completed")
    return Verdict("failed", error_code(state), error_message(state))
