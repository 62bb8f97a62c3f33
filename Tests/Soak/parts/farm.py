"""The process that all agents are children of: it starts them, hits them with signals, and buries them."""

import ctypes
import heapq
import json
import os
import random
import select
import signal
import time

from . import agent


class Farm:
    """The other end, in the main process."""

    def __init__(self, path, journal):
        reading, self.writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.writing)
            code = 1
            try:
                os.setsid()  # Ctrl-C is for the main process
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                run(reading, path, journal)
                code = 0
            except BaseException as error:
                journal.complain(f"the farm: {type(error).__name__}: {error}")
            os._exit(code)
        os.close(reading)

    def start(self, task):
        os.write(self.writing, json.dumps(task).encode() + b"\n")

    def finish(self):
        """Waits until all agents have ended."""
        os.close(self.writing)
        os.waitpid(self.pid, 0)

    def abort(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except OSError:
            pass


SET_CHILD_SUBREAPER = 36  # prctl: orphans become children of this process


def run(commands, path, journal):
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    children = {}
    signals = []  # (time, number, pid, signal), a heap
    pending = b""
    is_open = True
    while is_open or children:
        wait = min(0.1, signals[0][0] - time.monotonic()) if signals else 0.1
        if is_open and select.select([commands], [], [], max(0, wait))[0]:
            chunk = os.read(commands, 65536)
            is_open = bool(chunk)
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                task = json.loads(line)
                pid = start(task, path, journal, [commands])
                children[pid] = task["project"]
                for after, number in plan(task):
                    heapq.heappush(signals, (time.monotonic() + after, len(children), pid, number))
        elif not is_open:
            time.sleep(max(0, wait))
        while signals and signals[0][0] <= time.monotonic():
            _, _, pid, number = heapq.heappop(signals)
            if pid in children:
                journal.note("signal", project=children[pid], signal=number)
                os.kill(pid, number)
        while children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if project := children.pop(pid, None):
                journal.note("ended", project=project, status=status)


def start(task, path, journal, descriptors):
    pid = os.fork()
    if pid:
        return pid
    for descriptor in descriptors:
        os.close(descriptor)
    agent.live(task, path, journal)
    os._exit(0)


def plan(task):
    """Which signals it gets, and after how many seconds."""
    rng = random.Random(task["seed"] + 1)
    moment = rng.uniform(0, 4)
    if task["kind"] in ("killed", "inherited"):
        return [(moment, signal.SIGKILL)]
    if task["kind"] == "stopped":
        return [(moment, signal.SIGSTOP), (moment + rng.uniform(0.1, 2 * task["lease"]), signal.SIGCONT)]
    return []
