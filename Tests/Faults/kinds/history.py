"""Many clients with the same users and projects, retries, lost connections, a daemon that is stopped and killed: all that they
were answered has one order, in which a sequential model gives the same answers."""

from harness.daemon import Daemon
from parts.history import forgeries
from parts.history.session import Session

TITLE = "history of many clients, against a sequential model"
# Of CALLS each; 20 000 and 10 million.
SHORT, LONG = 4, 2000
CALLS = 5000
STRETCH = 1250  # calls after which everything is settled and checked


def case(case):
    count = run(case, CALLS)
    if case.number == 0 and not case.findings:
        for text in forgeries.unfound(case.rng, case.first_record):
            case.find("wrong", f"this check is blind: {text}")
    return count


def run(case, calls, environment=None, options=()):
    """The history of so many calls, of a daemon with this environment and these flags. Returns how many it was."""
    daemon = Daemon(case.binaries / "lifecycled", case.folder, *options, environment=environment)
    session = Session(case, daemon)
    try:
        while session.calls < calls and not case.findings:
            session.stretch(min(STRETCH, calls - session.calls))
        if not case.findings:
            session.end()
        return session.calls
    finally:
        daemon.kill()
        session.crowd.close()
