"""What the answer to a write says. An error says something, too."""

from .demands import balance, external_is_free, key_is_free, like, met, project, say, since, state, used
from .timeline import NEVER, TERMINAL


def create(op, params, result, error, timeline):
    user, key, external = params["userId"], op.key, params.get("externalId")
    if result:
        yield from made(op, user, result, timeline)
        say(like(result["project"], {"creditsUsed": params["credits"], "userId": user}), "another project")
    elif op.kind == "insufficientCredits":
        yield from (key_is_free(user, key, timeline), external_is_free(external, timeline))
        yield too_few(user, params["credits"], error, timeline)
    elif op.kind == "idempotencyConflict":
        position, first, _ = used(user, key, timeline)
        holder = timeline.externals.get(external, (NEVER, None))[0]
        if first is not None and error["differs"] == differences(op, first):
            yield since(position)
        else:
            say(error["differs"] == ["externalId"], "differs in something else")
            yield from (key_is_free(user, key, timeline), since(holder))
    else:
        say(False, "an error that it cannot have")


def made(op, user, result, timeline):
    """A project by its key, now or before."""
    position, first, id = used(user, op.key, timeline)
    say(id == result["project"]["projectId"], f"the key made {id}")
    say(not differences(op, first), "the same key for something else")
    say(result["balance"]["userId"] == user, "somebody else's balance")
    yield from (since(position), project(result["project"], timeline), balance(result["balance"], timeline))


def differences(op, first):
    """The names that idempotencyConflict gives."""
    if op.method != first.method:
        return ["method"]
    names = {"createProject": ("credits", "externalId", "name", "metadata"), "retryProject": ("projectId",)}
    return [name for name in names.get(op.method, ("credits", "reason")) if op.params.get(name) != first.params.get(name)]


def too_few(user, required, error, timeline):
    say(error["required"] == required > error["available"], "that would have been enough")
    return met(timeline.users[user], lambda account: account.available == error["available"])


def retry(op, params, result, error, timeline):
    old = timeline.projects[params["projectId"]]
    if result:
        yield from made(op, old.user, result, timeline)
        say(result["project"].get("retryOf") == old.id, "a retry of another one")
    elif op.kind == "idempotencyConflict":
        position, first, _ = used(old.user, op.key, timeline)
        say(first and error["differs"] == differences(op, first) != [], "differs in something else")
        yield since(position)
    else:
        yield key_is_free(old.user, op.key, timeline)
        if op.kind == "insufficientCredits":
            yield state(op, timeline, lambda state: state.status == "failed")
            yield too_few(old.user, old.credits, error, timeline)
        else:
            say(op.kind == "invalidTransition" and error["from"] != "failed", "an error that it cannot have")
            yield state(op, timeline, lambda state: state.status == error["from"])


def post(op, params, result, error, timeline):
    user = params["userId"]
    position, first, _ = used(user, op.key, timeline)
    if result:
        say(first and not differences(op, first), "the same key for something else")
        entry = next(entry for entry in timeline.entries[user] if entry.position == position)
        say(like(result["entry"], entry.view()), f"another entry: {entry}")
        yield from (since(position), balance(result["balance"], timeline))
    elif op.kind == "insufficientCredits":
        yield from (key_is_free(user, op.key, timeline), too_few(user, -params["credits"], error, timeline))
    else:
        say(op.kind == "idempotencyConflict" and first and error["differs"] == differences(op, first) != [], "no such error")
        yield since(position)


def report(op, params, result, error, timeline):
    status = params["status"]
    if result:
        yield from ended(op, result, timeline)
        say(result["project"]["status"] == status, "not what was reported")
    elif op.kind == "terminalState":
        yield refused(op, error, timeline, lambda state: state.status in TERMINAL and state.status != status)
    else:
        say(op.kind == "invalidTransition" and status == error["to"] == "pending", "no such error")
        yield state(op, timeline, lambda state: state.status == error["from"])


def ended(op, result, timeline):
    view = result["project"]
    say(view["projectId"] == op.params["projectId"], "another project")
    say(result["creditsRefunded"] == view["creditsRefunded"], "two refunds")
    say(result["balance"]["userId"] == view["userId"], "somebody else's balance")
    yield from (project(view, timeline), balance(result["balance"], timeline))


def refused(op, error, timeline, test):
    there = timeline.projects[op.params["projectId"]]
    due = (error["status"], error["finishedAt"], error["creditsRefunded"])
    return state(op, timeline, lambda state: test(state) and due == (
        state.status, state.finished, there.view(state)["creditsRefunded"]))


def cancel(op, params, result, error, timeline):
    if result:
        yield from ended(op, result, timeline)
        status = result["project"]["status"]
        say(status == "failed" or (status == "processing" and result["project"]["cancelRequested"]), "not cancelled")
    else:
        say(op.kind == "terminalState", "no such error")
        yield refused(op, error, timeline, lambda state: state.status == "completed")


BY_METHOD = {
    "createProject": create, "retryProject": retry, "grantCredits": post, "adjustCredits": post, "updateStatus": report,
    "cancelProject": cancel,
}
