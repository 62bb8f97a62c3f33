"""Web apps: they create projects, hand them to agents, cancel and retry some, and look at what they were told before."""

import random
import threading
import time

from . import agent
from .daemon import LEASE, MAX_RUNTIME, START_TIMEOUT
from testkit.wire import Connection, Gone, Refused, seconds

USERS = [f"user-{number}" for number in range(6)]
TERMINAL = ("completed", "failed")


class Shared:
    """What all apps know: the projects, by id, with what was last heard of them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.projects = {}
        self.terms = {}

    def add(self, project):
        with self.lock:
            self.projects[project["projectId"]] = project

    def pick(self, rng):
        """Mostly one of the latest."""
        with self.lock:
            ids = list(self.projects)
            if not ids:
                return None
            return self.projects[rng.choice(ids[-60:] if rng.random() < 0.8 else ids)]

    def __len__(self):
        return len(self.projects)


class App(threading.Thread):
    def __init__(self, number, path, farm, shared, seed, journal, rate):
        super().__init__(name=f"app-{number}")
        self.path, self.farm, self.shared, self.journal = path, farm, shared, journal
        self.rng = random.Random(f"{seed}/{self.name}")
        self.rate = rate
        self.stop = threading.Event()
        self.connection = None
        self.keys = 0
        self.requests = []  # (method, params, projectId) of earlier ones

    def run(self):
        actions = [(self.create, 60), (self.repeat, 8), (self.cancel, 10), (self.retry, 8), (self.look, 20),
                   (self.sum_up, 4)]
        try:
            while not self.stop.wait(self.rng.expovariate(self.rate)):
                self.rng.choices([a for a, _ in actions], weights=[w for _, w in actions])[0]()
        except Exception as error:
            self.journal.complain(f"{self.name}: {type(error).__name__}: {error}")
        self.let_go()

    def let_go(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def call(self, method, params):
        """Asks until there is an answer, over as many daemons as it takes."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.sent = time.time()
            try:
                if self.connection is None:
                    self.connection = Connection(self.path)
                return self.connection.call(method, params)
            except Gone:
                self.let_go()
                time.sleep(0.02)
        raise AssertionError(f"{method} was not answered in a minute")

    def check(self, holds, text, answer):
        if not holds:
            self.journal.complain(f"{self.name}: {text}: {answer}")

    def key(self):
        self.keys += 1
        return f"{self.name}-{self.keys}"

    # What they do.

    def create(self):
        rng = self.rng
        params = {"userId": rng.choice(USERS), "credits": rng.choice([0, 1, rng.randrange(100)]),
                  "idempotencyKey": self.key(), "metadata": {"frames": rng.randrange(1000)}}
        if rng.random() < 0.5:
            params["name"] = f"Video {rng.randrange(1000)} für Zoë"
        if rng.random() < 0.3:
            params["externalId"] = f"x-{params['idempotencyKey']}"
        for name, longest in [("startTimeout", 5), ("lease", 4), ("maxRuntime", 10)]:
            if rng.random() < 0.3:
                params[name] = rng.randint(1 if name != "maxRuntime" else 4, longest)
        self.charge("createProject", params)

    def charge(self, method, params):
        while True:
            try:
                result = self.call(method, params)
                break
            except Refused as error:
                if error.kind != "insufficientCredits":
                    raise
                # The failed one has left nothing behind: the same key works after a top-up.
                owner = params.get("userId") or self.shared.projects[params["projectId"]]["userId"]
                self.grant(owner, self.rng.randint(100, 2000))
        project = result["project"]
        id = project["projectId"]
        terms = self.shared.terms[params["projectId"]] if method == "retryProject" else {
            "startTimeout": params.get("startTimeout", START_TIMEOUT), "lease": params.get("lease", LEASE),
            "maxRuntime": params.get("maxRuntime", MAX_RUNTIME)}
        kind = agent.choose(self.rng)
        self.journal.note("created", method=method, params=params, project=id, user=project["userId"],
                          credits=project["creditsUsed"], terms=terms, kind=kind)
        self.requests.append((method, params, id))
        self.shared.terms[id] = terms
        self.shared.add(project)
        if kind != "never":
            self.farm.start({"project": id, "kind": kind, "seed": self.rng.getrandbits(48), "lease": terms["lease"]})

    def grant(self, user, credits):
        params = {"userId": user, "credits": credits, "reason": "top-up", "idempotencyKey": self.key()}
        self.call("grantCredits", params)
        self.journal.note("granted", user=user, credits=credits)

    def repeat(self):
        """The same request again: it charges nothing, and its project is the same one."""
        if not self.requests:
            return
        method, params, project = self.rng.choice(self.requests)
        result = self.call(method, params)
        self.check(result["replayed"] and result["project"]["projectId"] == project, "a repeat", result)

    def cancel(self):
        project = self.shared.pick(self.rng)
        if project is None or project["status"] in TERMINAL:
            return
        try:
            result = self.call("cancelProject", {"projectId": project["projectId"]})
        except Refused as error:
            self.check(error.kind == "terminalState", "cancelProject", error)
            return
        status = result["project"]["status"]
        self.check(status == "failed" or result["project"]["cancelRequested"], "a cancel that asks nobody", result)
        self.journal.note("cancelled", project=project["projectId"], status=status, changed=result["changed"])
        self.shared.add(result["project"])

    def retry(self):
        project = self.shared.pick(self.rng)
        if project is None:
            return
        try:
            self.charge("retryProject", {"projectId": project["projectId"], "idempotencyKey": self.key()})
        except Refused as error:
            self.check(error.kind == "invalidTransition" and project["status"] != "failed", "retryProject", error)

    def look(self):
        """A terminal verdict stays; and nobody sees a project alive past its deadline."""
        known = self.shared.pick(self.rng)
        if known is None:
            return
        now = self.call("getStatus", {"projectId": known["projectId"]})["project"]
        if known["status"] in TERMINAL:
            self.check(now == known, f"a verdict has changed: {known}", now)
        if now["status"] not in TERMINAL:
            self.check(seconds(now["deadline"]) > self.sent, f"alive past its deadline at {self.sent}", now)
        self.shared.add(now)

    def sum_up(self):
        user = self.rng.choice([None, *USERS])
        page = self.call("listProjects", {"limit": 20, "includeStats": True, **({"userId": user} if user else {})})
        stats = page["stats"]
        self.check(stats["total"] == sum(stats["byStatus"].values()), "sums", stats)
        self.check(stats["creditsUsed"] == stats["creditsCaptured"] + stats["creditsHeld"] + stats["creditsRefunded"],
                   "credits", stats)
        for project in page["projects"]:
            if project["status"] not in TERMINAL:
                self.check(seconds(project["deadline"]) > self.sent, f"listed alive at {self.sent}", project)
