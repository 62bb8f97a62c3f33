"""What an answer says about the state that it was given in: a list of demands. A demand is a function of a position: it returns
None where it is met, else the next position where it may be (NEVER: nowhere from there on)."""

from .timeline import NEVER, STATUSES, TERMINAL


class Nonsense(Exception):
    """An answer that could be right in no state."""


def of(op, timeline):
    maker = MAKERS.get(op.method)
    return list(maker(op, op.params, op.result, op.error, timeline))


def say(holds, text):
    if not holds:
        raise Nonsense(text)


def met(track, test):
    def demand(position):
        value = track.at(position)
        return None if value is not None and test(value) else track.next(position)
    return demand


def since(position):
    return lambda now: None if now >= position else position


def before(position):
    return lambda now: None if now < position else NEVER


# MARK: Parts of answers

def like(view, due):
    return all(view.get(name) == value for name, value in due.items())


def project(view, timeline):
    there = timeline.projects.get(view["projectId"])
    say(there, "a project that nobody made")
    return met(there.track, lambda state: like(view, there.view(state)))


def balance(shown, timeline):
    return met(timeline.users[shown["userId"]], lambda account: (account.available, account.held) == (
        shown["available"], shown["held"]))


def state(op, timeline, test):
    return met(timeline.projects[op.params["projectId"]].track, test)


def used(user, key, timeline):
    """(position, call, project) of the key's use, if it ever is."""
    return timeline.keys.get((user, key), (NEVER, None, None))


def key_is_free(user, key, timeline):
    return before(used(user, key, timeline)[0])


def external_is_free(external, timeline):
    return before(timeline.externals.get(external, (NEVER, None))[0])


# MARK: Writes

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


# MARK: Reads

def heartbeat(op, params, result, error, timeline):
    say(result, "no such error")
    say(("deadline" in result) == (result["status"] not in TERMINAL), "a deadline of what has ended")
    yield state(op, timeline, lambda state: (state.status, state.cancel) == (result["status"], result["cancelRequested"]))


def get_balance(op, params, result, error, timeline):
    say(result and result["userId"] == params["userId"], "somebody else's balance")
    yield balance(result, timeline)


def get_status(op, params, result, error, timeline):
    external = params.get("externalId")
    if not result:
        say(op.kind == "projectNotFound" and external, "no such error")
        yield external_is_free(external, timeline)
        return
    view = result["project"]
    say(like(view, params), "another project")
    yield project(view, timeline)


def explain(op, params, result, error, timeline):
    say(result and result["project"]["projectId"] == params["projectId"], "another project")
    there = timeline.projects[params["projectId"]]
    events, entries = result["events"], result["entries"]
    yield project(result["project"], timeline)

    def history(now):
        state = there.track.at(now)
        due = [event for event in there.events if event["seq"] <= now]
        money = ["charge"] + {"completed": ["capture"], "failed": ["refund"]}.get(state.status, [])
        same = (events == due and result["refusedReports"] == state.refused and [e["kind"] for e in entries] == money
                and all(like(e, {"credits": there.credits, "projectId": there.id}) for e in entries))
        return None if same else there.track.next(now)
    yield history


def list_entries(op, params, result, error, timeline):
    user, limit = params["userId"], params["limit"]
    shown = result["entries"] if result else say(False, "no such error")
    ids = [int(entry["entryId"]) for entry in shown]
    say(ids == sorted(set(ids), reverse=True), "not newest first")

    def page(now):
        due = [entry for entry in timeline.entries[user] if entry.position <= now]
        last = due[-limit:][::-1]
        same = len(last) == len(shown) and ("nextCursor" in result) == (len(due) > limit) and all(
            like(view, entry.view()) and timeline.entry_ids.setdefault(entry, view["entryId"]) == view["entryId"]
            for view, entry in zip(shown, last))
        return None if same else timeline.users[user].next(now)
    yield page


def list_projects(op, params, result, error, timeline):
    say(result, "no such error")
    user, limit = params.get("userId"), params["limit"]
    statuses = params.get("status", STATUSES)
    track = timeline.users[user] if user else timeline.everything
    shown = result["projects"]
    if "stats" in result:
        yield met(track, totals(result["stats"], statuses))
    say(("stats" in result) == params.get("includeStats", False), "no figures, or unasked")
    yield from (project(view, timeline) for view in shown)

    def page(now):
        due = []
        for position, there in reversed(timeline.made[user]):
            if position <= now and there.track.at(now).status in statuses:
                due.append(there)
                if len(due) > limit:
                    break
        same = [view["projectId"] for view in shown] == [there.id for there in due[:limit]] and (
            ("nextCursor" in result) == (len(due) > limit))
        return None if same else track.next(now)
    yield page


def totals(stats, statuses):
    """The figures by themselves, then as those of a state."""
    by = stats["byStatus"]
    say(sum(by.values()) == stats["total"], "byStatus does not add up to total")
    say(stats["creditsUsed"] == stats["creditsCaptured"] + stats["creditsHeld"] + stats["creditsRefunded"],
        "used is not captured + held + refunded")

    def test(account):
        mask = [status in statuses for status in STATUSES]
        counts = [count * seen for count, seen in zip(account.counts, mask)]
        credits = [sum * seen for sum, seen in zip(account.credits, mask)]
        ended = counts[2] + counts[3]
        return ([by[status] for status in STATUSES] == counts
                and (stats["creditsHeld"], stats["creditsCaptured"], stats["creditsRefunded"]) == (
                    credits[0] + credits[1], credits[2], credits[3])
                and stats.get("successRate") == (counts[2] / ended if ended else None)
                and stats.get("averageSeconds") == (account.time // counts[2] / 1000 if counts[2] else None))
    return test


def watch(op, params, result, error, timeline):
    say(result, "no such error")
    seq = result["seq"]
    yield lambda now: None if now == seq else seq if now < seq else NEVER


MAKERS = {
    "createProject": create, "retryProject": retry, "grantCredits": post, "adjustCredits": post, "updateStatus": report,
    "cancelProject": cancel, "heartbeat": heartbeat, "getBalance": get_balance, "getStatus": get_status,
    "explainProject": explain, "listEntries": list_entries, "listProjects": list_projects, "watch": watch,
}
