"""When a call is made again: one rule for both clients.

Again when nothing was done, or when doing it twice is the same as once. That is so for every method but `backup`:
reports, heartbeats and cancellations change nothing the second time, and what moves credits carries a key: the
caller's, or one that is made for the call.
"""

from __future__ import annotations

import errno
import random
import time
import uuid
from typing import Any

from .errors import ConnectionLost, DeadlineExceeded, LifecycleError, RPCError, Unreachable

NOT_REPEATABLE = frozenset({"backup"})
KEYED = frozenset({"createProject", "retryProject", "grantCredits", "adjustCredits"})


def with_key(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters, with an idempotency key where the method takes one and none is given: repeats charge once."""
    if method in KEYED and params.get("idempotencyKey") is None:
        return {**params, "idempotencyKey": str(uuid.uuid4())}
    return params


def attaches(method: str, params: dict[str, Any]) -> bool:
    """Whether the call ties a lease to the connection that it goes on, or unties it, which only that connection can."""
    return method == "heartbeat" and (params.get("attach") is not None or params.get("pause") is not None)


TEMPORARY = frozenset(
    {
        errno.ENOENT,  # the daemon has not made its socket yet
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EAGAIN,  # its queue is full
        errno.EINTR,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
    }
)
"""Why there is no connection now, and may be one later. Everything else stays as it is until somebody changes it."""


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures (1 or more): 10 ms at first, 0.5 s at most, part of it chance."""
    longest = min(0.01 * 2 ** min(failures - 1, 6), 0.5)
    return random.uniform(longest / 2, longest)


class Retry:
    """The tries of one call: how much time is left, and what is known of its effect."""

    def __init__(self, method: str, params: dict[str, Any], timeout: float, connect_timeout: float) -> None:
        """Start the call's time. Both timeouts are in seconds."""
        self._key = params.get("idempotencyKey") if method in KEYED else None
        now = time.monotonic()
        self.deadline = now + timeout
        self._connect_deadline = min(self.deadline, now + connect_timeout)
        self._repeatable = method not in NOT_REPEATABLE
        self._failures = 0
        self._last: LifecycleError | None = None
        self.maybe_done = False

    @property
    def remaining(self) -> float:
        """Seconds that are left, 0 or more."""
        return max(0.0, self.deadline - time.monotonic())

    def connected(self) -> None:
        """A connection was made: should it be lost, the wait for another begins anew."""
        self._connect_deadline = self.deadline

    def delay_after(self, error: LifecycleError) -> float:
        """Seconds to wait before the next try. Raises what the call ends with when there is none."""
        again = isinstance(error, Unreachable) and error.errno in TEMPORARY
        again = again or (isinstance(error, RPCError) and error.retryable)
        again = again or (isinstance(error, ConnectionLost) and (self._repeatable or not error.maybe_done))
        self._failures += 1
        delay = backoff(self._failures)
        end = self._connect_deadline if isinstance(error, Unreachable) else self.deadline
        error = self.end_with(error)
        if not again or time.monotonic() + delay >= end:
            raise error
        return delay

    def end_with(self, error: LifecycleError) -> LifecycleError:
        """What the call ends with when `error` is the last that happens: it, or what says more."""
        if isinstance(error, RPCError) and error.code > 1000 and not error.retryable:
            # A verdict of the ledger, which looks the key up first: it tells what became of earlier tries, too.
            self.maybe_done = False
        elif isinstance(error, DeadlineExceeded) and not error.maybe_done and self._last is not None:
            # The time was over before the next try began: why the one before it failed is what there is to say.
            error = self._last
        self.maybe_done = self.maybe_done or error.maybe_done
        error.maybe_done = self.maybe_done
        error.idempotency_key = self._key
        self._last = error
        return error
