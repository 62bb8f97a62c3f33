"""Histories that cannot be: an honest one, changed in one place each, as a daemon with a bug might have made it. A
check that does not find them all is blind."""

import pickle

from .chooser import USERS
from .order import Check
from .timeline import NEVER, Timeline


def unfound(rng, record, forgeries):
    """What of them was not found, and those that there was nothing to try on; none of both is the good end.
    record: honest, and from the beginning of a ledger."""
    checked = Check(pickle.loads(pickle.dumps(record)), Timeline(USERS))
    assert checked.run() == []
    stored, missed, left = pickle.dumps(checked), [], []
    for forge in forgeries:
        honest = pickle.loads(stored)
        candidates = list(forge(honest))
        if not candidates:
            left.append(forge)
            continue
        op = rng.choice(candidates)()
        findings = Check(honest.record, Timeline(USERS), most=NEVER).run()  # it may be found after its consequences
        if not findings or (op and not any(f"#{op.id} " in text for text in findings)):
            missed.append(f"{forge.__name__}: {op}, found: {findings}")
    return missed, left


# Each yields what it could do: a function that does it, and returns the call that must be named, if it is for certain
# that one.

def stale_balance(honest):
    """A reader that does not see what was answered before it was asked."""
    for op in reads(honest, "getBalance"):
        track = honest.timeline.users[op.params["userId"]]
        yield from another_moment(honest, op, track, before(track, op.floor), balance)


def early_balance(honest):
    """One that sees what was asked for only after its answer."""
    for op in reads(honest, "getBalance"):
        track = honest.timeline.users[op.params["userId"]]
        yield from another_moment(honest, op, track, track.next(honest.last_before(op.got)), balance)


def stale_status(honest):
    for op in reads(honest, "getStatus"):
        track = honest.timeline.projects[op.result["project"]["projectId"]].track
        yield from another_moment(honest, op, track, before(track, op.floor), status)


def stale_feed(honest):
    """A watch that begins too early by one write."""
    for op in reads(honest, "watch"):
        if op.floor > 1:
            yield lambda op=op: change(op, lambda result: result.update(seq=op.floor - 1))


def swapped_answers(honest):
    """Two answers of one connection in the wrong order."""
    by_user = {}
    for op in reads(honest, "getBalance"):
        other = by_user.get(op.params["userId"])
        by_user[op.params["userId"]] = op
        if other and not any(like_now(honest, op.params["userId"], other.result, position)
                             for position in range(op.floor, honest.last_before(op.got) + 1)):
            yield lambda op=op, other=other: swap(op, other)  # found there, or at those that come between


def lost_write(honest):
    """Answered, and not there; its user did nothing afterwards that would have needed it."""
    last = {event["userId"]: event["seq"] for event in honest.record.events}
    for op in writes(honest):
        if op.place in last.values() and op.place - 1 not in honest.inner:
            yield lambda op=op: renumber(honest, lambda events: events.pop(op.place - 1)) and op


def double_grant(honest):
    """A key that was not looked up."""
    for op in writes(honest)[:-20]:
        if op.method == "grantCredits":
            yield lambda op=op: renumber(honest, lambda events: events.insert(op.place, dict(events[op.place - 1]))) and None


def double_charge(honest):
    for op in writes(honest):
        if op.method == "createProject":
            def forge(op=op):
                other = {**honest.record.events[op.place - 1], "projectId": "another one"}
                renumber(honest, lambda events: events.insert(op.place, other))
            yield forge


def two_first_verdicts(honest):
    for op in honest.record.ops:
        if op.method == "updateStatus" and op.result and not op.result["changed"]:
            track = honest.timeline.projects[op.params["projectId"]].track
            if track.at(op.floor) and track.at(op.floor).status == op.params["status"]:
                yield lambda op=op: change(op, lambda result: result.update(changed=True))


def charged_again(honest):
    """A repetition that is answered as if it were the first."""
    for op in honest.record.ops:
        if op.method == "createProject" and op.result and op.result["replayed"] and (
                honest.timeline.keys[op.params["userId"], op.key][0] <= op.floor):
            yield lambda op=op: change(op, lambda result: result.update(replayed=False))


def swapped_writes(honest):
    """Committed in the other order, although the one was answered before the other was sent."""
    by_place = {op.place: op for op in writes(honest)}
    for place, op in by_place.items():
        later = by_place.get(place + 1)
        if later and op.got < later.sent and not honest.inner & {place - 1, place, place + 1}:
            yield lambda place=place: renumber(honest, lambda events: events.insert(place - 1, events.pop(place))) and None


def torn_totals(honest):
    """A credit too many is held, in a sum of which all parts agree."""
    for op in reads(honest, "listProjects"):
        if "stats" in op.result:
            def tear(result):
                for name in ("creditsHeld", "creditsUsed"):
                    result["stats"][name] += 1_000_003
            yield lambda op=op, tear=tear: change(op, tear)


def wrong_refusal(honest):
    """Too few credits, of somebody who never had so many."""
    for op in honest.record.ops:
        if op.kind == "insufficientCredits" and op.error["required"] > 1:
            wrong = op.error["required"] - 1
            track = honest.timeline.users[op.params.get("userId", USERS[0])]
            if "userId" in op.params and all(account.available != wrong for account in track.values):
                yield lambda op=op, wrong=wrong: op.error.update(available=wrong) or op


FORGERIES = (stale_balance, early_balance, stale_status, stale_feed, swapped_answers, lost_write, double_grant, double_charge,
             two_first_verdicts, charged_again, swapped_writes, torn_totals, wrong_refusal)


# MARK: Parts

def reads(honest, method):
    return [op for op in honest.record.ops if op.method == method and op.result and "fromSeq" not in op.params]


def writes(honest):
    """That were answered as done, in the order of their events."""
    done = [op for op in honest.record.ops if op.place is not None and op.result and op.done()]
    return sorted(done, key=lambda op: op.place)


def change(op, by):
    by(op.result)
    return op


def swap(op, other):
    op.answer["result"], other.answer["result"] = other.answer["result"], op.answer["result"]


def before(track, position):
    """The last moment before the version of then."""
    started = [there for there in track.positions if there <= position]
    return started[-1] - 1 if started else None


def balance(account):
    return {"available": account.available, "held": account.held}


def status(state):
    return {"status": state.status, "cancelRequested": state.cancel}


def another_moment(honest, op, track, moment, show):
    """The answer of then instead of any that it could have had."""
    value = track.at(moment) if moment is not None and moment < NEVER else None
    possible = [show(track.at(position)) for position in range(op.floor, honest.last_before(op.got) + 1) if track.at(position)]
    if value and show(value) not in possible:
        def forge():
            place = op.result.get("project", op.result)
            place.update(show(value))
            return op
        yield forge


def like_now(honest, user, result, position):
    account = honest.timeline.users[user].at(position)
    return (account.available, account.held) == (result["available"], result["held"])


def renumber(honest, edit):
    events = honest.record.events
    edit(events)
    for number, event in enumerate(events, 1):
        event["seq"] = number
    return True
