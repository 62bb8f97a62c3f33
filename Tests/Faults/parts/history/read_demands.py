"""What the answer to a read says."""

from bisect import bisect_right

from .demands import balance, external_is_free, like, met, project, say, state
from .timeline import NEVER, STATUSES, TERMINAL


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
        entries = timeline.entries[user]
        count = bisect_right(entries, now, key=lambda entry: entry.position)
        last = entries[max(count - limit, 0):count][::-1]
        same = len(last) == len(shown) and ("nextCursor" in result) == (count > limit) and all(
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
        due, made = [], timeline.made[user]
        for index in range(bisect_right(made, now, key=lambda one: one[0]) - 1, -1, -1):
            there = made[index][1]
            if there.track.at(now).status in statuses:
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


BY_METHOD = {
    "heartbeat": heartbeat, "getBalance": get_balance, "getStatus": get_status, "explainProject": explain,
    "listEntries": list_entries, "listProjects": list_projects, "watch": watch,
}
