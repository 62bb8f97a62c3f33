"""Some clerks at one socket, from one thread: each with its connection and a few calls in flight."""

import json
import selectors
import socket
import time
import weakref

from .books import NOT_DONE
from .clerk import Lost, Unknown, Wrong, kind_of
from .lines import SILENCE, Hung, Line

# The connections that clerks have left while calls were on their way. The daemon carries these calls out, and the order
# of these and of calls on a new connection is not defined. So nobody asks anything new before they have ended.
left = weakref.WeakKeyDictionary()


class ClerkLine(Line):
    def __init__(self, clerk, path, window):
        super().__init__(connect(clerk, path, SILENCE))
        self.clerk, self.window = clerk, window

    def fill(self):
        calls = [self.clerk.next() for _ in range(self.window - len(self.clerk.outstanding))]
        self.socket.sendall(b"".join(map(request, calls)))


def connect(clerk, path, silence):
    """A connection for the clerk, when its last one has ended. The path may also be a function, which makes one."""
    await_end(clerk, silence)
    connection = path(clerk) if callable(path) else socket.socket(socket.AF_UNIX)
    connection.settimeout(silence)
    if not callable(path):
        try:
            connection.connect(path)
        except FileNotFoundError as error:  # it has gone, and its socket too
            raise ConnectionRefusedError(path) from error
    return connection


def await_end(clerk, silence):
    """Lets the daemon carry out what is on its way on the clerk's last connection, whose answers are lost."""
    if clerk not in left:
        return
    with left.pop(clerk) as connection:
        connection.settimeout(silence)
        try:
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass
        except TimeoutError as error:
            raise Hung(f"a connection was not ended in {silence} s after its last request") from error
        except OSError:  # the daemon has gone
            pass


def request(call):
    return json.dumps({"jsonrpc": "2.0", "id": call.id, "method": call.method, "params": call.params}).encode() + b"\n"


def play(clerks, path, until=lambda: False, window=6, silence=SILENCE):
    """All work until somebody says so, or until the daemon has gone: then their unanswered calls are unsettled.
    silence: seconds, or a function that tells them. Returns how many answers came."""
    selector = selectors.DefaultSelector()
    lines, answers, last = [], 0, time.monotonic()
    try:
        for clerk in clerks:
            try:
                lines.append(line := ClerkLine(clerk, path, window))
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
            most = silence() if callable(silence) else silence
            if time.monotonic() - last > most:
                raise Hung(f"no answer for {most} s")
        return answers
    finally:
        for line in lines:
            if line.socket.fileno() in selector.get_map() and not callable(path):
                left[line.clerk] = line.socket
            else:
                line.socket.close()
            line.clerk.lose()


def settle(clerks, path, silence=SILENCE):
    """What was not answered is asked once more with its key, and every balance is compared.
    Raises ConnectionError when the daemon goes, and Unknown when it does not do it."""
    for clerk in clerks:
        with connect(clerk, path, silence) as connection:
            file = connection.makefile("rb")

            def ask(call):
                connection.sendall(request(call))
                answer = file.readline()
                if not answer:
                    raise ConnectionError("the daemon went while it settled")
                return json.loads(answer)

            try:
                clerk.settle(ask)
                for user in clerk.users:
                    call = clerk.make("getBalance", {"userId": user}, "")
                    answer = ask(call)
                    if kind_of(answer) in NOT_DONE:
                        raise Unknown(f"{clerk.name}: {answer}")
                    clerk.enter(call, answer, is_repeated=False)
            except Wrong as error:  # no fault is on its way any more: only what was acknowledged before can be missing
                raise Lost(str(error)) from error


def save(clerks, folder):
    """Writes down, for people, what was asked and answered."""
    for clerk in clerks:
        with open(folder / f"{clerk.name}.jsonl", "w", encoding="utf-8") as file:
            for call in clerk.calls:
                print(json.dumps(call.__dict__), file=file)
