"""What a call can raise. `LifecycleError` is the base of all of it.

LifecycleError
  Unreachable            no connection could be made: nothing was done
  DeadlineExceeded       the call's time was over; `maybe_done` says whether it may have taken effect
  ConnectionLost         the connection ended before the answer, and repeating was not safe
  BadReply               what answers does not speak this protocol
  RPCError               the daemon said no: a class for each of its kinds
"""

from __future__ import annotations

from datetime import datetime

from ._errors import BadReply, ConnectionLost, DeadlineExceeded, LifecycleError, RPCError, Unreachable, rpc_error

__all__ = [
    "AmountOutOfRange",
    "BackupFailed",
    "BadReply",
    "BatchTooLarge",
    "Busy",
    "ConnectionLost",
    "DeadlineExceeded",
    "IdempotencyConflict",
    "InsufficientCredits",
    "InternalError",
    "InvalidParams",
    "InvalidRequest",
    "InvalidTransition",
    "LifecycleError",
    "MethodNotFound",
    "OutcomeUnknown",
    "ParseError",
    "PermissionDenied",
    "ProjectNotFound",
    "RPCError",
    "ReplyTooLarge",
    "RequestTooLarge",
    "StorageFull",
    "StorageUnavailable",
    "TerminalState",
    "Unreachable",
    "rpc_error",
]


class ParseError(RPCError):
    """The line was not one strict JSON text: a bug of this client."""

    kind, code = "parseError", -32700


class InvalidRequest(RPCError):
    """The JSON was not a JSON-RPC 2.0 request: a bug of this client."""

    kind, code = "invalidRequest", -32600


class MethodNotFound(RPCError):
    """The daemon does not have this method: it is older than the client."""

    kind, code = "methodNotFound", -32601


class InvalidParams(RPCError):
    """A parameter is missing, unknown or malformed: `param`, and `reason`."""

    kind, code = "invalidParams", -32602

    @property
    def param(self) -> str:
        """Which one."""
        return str(self.data.get("param", ""))

    @property
    def reason(self) -> str:
        """What is wrong with it."""
        return str(self.data.get("reason", ""))


class InternalError(RPCError):
    """The daemon has a bug; nothing was changed."""

    kind, code = "internalError", -32603


class PermissionDenied(RPCError):
    """The caller's groups do not allow the method."""

    kind, code = "permissionDenied", -32001


class RequestTooLarge(RPCError):
    """The request's line is too long."""

    kind, code = "requestTooLarge", -32007


class ReplyTooLarge(RPCError):
    """The answer would be too long; ask for less. A write was done all the same."""

    kind, code = "replyTooLarge", -32008


class Busy(RPCError):
    """Too many callers or requests, or the daemon is stopping; nothing was done."""

    kind, code, retryable = "busy", -32009, True


class BatchTooLarge(RPCError):
    """The batch has too many requests; none was done."""

    kind, code = "batchTooLarge", -32010


class ProjectNotFound(RPCError):
    """No project has this id."""

    kind, code = "projectNotFound", 1001


class InsufficientCredits(RPCError):
    """The user has too few credits; nothing was changed, and the same key works after a top-up."""

    kind, code = "insufficientCredits", 1002

    @property
    def available(self) -> int:
        """What the user has, in credits."""
        return int(self.data.get("available", 0))

    @property
    def required(self) -> int:
        """What it costs, in credits."""
        return int(self.data.get("required", 0))


class InvalidTransition(RPCError):
    """No project can be moved to that status."""

    kind, code = "invalidTransition", 1003


class TerminalState(RPCError):
    """The project has ended with another verdict, which stands: stop reporting."""

    kind, code = "terminalState", 1004

    @property
    def status(self) -> str:
        """The verdict that stands: `completed` or `failed`."""
        return str(self.data.get("status", ""))

    @property
    def finished_at(self) -> datetime | None:
        """When it came."""
        text = self.data.get("finishedAt")
        return datetime.fromisoformat(text.replace("Z", "+00:00")) if isinstance(text, str) else None

    @property
    def credits_refunded(self) -> int:
        """What was given back then, in credits."""
        return int(self.data.get("creditsRefunded", 0))


class IdempotencyConflict(RPCError):
    """The key or the external id was used for something else; `differs` names what."""

    kind, code = "idempotencyConflict", 1005

    @property
    def differs(self) -> list[str]:
        """The parameters that differ from those of the first use."""
        return [str(name) for name in self.data.get("differs", [])]


class AmountOutOfRange(RPCError):
    """An amount is outside of its range: `param`, and what is allowed."""

    kind, code = "amountOutOfRange", 1006

    @property
    def param(self) -> str:
        """Which one."""
        return str(self.data.get("param", ""))

    @property
    def minimum(self) -> int:
        """The least that is allowed."""
        return int(self.data.get("minimum", 0))

    @property
    def maximum(self) -> int:
        """The most that is allowed; of a pause, what is left."""
        return int(self.data.get("maximum", 0))


class StorageFull(RPCError):
    """The disk is full; nothing was changed."""

    kind, code, retryable = "storageFull", 1007, True


class StorageUnavailable(RPCError):
    """The database cannot be used now; nothing was changed."""

    kind, code, retryable = "storageUnavailable", 1008, True


class BackupFailed(RPCError):
    """No backup was made, and nothing is left of it; `data["reason"]` says why."""

    kind, code = "backupFailed", 1009


class OutcomeUnknown(RPCError):
    """The write may or may not be on disk; repeat it with the same key."""

    kind, code, retryable, maybe_done = "outcomeUnknown", 1010, True, True
