"""One call of one client, and what it may have done."""

CANCELLED = ("cancelled", "cancelled before it began")


class Op:
    __slots__ = ("id", "line", "pid", "life", "method", "params", "sent", "got", "sent_at", "got_at", "answer", "floor", "place")

    def __init__(self, id, method, params):
        self.id, self.method, self.params = id, method, params
        self.line = self.pid = self.life = None  # its connection, who connected, and which of the daemon's lives that was
        self.sent = self.got = None  # places in the record; got None: never answered
        self.sent_at = self.got_at = None  # seconds, for people
        self.answer = None
        self.floor = self.place = None  # where the check has found it

    def __repr__(self):
        answer = "no answer" if self.answer is None else self.answer.get("result", self.answer.get("error", {}).get("data"))
        return f"#{self.id} {self.method} {self.params} -> {answer}"

    @property
    def result(self):
        return self.answer.get("result") if self.answer else None

    @property
    def error(self):
        """Its data; None: there was none."""
        return self.answer["error"]["data"] if self.answer and "error" in self.answer else None

    @property
    def kind(self):
        return self.error["kind"] if self.error else None

    @property
    def is_unknown(self):
        return self.answer is None or self.kind == "outcomeUnknown"

    @property
    def key(self):
        return self.params.get("idempotencyKey")

    def views(self):
        """The projects that its answer shows."""
        result = self.result or {}
        return [result["project"]] if "project" in result else result.get("projects", [])

    # MARK: Its events

    def done(self):
        """The name of the event that its answer claims; None: it claims to have changed nothing."""
        name = self.effect()
        return name and (*name, self.pid)

    def effect(self):
        method, result, params = self.method, self.result, self.params
        if method in ("createProject", "retryProject"):
            return ("created", result["project"]["projectId"]) if result and not result["replayed"] else None
        if method in ("grantCredits", "adjustCredits"):
            return self.posting() if result and not result["replayed"] else None
        if method == "updateStatus":
            if self.kind == "terminalState":
                return self.refusal()
            return self.verdict() if result and result["changed"] else None
        if method == "cancelProject" and result and result["changed"]:
            project = params["projectId"]
            return ("failed", project, *CANCELLED) if result["project"]["status"] == "failed" else ("cancelRequested", project)
        return None

    def perhaps_done(self, made):
        """What it may have done without an answer. made: projects by (retryOf, key)."""
        return [(*name, self.pid) for name in self.possible_effects(made)]

    def possible_effects(self, made):
        if self.method == "createProject":
            return [("created", made.get((None, self.key)))]
        if self.method == "retryProject":
            return [("created", made.get((self.params["projectId"], self.key)))]
        if self.method in ("grantCredits", "adjustCredits"):
            return [self.posting()]
        if self.method == "updateStatus":
            return [self.verdict(), self.refusal()]
        if self.method == "cancelProject":
            project = self.params["projectId"]
            return [("failed", project, *CANCELLED), ("cancelRequested", project)]
        return []

    def posting(self):
        kind = "granted" if self.method == "grantCredits" else "adjusted"
        return (kind, self.params["userId"], f"{self.params['credits']} credits: {self.params['reason']}")

    def verdict(self):
        status, project = self.params["status"], self.params["projectId"]
        if status != "failed":
            return (status, project)
        return (status, project, self.params.get("errorCode", "pipelineFailed"), self.params.get("errorMessage", "unspecified"))

    def refusal(self):
        said = [self.params[name] for name in ("status", "errorCode", "errorMessage") if name in self.params]
        return ("reportRefused", self.params["projectId"], ": ".join(said))
