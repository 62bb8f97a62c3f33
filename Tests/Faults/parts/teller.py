"""Some clerks at one socket, from one thread: each with its connection and a few calls in flight."""

import json
import os
import selectors
import socket
import time

SILENCE = 30  # seconds without any answer after which the daemon counts as hung


class Hung(TimeoutError):
    pass


class Line:
    """A clerk's connection."""

    def __init__(self, clerk, path, window):
        self.clerk, self.window = clerk, window
        self.socket = connect(clerk, path)
        self.buffer = b""

    def fill(self):
        calls = [self.clerk.next() for _ in range(self.window - len(self.clerk.outstanding))]
        self.socket.sendall(b"".join(map(request, calls)))

    def read(self):
        """Returns the answers that have come; None: there will be none any more."""
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            return None
        if not data:
            return None
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        return [json.loads(line) for line in lines]


def connect(clerk, path):
    """A connection for the clerk. The path may also be a function, which makes one."""
    connection = path(clerk) if callable(path) else socket.socket(socket.AF_UNIX)
    connection.settimeout(SILENCE)
    if not callable(path):
        connection.connect(path)
    return connection


def request(call):
    return json.dumps({"jsonrpc": "2.0", "id": call.id, "method": call.method, "params": call.params}).encode() + b"\n"


def play(clerks, path, until=lambda: False, window=6):
    """All work until somebody says so, or until the daemon has gone: then their unanswered calls are unsettled.
    Returns how many answers came."""
    selector = selectors.DefaultSelector()
    lines, answers, last = [], 0, time.monotonic()
    try:
        for clerk in clerks:
            try:
                lines.append(line := Line(clerk, path, window))
                selector.register(line.socket, selectors.EVENT_READ, line)
                line.fill()
            except ConnectionError:
                pass
        while selector.get_map() and not until():
            for ready, _ in selector.select(0.05):
                line = ready.data
                last = time.monotonic()
                got = line.read()
                for answer in got or []:
                    answers += 1
                    if answer.get("id") is None and "error" in answer:
                        got = None  # refused as a connection: the daemon is stopping
                        break
                    line.clerk.take(answer)
                try:
                    if got is None:
                        raise ConnectionError
                    line.fill()
                except ConnectionError:
                    # What was answered before it went counts: all of that has been read.
                    selector.unregister(line.socket)
            if time.monotonic() - last > SILENCE:
                raise Hung(f"no answer for {SILENCE} s")
        return answers
    finally:
        for line in lines:
            line.socket.close()
            line.clerk.lose()


def settle(clerks, path):
    """What was not answered is asked once more with its key, and every balance is compared."""
    for clerk in clerks:
        with connect(clerk, path) as connection:
            file = connection.makefile("rb")

            def ask(call):
                connection.sendall(request(call))
                answer = file.readline()
                if not answer:
                    raise ConnectionError("the daemon went while it settled")
                return json.loads(answer)

            clerk.settle(ask)
            for user in clerk.users:
                call = clerk.make("getBalance", {"userId": user}, "")
                clerk.enter(call, ask(call), is_repeated=False)


def save(clerks, folder):
    """Writes down, for people, what was asked and answered."""
    for clerk in clerks:
        with open(folder / f"{clerk.name}.jsonl", "w", encoding="utf-8") as file:
            for call in clerk.calls:
                print(json.dumps(call.__dict__), file=file)
            file.flush()
            os.fsync(file.fileno())
