"""What everybody did and was told, as lines of JSON in one file that all processes append to."""

import json
import os
import time


class Journal:
    def __init__(self, path):
        self.path = path
        # One write a line: lines of several processes do not mix.
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def note(self, what, **fields):
        line = json.dumps({"what": what, "at": time.time(), **fields}) + "\n"
        os.write(self.descriptor, line.encode())

    def complain(self, text):
        """Something that must not be: the soak has failed."""
        self.note("complaint", text=text)

    def lines(self):
        with open(self.path, encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
