"""What the ledger must say, told by nobody but the rules: a model of a few users whose calls are carried out in
order."""

from dataclasses import dataclass, field

TERMINAL = ("completed", "failed")
# Answers that say that nothing was done.
NOT_DONE = ("busy", "storageFull", "storageUnavailable")


@dataclass
class Call:
    id: int
    method: str
    params: dict
    key: str  # of the project or the entry that it is about
    answer: dict | None = None  # the reply's line, as it came


@dataclass(frozen=True)
class Project:
    user: str
    credits: int
    status: str = "pending"
    cancel: bool = False
    id: str | None = None  # as it was answered


@dataclass
class Books:
    available: dict = field(default_factory=dict)  # by user
    granted: dict = field(default_factory=dict)
    projects: dict = field(default_factory=dict)  # by key, which is the externalId too but for retries
    entries: dict = field(default_factory=dict)  # grants and adjustments by key: (user, credits)

    def copy(self):
        return Books(dict(self.available), dict(self.granted), dict(self.projects), dict(self.entries))

    def held(self, user):
        return sum(p.credits for p in self.projects.values() if p.user == user and p.status not in TERMINAL)

    def balance(self, user):
        return {"userId": user, "available": self.available.get(user, 0), "held": self.held(user)}

    def apply(self, call):
        """Carries it out.
        Returns what its result must hold, or the kind of its error as a text."""
        return getattr(self, call.method)(call.key, call.params)

    # MARK: The methods, as protocol.md has them

    def createProject(self, key, params):
        user, credits = params["userId"], params["credits"]
        if key in self.projects:
            old = self.projects[key]
            same = (old.user, old.credits) == (user, credits)
            return {"replayed": True, **self.view(key)} if same else "idempotencyConflict"
        return self.charge(key, user, credits)

    def retryProject(self, key, params):
        if key in self.projects:
            return {"replayed": True, **self.view(key)}
        old = next(p for p in self.projects.values() if p.id == params["projectId"])
        return self.charge(key, old.user, old.credits)

    def charge(self, key, user, credits):
        if self.available.get(user, 0) < credits:
            return "insufficientCredits"
        self.available[user] = self.available.get(user, 0) - credits
        self.granted.setdefault(user, 0)
        self.projects[key] = Project(user, credits)
        return {"replayed": False, **self.view(key)}

    def updateStatus(self, key, params):
        old, status = self.projects[key], params["status"]
        if old.status in TERMINAL and status != old.status:
            return "terminalState"
        self.end(key, status)
        return {"changed": old.status != status, **self.view(key)}

    def cancelProject(self, key, params):
        old = self.projects[key]
        if old.status == "completed":
            return "terminalState"
        if old.status == "pending":
            self.end(key, "failed")
        elif old.status == "processing":
            self.set(key, cancel=True)
        return {"changed": old != self.projects[key], **self.view(key)}

    def grantCredits(self, key, params):
        user, credits = params["userId"], params["credits"]
        if key in self.entries:
            return {"replayed": True, "balance": self.balance(user)}
        if self.available.get(user, 0) + credits < 0:
            return "insufficientCredits"
        self.entries[key] = (user, credits)
        for sums in (self.available, self.granted):
            sums[user] = sums.get(user, 0) + credits
        return {"replayed": False, "balance": self.balance(user)}

    adjustCredits = grantCredits

    def getBalance(self, key, params):
        return self.balance(params["userId"])

    def getStatus(self, key, params):
        return {"project": self.view(key)["project"]}

    def heartbeat(self, key, params):
        project = self.projects[key]
        return {"status": project.status, "cancelRequested": project.cancel}

    # MARK: Parts

    def end(self, key, status):
        project = self.projects[key]
        if status == "failed" and project.status != "failed":
            self.available[project.user] += project.credits
        self.set(key, status=status)

    def set(self, key, **changes):
        self.projects[key] = Project(**{**self.projects[key].__dict__, **changes})

    def view(self, key):
        project = self.projects[key]
        return {
            "project": {
                "userId": project.user, "creditsUsed": project.credits, "status": project.status,
                "creditsRefunded": project.credits if project.status == "failed" else 0,
            },
            "balance": self.balance(project.user),
        }
