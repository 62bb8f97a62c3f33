"""What the journal says about each project: the facts that the daemon is held to."""

import signal


class History:
    """One project."""

    def __init__(self, line):
        self.id, self.user, self.credits = line["project"], line["user"], line["credits"]
        self.kind, self.terms, self.params = line["kind"], line["terms"], line["params"]
        self.sent = []  # when its agent asked for something, and whether it attached
        self.answered = []  # what it was answered
        self.lost = []  # when its connection ended by its own doing
        self.signals = []
        self.cancelled = None  # the status that a cancel was answered with

    @property
    def is_lost(self):
        return self.kind == "never" or bool(self.lost)


class Facts:
    def __init__(self, journal):
        self.projects = {}
        self.granted = {}
        self.complaints = []
        self.memory = []
        self.charges = []  # (project, method and params) of every creation that was answered
        self.runs = []  # [launched, ready] of each daemon that got ready
        launched, agents = None, []
        for line in journal.lines():
            match line["what"]:
                case "created":
                    self.charges.append(line)
                    self.projects[line["project"]] = History(line)
                case "granted":
                    self.granted[line["user"]] = self.granted.get(line["user"], 0) + line["credits"]
                case "complaint":
                    self.complaints.append(line["text"])
                case "memory":
                    self.memory.append(line)
                case "daemon" if line["event"] == "launched":
                    launched = line["at"]
                case "daemon" if line["event"] == "ready":
                    self.runs.append((launched, line["at"]))
                case "cancelled":
                    self.projects[line["project"]].cancelled = line["status"]
                case "sent" | "answered" | "let go" | "signal" | "ended":
                    agents.append(line)
        # An agent may be quicker than the app, which writes down only now what it has created.
        for line in agents:
            self.add(line)

    def add(self, line):
        project = self.projects[line["project"]]
        match line["what"]:
            case "sent":
                project.sent.append((line["at"], line["attached"]))
            case "answered":
                project.answered.append(line)
            case "let go":
                project.lost.append(line["at"])
            case "signal":
                project.signals.append(line["signal"])
                if line["signal"] == signal.SIGKILL:
                    project.lost.append(line["at"])
            case "ended":
                project.lost.append(line["at"])

    def run_at(self, moment):
        """The daemon that ran then: when it was launched and when it was ready."""
        return max((run for run in self.runs if run[0] <= moment), default=(0, 0))
