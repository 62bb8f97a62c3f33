"""Many clients with the same users and projects, retries, lost connections, a daemon that is stopped and killed: all that they
were answered has one order, in which a sequential model gives the same answers."""

from harness.daemon import Daemon
from parts.history import forgeries
from parts.history.crowd import Lost
from parts.history.session import Session

TITLE = "history of many clients, against a sequential model"
# Of CALLS each, the long ones of LONG_CALLS: 20 000 and 10 million.
SHORT, LONG = 4, 500
CALLS, LONG_CALLS = 5000, 20_000
STRETCH = 1250  # calls after which everything is settled and checked, and forgotten
# What must happen in each, or it proves little.
DUE = ("insufficientCredits", "terminalState", "idempotencyConflict", "invalidTransition", "projectNotFound", "replayed",
       "done, and never answered")
# As it is, with writes that are refused for want of room, with readers whom the daemon waits for.
FLAGS = ((), ("--max-queued-writes", "6"), ("--max-unsent-bytes", "4096"))


def case(case):
    session = play(case, LONG_CALLS if case.is_long else CALLS, options=FLAGS[case.number % len(FLAGS)])
    if not case.findings:
        for name in DUE:
            case.expect(session.met[name], "wrong", f"there was nothing {name}: {dict(session.met)}")
    if not case.findings and case.number == 0:
        for text in forgeries.unfound(case.rng, session.first_record):
            case.find("wrong", f"this check is blind: {text}")
    return session.calls


def run(case, calls, environment=None, options=()):
    """The history of so many calls, of a daemon with this environment and these flags. Returns how many it was."""
    return play(case, calls, environment, options).calls


def play(case, calls, environment=None, options=()):
    daemon = Daemon(case.binaries / "lifecycled", case.folder, *options, environment=environment)
    session = Session(case, daemon)
    try:
        while session.calls < calls and not case.findings:
            session.stretch(min(STRETCH, calls - session.calls))
        if not case.findings:
            session.end()
    except Lost as error:
        case.find("lost", str(error))
    finally:
        daemon.kill()
        session.crowd.close()
    return session
