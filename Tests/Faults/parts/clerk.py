"""Who works with a few users, over one connection at a time, and writes down everything that it is answered."""

from collections import Counter

from .books import NOT_DONE, TERMINAL, Books, Call

READS = ("getBalance", "getStatus", "heartbeat")


class Wrong(AssertionError):
    """An answer that the rules do not allow."""


class Lost(Wrong):
    """What was acknowledged is not there any more."""


class Unknown(Exception):
    """The daemon could not carry out what it was asked once more, and says so."""


class Clerk:
    def __init__(self, number, rng, users=2, bulk=60):
        """bulk: the longest text in a project's metadata, in bytes."""
        self.number, self.name, self.rng, self.bulk = number, f"c{number}", rng, bulk
        self.users = [f"{self.name}-user{n}" for n in range(users)]
        self.books = Books()  # as of the last answered call
        self.calls = []  # all that were ever sent, in order
        self.outstanding = []  # sent on the connection there is, and not answered yet
        self.unsettled = []  # whose connection ended first, or which were answered with outcomeUnknown
        self.ids = 0
        self.answered = self.found_applied = 0
        self.not_done = Counter()  # the answers that said so, by kind

    # MARK: Choosing

    def next(self):
        """A call that makes sense whatever comes of those that are outstanding. Its sender sends it at once."""
        call = self.choose()
        self.calls.append(call)
        self.outstanding.append(call)
        return call

    def make(self, method, params, key):
        self.ids += 1
        return Call(self.ids, method, params, key)

    def choose(self):
        rng, user = self.rng, self.rng.choice(self.users)
        if not self.calls:
            return self.grant(user, 500)
        busy = {call.key for call in self.outstanding + self.unsettled}
        projects = self.books.projects
        free = [key for key in list(projects)[-40:] if key not in busy]
        alive = [key for key in free if projects[key].status not in TERMINAL]
        dice = rng.random()
        if dice < 0.30 or not free:
            return self.create(user)
        if dice < 0.38:
            return self.grant(user, rng.randint(1, 200))
        if dice < 0.41:
            key = self.fresh_key()
            return self.make("adjustCredits", {
                "userId": user, "credits": rng.randint(-30, 30), "reason": "a mistake", "idempotencyKey": key}, key)
        if dice < 0.46:
            return self.make("getBalance", {"userId": user}, "")
        key = rng.choice(free)
        if dice < 0.51:
            return self.make("getStatus", {"projectId": projects[key].id}, key)
        if dice < 0.55:
            return self.repeat(key)
        if dice < 0.58:  # perhaps against its first verdict
            return self.report(key, rng.choice(["processing", "completed", "failed"]))
        if dice < 0.63 and projects[key].status == "failed":
            new = self.fresh_key()
            return self.make("retryProject", {"projectId": projects[key].id, "idempotencyKey": new}, new)
        if not alive:
            return self.create(user)
        key = rng.choice(alive)
        if dice < 0.68:
            return self.make("cancelProject", {"projectId": projects[key].id}, key)
        if dice < 0.73 and projects[key].status == "processing":
            return self.make("heartbeat", {"projectId": projects[key].id, "progress": rng.randint(0, 8) / 8}, key)
        return self.report(key, rng.choice(["processing", "completed", "failed", "failed"]))

    def fresh_key(self):
        return f"{self.name}-{len(self.calls)}"

    def create(self, user):
        key, credits = self.fresh_key(), self.rng.randint(0, 50)
        return self.make("createProject", {
            "userId": user, "credits": credits, "idempotencyKey": key, "externalId": key,
            "metadata": {"prompt": "x" * self.rng.randint(0, self.bulk)}}, key)

    def repeat(self, key):
        """A create once more, as after a lost answer, or its key for another one."""
        first = next(call for call in self.calls if call.key == key)
        params = dict(first.params)
        if first.method == "createProject" and self.rng.random() < 0.3:
            params["credits"] += 1
        return self.make(first.method, params, key)

    def report(self, key, status):
        params = {"projectId": self.books.projects[key].id, "status": status}
        if status == "failed" and self.rng.random() < 0.7:
            params |= {"errorMessage": "no GPU", "errorCode": "crashed"}
        return self.make("updateStatus", params, key)

    def grant(self, user, credits):
        key = self.fresh_key()
        return self.make("grantCredits", {
            "userId": user, "credits": credits, "reason": "top-up", "idempotencyKey": key}, key)

    # MARK: Answers

    def take(self, answer):
        """The answer to the first outstanding call."""
        if not self.outstanding:
            raise Wrong(f"{self.name}: nothing was asked, and answered {answer}")
        call = self.outstanding.pop(0)
        if answer.get("id") != call.id:
            raise Wrong(f"{self.name}: {call} was answered {answer}")
        call.answer = answer
        kind = kind_of(answer)
        if kind == "outcomeUnknown":
            self.unsettled.append(call)
        elif kind in NOT_DONE:
            self.not_done[kind] += 1
        else:
            if self.unsettled and call.method in READS:
                return  # of a state that nobody can foretell
            if self.unsettled:
                raise Wrong(f"{self.name}: acknowledged after an unknown outcome: {answer}")
            self.enter(call, answer, is_repeated=False)
            self.answered += 1

    def lose(self):
        """The connection is gone."""
        self.unsettled += self.outstanding
        self.outstanding = []

    def settle(self, ask):
        """Repeats what was not answered, in order. `ask` sends a call and returns its answer.
        Raises Unknown when that is as open as before; it can be called once more."""
        late = []
        while self.unsettled:
            call = self.unsettled[0]
            # What only looks, or is refused, leaves nothing behind: and what came after it may have taken the reason
            # away.
            if call.method not in READS and not isinstance(self.books.copy().apply(call), str):
                call.answer = ask(call)
                if kind_of(call.answer) in ("outcomeUnknown", *NOT_DONE):
                    raise Unknown(f"{self.name}: {call.answer}")
                if kind_of(call.answer) == "insufficientCredits" and call not in late and len(self.unsettled) > 1:
                    # A full disk may have refused it and, when there was room again, have taken one after it that
                    # spent what it needs. Then it comes after those; its answer must hold there.
                    late.append(call)
                    self.unsettled.append(self.unsettled.pop(0))
                    continue
                self.enter(call, call.answer, is_repeated=True)
            self.unsettled.pop(0)

    def enter(self, call, answer, is_repeated):
        """Enters into the books what must have come of it, and compares."""
        expected = self.books.apply(call)
        if isinstance(expected, str):
            if kind_of(answer) != expected:
                raise Wrong(f"{self.name}: {call.method} {call.params}: {expected} was due, not {answer}")
            return
        result = answer.get("result")
        if result is None:
            raise Wrong(f"{self.name}: {call.method} {call.params}: {expected} was due, not {answer}")
        if is_repeated:
            # Carried out before, with those after it perhaps: it is answered with what is now.
            applied = result.get("replayed") is True or result.get("changed") is False
            self.found_applied += applied
            expected = {"project": {k: v for k, v in expected.get("project", {}).items() if k in ("userId", "creditsUsed")}}
        compare(expected, result, f"{self.name}: {call.method} {call.params}")
        if "project" in result and call.key in self.books.projects:
            self.books.set(call.key, id=result["project"]["projectId"])


def kind_of(answer):
    """Of its error; None when it is a result."""
    return answer["error"]["data"]["kind"] if "error" in answer else None


def compare(expected, found, what):
    for name, value in expected.items():
        if isinstance(value, dict) and isinstance(found.get(name), dict):
            compare(value, found[name], what)
        elif name in ("cancelRequested",) and not value:
            if found.get(name):
                raise Wrong(f"{what}: {name} was not due: {found}")
        elif name in found or value:
            if found.get(name) != value:
                raise Wrong(f"{what}: {name} = {value!r} was due, not {found.get(name)!r}: {found}")
