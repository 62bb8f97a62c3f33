"""The daemon never waits for the journal; when that is slow, hung or gone, what it misses is counted and told."""

import contextlib
import os
import shutil
import signal
import time
import unittest
from pathlib import Path

from support import (
    SERVICE, call, connect, entries_since, journal, main_pid, newest_entry, request, run, show, systemctl, until)

JOURNALD = ["systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-journald-audit.socket"]
# More than the daemon's log queue (8192) and a socket hold.
FLOOD = 12_000


def grants(user, count):
    """So many grants of 1 credit by one connection, each acknowledged; returns how long that took."""
    start = time.monotonic()
    with connect() as connection:
        answers = connection.makefile("rb")
        for first in range(0, count, 200):
            numbers = range(first, min(first + 200, count))
            params = {"userId": user, "credits": 1, "reason": "test"}
            connection.sendall("".join(request("grantCredits", params, number) for number in numbers).encode())
            for _ in numbers:
                assert b'"result"' in answers.readline()
    return time.monotonic() - start


def journald(action, *sockets):
    systemctl("reset-failed", "systemd-journald.service")  # Five starts in ten seconds are no fault here.
    systemctl(action, *sockets, "systemd-journald.service")


@contextlib.contextmanager
def journald_settings(*settings):
    folder = Path("/run/systemd/journald.conf.d")
    folder.mkdir(parents=True)
    (folder / "test.conf").write_text("\n".join(["[Journal]", *settings, ""]))
    try:
        journald("restart")
        yield
    finally:
        shutil.rmtree(folder)
        journald("restart")


def told(user, cursor):
    """What the journal says of this user's grants since an entry: how many it has, and how many it misses."""
    seen = missing = 0
    for entry in entries_since(cursor):
        seen += entry.get("LIFECYCLE_USER") == user and entry["MESSAGE"].startswith("credits granted")
        missing += int(entry.get("LIFECYCLE_DROPPED", 0))
    return seen, missing


class NeverWaiting(unittest.TestCase):
    def setUp(self):
        call("getBalance", userId="ada")
        until(journal)
        self.start = newest_entry()

    def resumed(self, user, count):
        """Everything is accounted for, once there is one more entry."""
        def accounted():
            call("grantCredits", userId=user, credits=1, reason="test")
            accounted.granted += 1
            seen, missing = told(user, self.start)
            return (seen, missing) if seen + missing >= accounted.granted else None

        accounted.granted = count
        seen, missing = until(accounted)
        self.assertEqual(seen + missing, accounted.granted)
        return missing

    def test_the_limit_of_journald_does_not_hold_for_the_daemon(self):
        # By default 10000 entries in 30 s, times up to 10 by how much disk is free.
        with journald_settings("RateLimitIntervalSec=30s", "RateLimitBurst=10"):
            seconds = grants("mia", 20_000)
            missing = self.resumed("mia", 20_000)
            print(f"20000 grants in {seconds:.1f} s, {missing} of them dropped from the journal", flush=True)
            self.assertNotIn("Suppressed", run("journalctl", "-b", "-u", "systemd-journald.service", "-o", "cat"))

    def test_a_journald_that_hangs_holds_up_nothing_and_what_is_missing_is_told(self):
        journald_pid = int(show("systemd-journald.service", "MainPID"))
        os.kill(journald_pid, signal.SIGSTOP)
        try:
            seconds = grants("hugo", FLOOD)
        finally:
            os.kill(journald_pid, signal.SIGCONT)
        missing = self.resumed("hugo", FLOOD)
        print(f"journald hung: {FLOOD} grants in {seconds:.1f} s, {missing} entries dropped", flush=True)
        self.assertGreater(missing, 0)

    def test_a_journald_that_hangs_does_not_hold_up_the_stop(self):
        journald_pid, pid = int(show("systemd-journald.service", "MainPID")), main_pid()
        before = call("getBalance", userId="stan")["available"]
        os.kill(journald_pid, signal.SIGSTOP)
        try:
            grants("stan", FLOOD)
            start = time.monotonic()
            os.kill(pid, signal.SIGTERM)
            until(lambda: not Path(f"/proc/{pid}").exists())
            seconds = time.monotonic() - start
        finally:
            os.kill(journald_pid, signal.SIGCONT)
        print(f"journald hung: stopped in {seconds:.1f} s", flush=True)
        self.assertLess(seconds, 30)
        self.assertEqual(call("getBalance", userId="stan")["available"], before + FLOOD)
        self.assertEqual(show(SERVICE, "Result"), "success")

    def test_without_a_journald_all_goes_on_and_what_is_missing_is_told(self):
        path = Path("/run/systemd/journal/socket")
        journald("stop", *JOURNALD)
        path.unlink(missing_ok=True)
        try:
            seconds = grants("gus", 1000)
        finally:
            journald("start", *JOURNALD)
        missing = self.resumed("gus", 1000)
        print(f"journald gone: 1000 grants in {seconds:.1f} s, {missing} entries dropped", flush=True)
        self.assertGreater(missing, 0)

    def test_a_journald_that_is_restarted_is_written_to_again(self):
        for _ in range(3):
            grants("rita", 500)
            journald("restart")
        grants("rita", 500)
        self.resumed("rita", 2000)


if __name__ == "__main__":
    unittest.main()
