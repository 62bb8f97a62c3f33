"""Client of lifecycled, the daemon that keeps projects and their credits.

    from lifecycle_rpc import Client

    with Client() as client:
        client.update_status("failed", project_id, error_message="GPU out of memory")

`lifecycle_rpc.prefect` reports for Prefect flows. Only the standard library is needed for everything else.
"""

from .aio import AsyncClient
from .client import Client
from .errors import (
    AmountOutOfRange,
    BackupFailed,
    BadReply,
    BatchTooLarge,
    Busy,
    ConnectionLost,
    DeadlineExceeded,
    IdempotencyConflict,
    InsufficientCredits,
    InternalError,
    InvalidParams,
    InvalidRequest,
    InvalidTransition,
    LifecycleError,
    MethodNotFound,
    OutcomeUnknown,
    ParseError,
    PermissionDenied,
    ProjectNotFound,
    ReplyTooLarge,
    RequestTooLarge,
    RPCError,
    StorageFull,
    StorageUnavailable,
    TerminalState,
    Unreachable,
)
from .models import Balance, Beat, Entry, Event, Project, Report, Status
from .spool import Spool
from .watch import Watch

__all__ = [
    "AmountOutOfRange",
    "AsyncClient",
    "BackupFailed",
    "BadReply",
    "Balance",
    "BatchTooLarge",
    "Beat",
    "Busy",
    "Client",
    "ConnectionLost",
    "DeadlineExceeded",
    "Entry",
    "Event",
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
    "Project",
    "ProjectNotFound",
    "RPCError",
    "ReplyTooLarge",
    "Report",
    "RequestTooLarge",
    "Spool",
    "Status",
    "StorageFull",
    "StorageUnavailable",
    "TerminalState",
    "Unreachable",
    "Watch",
]
