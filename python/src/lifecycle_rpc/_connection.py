"""One blocking connection. Not thread-safe: its owner sees to that."""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
import time
from typing import Any

from . import _fork
from ._wire import LineBuffer, Requests, decode_line, request_line, result_of
from .errors import ConnectionLost, DeadlineExceeded, Unreachable


def unreachable(path: str, error: Exception) -> Unreachable:
    """What to say when there is no connection: of `error`, an OSError, or a ValueError for what is no path at all."""
    if not isinstance(error, OSError) or error.errno is None:
        # Python's own check of the path's length has no number.
        return Unreachable(f"Cannot connect to {path!r}: {error}", errno.EINVAL)
    number = error.errno
    if number == errno.ECONNREFUSED and _is_no_socket(path):
        return Unreachable(f"Cannot connect to {path!r}: that is no socket", errno.ENOTSOCK)
    hints = {
        errno.ENOENT: "is lifecycled.socket started, and the path right?",
        errno.ECONNREFUSED: "nothing listens there: is lifecycled running?",
        errno.EACCES: "is this user in the socket's group (lifecycle), and logged in anew since?",
    }
    hint = hints.get(number, "")
    return Unreachable(f"Cannot connect to {path}: {os.strerror(number)}" + (f"; {hint}" if hint else ""), number)


def _is_no_socket(path: str) -> bool:
    try:
        return not stat.S_ISSOCK(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def connect(made: socket.socket, path: str) -> None:
    """Connect a socket, non-blocking from then on. Never waits: a Unix socket takes a connection at once or not at all.

    Raises Unreachable.
    """
    try:
        if not path or "\0" in path[1:]:
            raise ValueError("a path is needed" if not path else "a path has no NUL")
        made.setblocking(False)
        made.connect(path)
    except (OSError, ValueError) as error:
        made.close()
        raise unreachable(path, error) from error


class Connection:
    """A connection to the daemon, for one request at a time.

    A request that nobody waits for any more, as its time was over, leaves the connection as good as it was: its answer
    is dropped when it comes.
    """

    _socket: socket.socket | None = None

    def __init__(self, path: str, max_reply_bytes: int) -> None:
        """Connect. Raises Unreachable."""
        self._lines = LineBuffer(max_reply_bytes)
        self._requests = Requests()
        self._unsent = bytearray()
        try:
            _fork.opening.acquire()
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            _fork.register(self)
        except OSError as error:
            raise unreachable(path, error) from error
        finally:
            _fork.opened()
        connect(self._socket, path)

    def is_stale(self) -> bool:
        """Whether the daemon has closed it, or said what nobody asked for, since the last answer."""
        if self._open.fileno() < 0:
            return True
        if self._requests.is_any_unanswered:
            return False  # reading will tell
        poll = select.poll()  # and not select(2), which cannot take descriptors above 1023
        poll.register(self._open, select.POLLIN)
        return not self._lines.is_empty or bool(poll.poll(0))

    def exchange(self, call: bytes, deadline: float) -> Any:
        """Send what `encode_call` made and give its result.

        After any exception but RPCError and DeadlineExceeded, the connection is of no more use.

        Raises RPCError, ConnectionLost, BadReply, and DeadlineExceeded at `deadline` (of time.monotonic).
        """
        self._send(b"", deadline, maybe_done=False)  # what is left of a request before
        request_id = self._requests.add()
        self._send(request_line(request_id, call), deadline, maybe_done=True, request_id=request_id)
        while True:
            message = decode_line(self.read_line(deadline))
            if self._requests.is_answer_to(request_id, message):
                return result_of(message)

    @property
    def is_half_sent(self) -> bool:
        """Whether the newest request is cut off. Half a request is no JSON; the line's end does not count."""
        return len(self._unsent) > 1

    def _send(self, line: bytes, deadline: float, *, maybe_done: bool, request_id: int = 0) -> None:
        self._unsent += line
        while self._unsent:
            try:
                self._wait_until(deadline, maybe_done=maybe_done)
                del self._unsent[: self._open.send(self._unsent)]
            except (TimeoutError, DeadlineExceeded):
                if line and len(self._unsent) == len(line):
                    # Nothing of it is out.
                    self._unsent.clear()
                    self._requests.remove(request_id)
                    maybe_done = False
                raise DeadlineExceeded("The request was not taken in time", maybe_done=maybe_done) from None
            except OSError as error:
                # The daemon says why it closes a connection that it has no room for.
                farewell = self._farewell()
                self.close()
                if farewell is not None:
                    result_of(decode_line(farewell))
                lost = ConnectionLost(f"The connection was lost: {error}")
                lost.maybe_done = maybe_done and not self.is_half_sent
                raise lost from error

    def _farewell(self) -> bytes | None:
        try:
            self._open.settimeout(0)
            self._lines.feed(self._open.recv(65536))
        except OSError:
            return None
        return self._lines.next_line()

    def read_line(self, deadline: float | None) -> bytes:
        """The next line. Raises ConnectionLost at its end; waits for ever without a deadline."""
        while (line := self._lines.next_line()) is None:
            self._wait_until(deadline, maybe_done=True)
            try:
                data = self._open.recv(262144)
            except TimeoutError:
                raise DeadlineExceeded("No answer in time", maybe_done=True) from None
            except OSError as error:
                raise ConnectionLost(f"The connection was lost: {error}") from error
            if not data:
                raise ConnectionLost("The daemon closed the connection before it answered")
            self._lines.feed(data)
        return line

    @property
    def _open(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionLost("The connection was closed")
        return self._socket

    def _wait_until(self, deadline: float | None, *, maybe_done: bool) -> None:
        if deadline is None:
            self._open.settimeout(None)
            return
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise DeadlineExceeded("The call's time was over", maybe_done=maybe_done)
        self._open.settimeout(remaining)

    def shut_down(self) -> None:
        """End it from another thread: who reads from it sees its end. For the process that made it only."""
        try:
            self._open.shutdown(socket.SHUT_RDWR)
        except (OSError, ConnectionLost):
            return  # it had ended already

    def close(self) -> None:
        """Close this process's descriptor."""
        if self._socket is not None:
            self._socket.close()

    after_fork = close
    # Who is interrupted at any point loses it, and it ends with its last name.
    __del__ = close
