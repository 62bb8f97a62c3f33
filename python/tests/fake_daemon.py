"""What servers that misbehave are made of."""

from __future__ import annotations

import json
import socket
from typing import Any

BALANCE = {"userId": "ada", "available": 1, "held": 0}


def request_of(connection: socket.socket) -> dict[str, Any]:
    """The next request; one that never comes ends the server's turn."""
    data = b""
    while not data.endswith(b"\n"):
        received = connection.recv(65536)
        if not received:
            raise OSError("the client hung up")
        data += received
    request: dict[str, Any] = json.loads(data)
    return request


def answer(connection: socket.socket, **members: object) -> None:
    connection.sendall(json.dumps({"jsonrpc": "2.0", **members}).encode() + b"\n")


def until_hung_up(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def says_too_much(connection: socket.socket, number: int) -> None:
    """Answer, then say what nobody asked for."""
    answer(connection, id=request_of(connection)["id"], result=BALANCE | {"available": number})
    answer(connection, id=None, error={"code": -32009, "message": "stopping", "data": {"kind": "busy"}})
    until_hung_up(connection)
