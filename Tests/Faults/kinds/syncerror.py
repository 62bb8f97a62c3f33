"""A sync that fails with EIO, and whose pages the page cache shows ever after although no disk has them: the daemon
must stop, answer nothing more as done, and start again on files whose next power cut loses nothing."""

import signal
import time

from testkit.wire import Connection, Gone
from parts import recording
from parts.recording import Recording
from parts.replay import Replay

TITLE = "sync EIO at the n-th position, restart, power cut"
# Positions; each has STATES power cuts after it.
SHORT, LONG = 24, 200
STATES, LONG_STATES = 200, 1000
LEAST = SHORT * STATES, LONG * LONG_STATES
SERVING, STARTING = 74, 73  # exit codes: it failed while it served, or before
# Syncs that a start does: of files, on no files yet; of files, after a kill; of the folder, on no files yet.
FIRST_START, LATER_START, FOLDERS = 10, 3, 3


def prepare(tools, binaries):
    recording.build(tools)


def case(case):
    with Recording(case) as made:
        PLACES[case.number % len(PLACES)](case, made)
        made.fault.unlink(missing_ok=True)
        made.daemon.start()
        made.settle()
        made.play(case.rng.uniform(0.03, 0.1))
        made.end()
        replay = Replay(case, made)
        failed = next((n for n, record in enumerate(replay.records) if record[0] == "F"), None)
        if failed is None:
            case.find("wrong", "no sync failed")
            return 0
        gone = next(n for n, record in enumerate(replay.records) if n > failed and record[0] == "P")
        return replay.run(LONG_STATES if case.is_long else STATES, first=failed, bare=[failed + 1, gone])


# MARK: Where it fails. Each ends with no daemon.


def at_first_start(case, made):
    made.fail_sync(case.rng.randint(1, FIRST_START))
    start_and_fail(case, made)


def at_start_after_kill(case, made):
    made.daemon.start()
    made.kill_within(case.rng.uniform(0.03, 0.1))
    made.fail_sync(case.rng.randint(1, LATER_START))
    start_and_fail(case, made)


def at_names(case, made):
    """Syncs of the folder: those of SQLite it takes for done, the daemon's own not."""
    made.fail_sync(case.rng.randint(1, FOLDERS), "/")
    start_and_fail(case, made, may_go_on=True)


def under_load(case, made):
    made.daemon.start()
    moment = time.monotonic() + case.rng.uniform(0, 0.05)
    number = case.rng.randint(1, 60)

    def fail():
        nonlocal number
        if number and time.monotonic() > moment:
            made.fail_sync(number)
            number = 0

    made.play(60, until=fail)
    ends(case, made, SERVING)


def at_checkpoint(case, made):
    made.daemon.start()
    made.fail_sync(1, ".db")
    made.play(60)
    ends(case, made, SERVING)


def at_close(case, made):
    made.daemon.start()
    made.play(case.rng.uniform(0.03, 0.1))
    made.fail_sync(case.rng.randint(1, 2))
    made.daemon.process.send_signal(signal.SIGTERM)
    ends(case, made, SERVING)


PLACES = [
    at_first_start, under_load, at_start_after_kill, at_close, under_load, at_first_start, at_names, under_load,
    at_start_after_kill, at_close, at_first_start, at_checkpoint]


# MARK: Parts


def start_and_fail(case, made, may_go_on=False):
    daemon = made.daemon
    daemon.launch()
    deadline = time.monotonic() + 60
    while daemon.process.poll() is None and time.monotonic() < deadline:
        try:
            Connection(daemon.socket).close()
        except Gone:
            time.sleep(0.002)
            continue
        if not may_go_on:
            case.find("wrong", f"it serves after a sync that failed: {daemon.last_words()}")
        daemon.kill()
        return
    ends(case, made, STARTING)


def ends(case, made, expected):
    code = made.daemon.process.wait(30)
    case.expect(code == expected, "wrong", f"exit code {code} and not {expected}: {made.daemon.last_words()}")
