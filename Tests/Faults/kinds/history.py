"""Many clients with the same users and projects, retries, lost connections, a daemon that is stopped and killed: all
that they were answered has one order, in which a sequential model gives the same answers."""

from testkit.daemon import Daemon
from parts.history import forgeries
from parts.history.session import Session

TITLE = "history of many clients, against a sequential model"
# Of CALLS each, the long ones of LONG_CALLS: 20 000 and 10 million.
SHORT, LONG = 4, 500
CALLS, LONG_CALLS = 5000, 20_000
LEAST = SHORT * CALLS, LONG * LONG_CALLS
STRETCH = 1250  # calls after which everything is settled and checked, and forgotten
PROOFS = 3  # histories that may be made until there is something to try each forgery on
# What must happen in each, or it proves little.
DUE = ("insufficientCredits", "terminalState", "idempotencyConflict", "invalidTransition", "projectNotFound", "replayed",
       "done, and never answered")
# As it is, with writes that are refused for want of room, with readers whom the daemon waits for.
FLAGS = ((), ("--max-queued-writes", "12"), ("--max-unsent-bytes", "4096"))


def case(case):
    session = play(case, LONG_CALLS if case.is_long else CALLS, options=FLAGS[case.number % len(FLAGS)])
    if not case.findings:
        for name in DUE:
            case.expect(session.met[name], "wrong", f"there was nothing {name}: {dict(session.met)}")
    if not case.findings and case.number == 0:
        prove(case)
    return session.calls


def prove(case):
    """Histories in one stretch, as most of what can be forged is rare."""
    left = forgeries.FORGERIES
    for number in range(PROOFS):
        (folder := case.folder / f"proof{number}").mkdir()
        session = play(case, CALLS, CALLS, folder=folder)
        if case.findings:
            return
        missed, left = forgeries.unfound(case.rng, session.first_record, left)
        for text in missed:
            case.find("wrong", f"this check is blind: {text}")
        if not left:
            return
    case.find("wrong", f"in {PROOFS} histories there was nothing to try on: {[forge.__name__ for forge in left]}")


def play(case, calls, stretch=STRETCH, folder=None, options=()):
    """The history of so many calls, of a daemon with these flags, in the case's folder or another one."""
    daemon = Daemon(case.binaries / "lifecycled", folder or case.folder, *options)
    session = Session(case, daemon)
    try:
        while session.calls < calls and not case.findings:
            session.stretch(min(stretch, calls - session.calls))
        if not case.findings:
            session.end()
    finally:
        daemon.kill()
        session.crowd.close()
    return session
