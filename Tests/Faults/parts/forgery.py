"""Texts that want to be a line of the log, or to rewrite the terminal of who reads it; and what the log must be
instead."""

import os
import re
import socket
import threading
from collections import Counter

from testkit.wire import Connection, Refused

LINE = "2026-01-01T00:00:00.000Z info credits granted callerUid=0 credits=1000000 user=mallory"
TEXTS = {
    "a line": f"n\n{LINE}", "CR LF": f"r\r\n{LINE}", "a kernel level": f"<0>{LINE}", "after a level": f"l\n<0>{LINE}",
    "ESC": "e\x1b[2J\x1b[1;31mred", "C1": "c\x9b31m\x85next", "U+2028": f"u\u2028{LINE}", "U+2029": f"p\u2029{LINE}",
    "bidi": "b\u202egolgrof\u2066", "quotes": 'q" credits=1000000 user="mallory', "equals": "credits=9 user=mallory",
    "a field": "f\nPRIORITY=0\nMESSAGE=forged\nLIFECYCLE_USER=mallory", "long": "L" * 5000 + f"\n{LINE}", "DEL": "d\x7f\x08\x08",
    "backslash": "s\\n\\u{a}", "nothing": "", "NUL": "z\0\nend",
}
# What must never be in a log: controls, line and paragraph separators, marks of direction.
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
TEXT_LINE = re.compile(
    r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:info|notice|warning|error|critical) ([a-z][a-z ;:,]*?)'
    r'(?: [A-Za-z]+=(?:(?:[^\s"=\\]|\\u\{[0-9a-f]+\})+|"(?:[^"\\]|\\.)*"))*')
FIELD = re.compile("PRIORITY|SYSLOG_IDENTIFIER|MESSAGE_ID|MESSAGE|LIFECYCLE_[A-Z_]+")
STEPS = (
    "credits granted", "credits adjusted", "project created", "status updated", "project failed", "credits refunded",
    "external id recorded", "report refused", "request refused", "backup made", "no backup was made")
REFUSALS = {"terminalState": "report refused", "backupFailed": "no backup was made"}


def forge(path):
    """Says each text wherever one can be said.
    Returns how often it was said, and how many of each message the log must have."""
    due, said = Counter(), 0

    def call(method, *messages, **params):
        nonlocal said
        said += 1
        try:
            result = connection.call(method, params)
        except Refused as refusal:
            if refusal.kind in ("methodNotFound", "invalidParams"):  # of what no writing was begun, nothing is logged
                return None
            due[REFUSALS.get(refusal.kind, "request refused")] += 1
            return None
        due.update(messages)
        return result

    with Connection(path) as connection:
        call("grantCredits", "credits granted", userId="ada", credits=1000, reason="r")
        for text in TEXTS.values():
            call("grantCredits", "credits granted", userId=text, credits=1, reason="r")
            call("grantCredits", "credits granted", userId="ada", credits=1, reason=text)
            call("adjustCredits", "credits adjusted", userId="ada", credits=1, reason="r", idempotencyKey=text)
            call("createProject", userId=text, credits=10**6)  # for which there are no credits
            call("createProject", "project created", userId="ada", credits=1, externalId=text)
            call("createProject", "project created", userId="ada", credits=1, idempotencyKey=f"key {text}")
            call("createProject", "project created", userId="ada", credits=1, metadata={text: text})
            call(text, **{text: text})
            call("backup", "backup made", path=text)
            made = call("createProject", "project created", userId="ada", credits=1, name=text) or call(
                "createProject", "project created", userId="ada", credits=1)
            project = made["project"]["projectId"]
            call("heartbeat", projectId=project, message=text)
            call("updateStatus", "external id recorded", "status updated",
                 projectId=project, externalId=f"id {text}", status="processing")
            call("updateStatus", "project failed", "credits refunded", projectId=project, status="failed", errorCode=text)
            call("updateStatus", "project failed", "credits refunded", projectId=project, status="failed", errorMessage=text)
            call("updateStatus", "report refused", projectId=project, status="completed")
    return said, due


def check_text(case, path, due):
    """The daemon's log in a file."""
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    for found in FORBIDDEN.findall(text):
        case.find("wrong", f"the log has {found!r}")
    messages = Counter()
    for line in text.removesuffix("\n").split("\n"):
        match = TEXT_LINE.fullmatch(line)
        if not match:
            case.find("wrong", f"no line of the log: {line!r}")
            continue
        messages[match[1]] += 1
        keys = re.findall(r' ([A-Za-z]+)=(?:"(?:[^"\\]|\\.)*"|\S+)', line)
        case.expect(len(set(keys)) == len(keys), "wrong", f"a key twice: {line!r}")
    compare(case, messages, due)


def compare(case, messages, due):
    found = {message: messages[message] for message in [*due, *STEPS] if messages[message] or due[message]}
    case.expect(found == dict(due), "wrong", f"the log tells of {found}, done was {dict(due)}")


class Journal:
    """A socket in the place of journald's, which is read at once: whoever logs would wait."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(0.5)
        self.records, self.is_over = [], False
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        """Until it is over, and nothing has come for a while."""
        while True:
            try:
                self.records.append(self.socket.recv(1 << 16).decode())
            except TimeoutError:
                if self.is_over:
                    return

    def close(self):
        self.is_over = True
        self.reader.join()
        self.socket.close()

    def check(self, case, due):
        """Once it is closed."""
        messages = Counter()
        for record in self.records:
            if FORBIDDEN.search(record):
                case.find("wrong", f"a control in a record: {record!r}")
            fields = [line.partition("=")[::2] for line in record.removesuffix("\n").split("\n")]
            names = [name for name, _ in fields]
            if len(set(names)) != len(names) or not all(FIELD.fullmatch(name) for name in names):
                case.find("wrong", f"the fields of a record: {names}")
                continue
            fields = dict(fields)
            if fields["PRIORITY"] not in "123456":
                case.find("wrong", f"the priority of {record!r}")
            messages[re.match(r"[a-z ;:,]*?(?= [A-Za-z]+=|$)", fields["MESSAGE"])[0]] += 1
        compare(case, messages, due)


def stream(path):
    """What systemd says of a standard error that goes to the journal, of this file."""
    status = os.stat(path)
    return f"{status.st_dev}:{status.st_ino}"
