"""An agent: a process of its own that works on one project and reports, until it ends in one way or another."""

import os
import random
import time

from testkit.wire import Connection, Gone, Refused

# What becomes of agents, and how often. Those under a signal are hit from outside, by the farm.
KINDS = {
    "finishes": 30,  # works, reports its verdict
    "killed": 20,  # kill -9
    "stopped": 8,  # SIGSTOP, and SIGCONT later: in time or not
    "exits": 8,  # without a word
    "hangs": 8,  # keeps its connection and says nothing more
    "inherited": 5,  # kill -9, but a child of its own has the connection still
    "moves": 6,  # closes its connection and takes up its project on another one
    "late": 5,  # begins when it may be too late
    "endless": 5,  # goes on for ever: the maximum runtime ends it
    "never": 5,  # nobody starts it
}


def choose(rng):
    return rng.choices(list(KINDS), weights=list(KINDS.values()))[0]


class Ended(Exception):
    """The project has its verdict."""


class Agent:
    def __init__(self, task, path, journal):
        self.project, self.kind, self.lease = task["project"], task["kind"], task["lease"]
        self.rng = random.Random(task["seed"])
        self.attach = self.rng.random() < 0.6
        self.path, self.journal = path, journal
        self.connection = None

    def note(self, what, **fields):
        self.journal.note(what, project=self.project, **fields)

    def call(self, method, **params):
        """Asks until there is an answer, over as many daemons as it takes."""
        attached = bool(params.get("attach"))
        while True:
            sent = time.time()
            self.note("sent", method=method, attached=attached)
            try:
                if self.connection is None:
                    self.connection = Connection(self.path)
                result = self.connection.call(method, {"projectId": self.project, **params})
            except Gone:
                self.let_go(noted=False)
                time.sleep(0.03)
                continue
            except Refused as error:
                if error.kind != "terminalState":
                    self.journal.complain(f"{method} of {self.project} ({self.kind}): {error} ({error.kind})")
                self.note("refused", method=method, kind=error.kind, status=error.data.get("status"))
                raise Ended from error
            status = result["status"] if method == "heartbeat" else result["project"]["status"]
            self.note("answered", method=method, sent=sent, status=status, changed=result.get("changed"),
                      deadline=result.get("deadline"), attached=attached)
            return status, result

    def let_go(self, noted=True):
        """Ends the connection. `noted`: by our own will, which may cost the lease."""
        if self.connection:
            if noted:
                self.note("let go")
            self.connection.close()
        self.connection = None

    def report(self, status, **params):
        return self.call("updateStatus", status=status, **params)[0]

    def beat(self, progress):
        params = {"progress": min(progress, 1.0)}
        if self.attach:
            params["attach"] = True
        if self.rng.random() < 0.3:
            params["message"] = f"frame {self.rng.randrange(1000)}"
        status, result = self.call("heartbeat", **params)
        if status in ("completed", "failed"):
            raise Ended
        if result["cancelRequested"] and self.rng.random() < 0.8:
            self.report("failed", errorCode="cancelled", errorMessage="cancelled by the app")
            raise Ended

    def work(self, duration):
        """Heartbeats that keep the lease, whatever the load."""
        start = time.time()
        while (elapsed := time.time() - start) < duration:
            self.beat(elapsed / duration)
            time.sleep(self.lease * self.rng.uniform(0.15, 0.3))

    def verdict(self):
        if self.rng.random() < 0.7:
            self.report("completed")
        else:
            self.report("failed", errorMessage="out of memory", errorCode="noMemory")
        if self.rng.random() < 0.1:
            self.report(self.rng.choice(["completed", "failed", "processing"]))  # it may contradict itself

    def live(self):
        if self.kind == "late":
            time.sleep(self.rng.uniform(1.5, 4))
        elif self.rng.random() < 0.3:
            self.beat(0)  # attached before it has begun
        if self.rng.random() < 0.97 and self.report("processing") != "processing":
            raise Ended
        if self.kind == "inherited" and os.fork() == 0:
            time.sleep(self.lease * 2 + 4)
            os._exit(0)
        duration = self.rng.uniform(0.2, 5)
        self.work(3600 if self.kind == "endless" else duration)
        if self.kind == "exits":
            self.note("let go")
            os._exit(0)
        if self.kind == "hangs":
            time.sleep(self.lease * 2 + 2)
            self.note("let go")
            os._exit(0)
        if self.kind == "moves":
            for _ in range(3):
                self.let_go()
                time.sleep(self.rng.uniform(0, 0.6))
                self.work(0.5)
        self.verdict()


def live(task, path, journal):
    try:
        Agent(task, path, journal).live()
    except Ended:
        pass
    except Exception as error:  # whatever it is, it must not go unseen
        journal.complain(f"agent of {task['project']} ({task['kind']}): {type(error).__name__}: {error}")
