"""One blocking connection. Not thread-safe: its owner sees to that."""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from typing import Any

from . import _fork
from ._wire import LineBuffer, decode_line, request_line, result_of
from .errors import ConnectionLost, DeadlineExceeded, Unreachable


def unreachable(path: str, error: OSError) -> Unreachable:
    """What to say when connect(2) fails."""
    hints = {
        errno.ENOENT: "is lifecycled.socket started, and the path right?",
        errno.ECONNREFUSED: "nothing listens there: is lifecycled running?",
        errno.EACCES: "is this user in the socket's group (lifecycle), and logged in anew since?",
    }
    hint = hints.get(error.errno or 0, "")
    reason = os.strerror(error.errno) if error.errno else str(error)
    return Unreachable(f"Cannot connect to {path}: {reason}" + (f"; {hint}" if hint else ""), error.errno)


class Connection:
    """A connection to the daemon, for one request at a time."""

    def __init__(self, path: str, deadline: float, max_reply_bytes: int) -> None:
        """Connect. Raises Unreachable, and DeadlineExceeded at `deadline` (of time.monotonic)."""
        self._lines = LineBuffer(max_reply_bytes)
        self._last_id = 0
        with _fork.opening:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            _fork.register(self)
        try:
            self._wait_until(deadline, maybe_done=False)
            self._socket.connect(path)
        except TimeoutError:
            self.close()
            raise DeadlineExceeded("No connection in time", maybe_done=False) from None
        except OSError as error:
            self.close()
            raise unreachable(path, error) from error
        except BaseException:
            self.close()
            raise

    def is_stale(self) -> bool:
        """Whether the daemon has closed it, or said what nobody asked for, since the last answer."""
        poll = select.poll()  # and not select(2), which cannot take descriptors above 1023
        poll.register(self._socket, select.POLLIN)
        return not self._lines.is_empty or bool(poll.poll(0))

    def exchange(self, call: bytes, deadline: float) -> Any:
        """Send what `encode_call` made and give its result.

        After any exception but RPCError the connection is of no more use.

        Raises RPCError, ConnectionLost, BadReply, and DeadlineExceeded at `deadline` (of time.monotonic).
        """
        self._last_id += 1
        self._send(request_line(self._last_id, call), deadline)
        return result_of(decode_line(self.read_line(deadline)), self._last_id)

    def _send(self, line: bytes, deadline: float) -> None:
        rest = memoryview(line)
        while rest:
            # Half a request is no JSON: until its last brace is out, nothing was done. The line's end does not count.
            maybe_done = len(rest) <= 1
            self._wait_until(deadline, maybe_done=maybe_done)
            try:
                rest = rest[self._socket.send(rest) :]
            except TimeoutError:
                raise DeadlineExceeded("The request was not taken in time", maybe_done=maybe_done) from None
            except OSError as error:
                # The daemon says why it closes a connection that it has no room for.
                if (farewell := self._farewell()) is not None:
                    result_of(decode_line(farewell), self._last_id)
                lost = ConnectionLost(f"The connection was lost: {error}")
                lost.maybe_done = maybe_done
                raise lost from error

    def _farewell(self) -> bytes | None:
        try:
            self._socket.settimeout(0)
            self._lines.feed(self._socket.recv(65536))
        except OSError:
            return None
        return self._lines.next_line()

    def read_line(self, deadline: float | None) -> bytes:
        """The next line. Raises ConnectionLost at its end; waits for ever without a deadline."""
        while (line := self._lines.next_line()) is None:
            self._wait_until(deadline, maybe_done=True)
            try:
                data = self._socket.recv(262144)
            except TimeoutError:
                raise DeadlineExceeded("No answer in time", maybe_done=True) from None
            except OSError as error:
                raise ConnectionLost(f"The connection was lost: {error}") from error
            if not data:
                raise ConnectionLost("The daemon closed the connection before it answered")
            self._lines.feed(data)
        return line

    def _wait_until(self, deadline: float | None, *, maybe_done: bool) -> None:
        if deadline is None:
            self._socket.settimeout(None)
            return
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise DeadlineExceeded("The call's time was over", maybe_done=maybe_done)
        self._socket.settimeout(remaining)

    def shut_down(self) -> None:
        """End it from another thread: who reads from it sees its end. For the process that made it only."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it had ended already

    def close(self) -> None:
        """Close this process's descriptor."""
        self._socket.close()

    after_fork = close
