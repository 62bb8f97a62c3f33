"""The exceptions that are not of one kind of the daemon's errors: see `errors`."""

from __future__ import annotations

from typing import Any, ClassVar


class LifecycleError(Exception):
    """Why a call gave no result."""

    maybe_done: bool = False
    """Whether the daemon may have done it all the same. Repeating it with the same idempotency key is safe."""
    idempotency_key: str | None = None
    """The key of a call that moves credits, also where the client made it: give it with the repeat, which is charged
    once then. None for all other calls."""


class Unreachable(LifecycleError):
    """No connection could be made, so nothing was done."""

    def __init__(self, message: str, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno


class DeadlineExceeded(LifecycleError):
    """The call's time was over before its answer came."""

    def __init__(self, message: str, *, maybe_done: bool = True) -> None:
        super().__init__(message)
        self.maybe_done = maybe_done


class ConnectionLost(LifecycleError):
    """The connection ended before the answer, and the request may not be sent twice."""

    maybe_done = True


class BadReply(LifecycleError):
    """What answers does not speak the daemon's protocol; nobody knows what it did."""

    maybe_done = True


class RPCError(LifecycleError):
    """The daemon said no. Also the class of kinds that this version does not know: go by `retryable` then."""

    kind: str = "unknown"
    code: int = 0
    retryable: bool = False
    hint: str = ""
    data: dict[str, Any]

    by_kind: ClassVar[dict[str, type[RPCError]]] = {}

    def __init__(self, error: dict[str, Any]) -> None:
        """Read an `error` object of the daemon."""
        data = error.get("data")
        self.data = data if isinstance(data, dict) else {}
        self.message = str(error.get("message", ""))
        self.code = int(error.get("code", self.code))
        self.kind = str(self.data.get("kind", self.kind))
        self.retryable = bool(self.data.get("retryable", self.retryable))
        self.hint = str(self.data.get("hint", ""))
        self.maybe_done = self.kind == "outcomeUnknown"
        super().__init__(f"{self.message} ({self.kind})")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        RPCError.by_kind[cls.kind] = cls

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the daemon's object: tasks hand exceptions from process to process."""
        return type(self), ({"code": self.code, "message": self.message, "data": self.data},), self.__dict__


def rpc_error(error: dict[str, Any]) -> RPCError:
    """The exception for an `error` object of the daemon."""
    data = error.get("data")
    kind = data.get("kind") if isinstance(data, dict) else None
    return RPCError.by_kind.get(str(kind), RPCError)(error)
