"""What an answer says about the state that it was given in: a list of demands. A demand is a function of a position: it
returns None where it is met, else the next position where it may be (NEVER: nowhere from there on)."""

from .timeline import NEVER


class Nonsense(Exception):
    """An answer that could be right in no state."""


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
