"""The wire, without any I/O: requests to bytes, bytes to lines, lines to results."""

from __future__ import annotations

import json
import os
from collections import deque
from typing import Any

from .errors import BadReply, rpc_error

DEFAULT_SOCKET = "/run/lifecycled/lifecycle.sock"
"""Where the packaged daemon listens."""

MAX_REPLY_BYTES = 17 * 1024 * 1024
"""A longer line ends the connection, in bytes. The daemon's own default limit is 16 MiB."""


def socket_path(given: str | os.PathLike[str] | None) -> str:
    """The socket that was given, or the environment's, or the packaged daemon's."""
    if given is not None:
        return os.fspath(given)
    return os.environ.get("LIFECYCLE_SOCKET") or os.environ.get("LIFECYCLED_SOCKET") or DEFAULT_SOCKET


def encode_call(method: str, params: dict[str, Any]) -> bytes:
    """What is the same each time that a call is sent, for `request_line`.

    Raises ValueError for what strict JSON cannot say (NaN, half of a surrogate pair) and TypeError for what is no JSON.
    """
    call = {"jsonrpc": "2.0", "method": method, "params": params}
    return json.dumps(call, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def request_line(request_id: int, call: bytes) -> bytes:
    """One line."""
    return b'{"id":%d,%b\n' % (request_id, call[1:])


def decode_line(line: bytes) -> dict[str, Any]:
    """The JSON object of one line. Raises BadReply."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise BadReply(f"not JSON: {line[:80]!r}") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise BadReply(f"not a JSON-RPC 2.0 message: {line[:80]!r}")
    return message


class Requests:
    """The requests of one connection, and which of them an answer is for.

    The daemon answers in the order in which it was asked. An answer that came too late for who asked is of no use to
    who asks next: it is counted off here, so that the connection can live on.
    """

    def __init__(self) -> None:
        self._last_id = 0
        self._unanswered: deque[int] = deque()

    def add(self) -> int:
        """The id of a new request."""
        self._last_id += 1
        self._unanswered.append(self._last_id)
        return self._last_id

    def remove(self, request_id: int) -> None:
        """The newest request was not sent after all."""
        self._unanswered.remove(request_id)

    @property
    def is_any_unanswered(self) -> bool:
        """Whether an answer is still to come, be it too late or not."""
        return bool(self._unanswered)

    def is_answer_to(self, request_id: int, message: dict[str, Any]) -> bool:
        """Whether it is the answer to this request, or a late one to another. Raises BadReply for anything else."""
        answered = message.get("id")
        # The daemon cannot know the id of a line that it did not take, nor of one that it had no connection for.
        nameless = answered is None and bool(message.get("error"))
        if not self._unanswered or not (nameless or answered == self._unanswered[0]):
            raise BadReply(f"an answer to request {answered!r:.40} instead of {request_id}")
        return self._unanswered.popleft() == request_id


def result_of(message: dict[str, Any]) -> Any:
    """The result that an answer has. Raises RPCError for an error."""
    error = message.get("error")
    if isinstance(error, dict) and type(error.get("code")) is int:
        raise rpc_error(error)
    if "result" not in message:
        raise BadReply("an answer without result or error")
    return message["result"]


class LineBuffer:
    """Cuts what was received into lines, in linear time."""

    def __init__(self, limit: int = MAX_REPLY_BYTES) -> None:
        self._data = bytearray()
        self._searched = 0
        self._limit = limit

    def feed(self, data: bytes) -> None:
        """Take further bytes. Raises BadReply when a line grows too long."""
        self._data += data
        if len(self._data) > self._limit and self._data.find(b"\n", self._searched) < 0:
            raise BadReply(f"a line of more than {self._limit} bytes")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left but what was given out."""
        return not self._data

    def next_line(self) -> bytes | None:
        """The next line without its end, or None when it has not come whole."""
        end = self._data.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._data)
            return None
        line = bytes(self._data[:end])
        del self._data[: end + 1]
        self._searched = 0
        return line
