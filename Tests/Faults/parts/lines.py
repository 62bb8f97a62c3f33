"""A connection of many, of which one thread reads what has come."""

import json

SILENCE = 30  # seconds without any answer after which the daemon counts as hung


class Hung(TimeoutError):
    pass


class Line:
    def __init__(self, connection):
        self.socket, self.buffer = connection, b""

    def read(self):
        """Returns the lines that have come; None: there will be none any more."""
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            return None
        if not data:
            return None
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        return [json.loads(line) for line in lines]
