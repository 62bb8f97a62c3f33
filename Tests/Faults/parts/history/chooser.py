"""What many clients ask who have the same users and projects: calls that get in each other's way."""

from collections import deque

USERS = ("ann", "bob", "cid", "dee")
RECENT = 60  # projects that are still talked about
HOT = 8  # of which these by everybody


class Chooser:
    def __init__(self, rng):
        self.rng = rng
        self.recent = deque(maxlen=RECENT)  # projects' ids
        self.status = {}  # as last heard, by project
        self.keyed = deque(maxlen=40)  # (method, params) with a key
        self.next = deque()  # what somebody is to ask now
        self.count = 0

    def choose(self):
        """(method, params)."""
        rng = self.rng
        if self.next and rng.random() < 0.6:
            return self.next.popleft()
        self.count += 1
        if self.count <= len(USERS):
            return self.grant(USERS[self.count - 1], 200)
        if not self.recent or rng.random() < 0.2:
            return self.create()
        ways = ((self.money, 8), (self.report, 30), (self.other, 10), (self.again, 8), (self.look, 30), (self.list, 14))
        way, = rng.choices([way for way, _ in ways], [weight for _, weight in ways])
        return way()

    def heard(self, op):
        """An answer that was given: perhaps somebody else looks at once whether it is so."""
        for view in op.views():
            id = view["projectId"]
            if id not in self.status and op.method in ("createProject", "retryProject"):
                self.recent.append(id)
            self.status[id] = view["status"]
        if self.recent and op.effect() and self.rng.random() < 0.5 and len(self.next) < 4:
            project = op.result["project"] if op.result and "project" in op.result else None
            user = project["userId"] if project else op.params.get("userId", USERS[0])
            self.next.append(self.rng.choice((
                ("getBalance", {"userId": user}), self.list(user), self.list(None),
                ("getStatus", {"projectId": project["projectId"]}) if project else ("watch", {"projectId": self.any()}),
                ("explainProject", {"projectId": project["projectId"]}) if project else ("getBalance", {"userId": user}))))

    # MARK: Whom and what

    def user(self):
        return self.rng.choice(USERS)

    def any(self):
        """A project, mostly one that others have in hand, too."""
        recent = list(self.recent)
        return self.rng.choice(recent[-HOT:] if self.rng.random() < 0.6 else recent) if recent else None

    def alive(self):
        those = [id for id in self.recent if self.status[id] in ("pending", "processing")]
        return self.rng.choice(those[-HOT:]) if those else self.any()

    def key(self):
        self.count += 1
        return f"k{self.count}"

    def keep(self, method, params):
        self.keyed.append((method, params))
        return method, params

    # MARK: Calls

    def grant(self, user, credits):
        key = self.key()
        return self.keep("grantCredits", {"userId": user, "credits": credits, "reason": key, "idempotencyKey": key})

    def create(self):
        key = self.key()
        params = {"userId": self.user(), "credits": self.rng.randint(0, 60), "idempotencyKey": key, "externalId": f"x-{key}"}
        if self.rng.random() < 0.5:
            params |= {"name": f"for {key}", "metadata": {"prompt": "x" * self.rng.randint(0, 40)}}
        if self.rng.random() < 0.1:  # somebody wants to know of it already
            self.next.append(("getStatus", {"externalId": params["externalId"]}))
        return self.keep("createProject", params)

    def money(self):
        if self.rng.random() < 0.5:
            return self.grant(self.user(), self.rng.randint(1, 120))
        key, credits = self.key(), self.rng.randint(-80, 40)
        return self.keep("adjustCredits", {
            "userId": self.user(), "credits": credits, "reason": key, "idempotencyKey": key})

    def report(self):
        """Sometimes two contradicting ones at the same time."""
        id = self.alive() if self.rng.random() < 0.85 else self.any()
        first = self.said(id)
        if self.rng.random() < 0.3:
            self.next.appendleft(self.said(id))
        return first

    def said(self, id):
        status, = self.rng.choices(("processing", "completed", "failed", "pending"), (40, 27, 32, 1))
        params = {"projectId": id, "status": status}
        if status == "failed" and self.rng.random() < 0.9:
            params |= {"errorMessage": f"no GPU {self.key()}", "errorCode": self.rng.choice(("crashed", "noGPU"))}
        return "updateStatus", params

    def other(self):
        dice, id = self.rng.random(), self.any()
        if dice < 0.4:
            return "cancelProject", {"projectId": self.alive()}
        if dice < 0.7:
            failed = [id for id in self.recent if self.status[id] == "failed"]
            id = self.rng.choice(failed) if failed and dice < 0.65 else id
            return self.keep("retryProject", {"projectId": id, "idempotencyKey": self.key()})
        return "heartbeat", {"projectId": id, "progress": self.rng.randint(0, 8) / 8}

    def again(self):
        """A key once more: for the same, for something else, or somebody else's external id."""
        dice = self.rng.random()
        method, params = self.rng.choice(self.keyed)
        if dice < 0.6:
            return method, dict(params)
        if dice < 0.75 and "credits" in params:
            return method, {**params, "credits": params["credits"] + 1}
        if dice < 0.9 and "userId" in params:
            return "adjustCredits", {"userId": params["userId"], "credits": -7, "reason": self.key(),
                                     "idempotencyKey": params["idempotencyKey"]}
        name, new = self.create()
        if "externalId" in params:
            new["externalId"] = params["externalId"]
        return name, new

    def look(self):
        dice = self.rng.random()
        if dice < 0.4:
            return "getBalance", {"userId": self.user()}
        if dice < 0.75:
            return "getStatus", {"projectId": self.any()}
        if dice < 0.93:
            return "explainProject", {"projectId": self.any()}
        return "watch", {"projectId": self.recent[0]}

    def list(self, user=USERS):
        user = self.user() if user is USERS else user
        if self.rng.random() < 0.35:
            params = {"userId": user or self.user(), "limit": self.rng.randint(1, 20)}
            return "listEntries", params
        params = {"limit": self.rng.randint(1, 12)}
        if user and self.rng.random() < 0.6:
            params["userId"] = user
        if self.rng.random() < 0.8:
            params["includeStats"] = True
        if self.rng.random() < 0.25:
            params["status"] = self.rng.sample(("pending", "processing", "completed", "failed"), self.rng.randint(1, 3))
        return "listProjects", params
