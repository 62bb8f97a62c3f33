"""A plain blocking client of the socket: what any program would have, and nothing that hides what happens."""

from __future__ import annotations

import json
import socket
from datetime import datetime, timezone
from typing import Any

from .pace import patience


class Gone(Exception):
    """There is no daemon, or it went before it answered."""


class Refused(Exception):
    """The daemon's answer was an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.data: dict[str, Any] = error["data"]
        self.kind: str = self.data["kind"]
        self.retryable: bool = self.data["retryable"]


class Connection:
    def __init__(self, path: str, timeout: float = 30) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(patience(timeout))
        self.buffer = b""
        self.id = 0
        try:
            self.socket.connect(path)
        except OSError as error:
            self.socket.close()
            raise Gone(str(error)) from error

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, method: str, params: object) -> None:
        self.id += 1
        request = {"jsonrpc": "2.0", "id": self.id, "method": method, "params": params}
        try:
            self.socket.sendall(json.dumps(request).encode() + b"\n")
        except TimeoutError as error:
            raise AssertionError(f"{method} could not be sent in time") from error
        except OSError as error:
            raise Gone(str(error)) from error

    def line(self) -> Any:
        """The next message. A silence beyond the timeout is a TimeoutError: nobody may be left without an answer."""
        while b"\n" not in self.buffer:
            try:
                chunk = self.socket.recv(65536)
            except TimeoutError:
                raise
            except OSError as error:
                raise Gone(str(error)) from error
            if not chunk:
                raise Gone("the connection ended")
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(line)

    def call(self, method: str, params: object = None) -> Any:
        self.send(method, params or {})
        reply = self.line()
        if reply.get("id") != self.id:
            if "error" in reply and reply.get("id") is None:
                raise Gone(reply["error"]["message"])  # refused as a connection: the daemon is stopping
            raise AssertionError(f"an answer to something else: {reply}")
        if "error" in reply:
            refusal = Refused(reply["error"])
            if refusal.retryable:
                raise Gone(refusal.kind)
            raise refusal
        return reply["result"]


def seconds(timestamp: str) -> float:
    """A time of the protocol as seconds since 1970."""
    moment = datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%fZ")
    return moment.replace(tzinfo=timezone.utc).timestamp()
