"""Stops, kills, hangs and upgrades under load: nothing that was acknowledged is lost, and nobody is refused."""

import os
import signal
import unittest

from support import (
    SERVICE, SOCKET, SWEEP, call, drop_in, is_active, journal, main_pid, new_project, refund_of, show, systemctl, until)
from under_load import under_load


class UnderLoad(unittest.TestCase):
    def test_restarts_lose_nothing_and_refuse_nobody(self):
        knocker = under_load(self, lambda: systemctl("restart", SERVICE), times=10)
        # An orderly stop answers what it has read, and what it has not read waits for the next daemon. It closes who
        # says nothing for too long, which on a busy machine may be one who was about to.
        self.assertEqual(knocker.broken, 0)

    def test_kill_9_loses_nothing_and_refuses_nobody(self):
        def kill():
            pid = until(main_pid)
            os.kill(pid, signal.SIGKILL)
            until(lambda: main_pid() not in (0, pid))

        under_load(self, kill, times=5)

    def test_the_socket_stays_the_same_over_a_restart(self):
        before = os.stat(SOCKET).st_ino
        systemctl("restart", SERVICE)
        self.assertEqual(os.stat(SOCKET).st_ino, before)


class Unattended(unittest.TestCase):
    """Nobody is there to look after it."""

    def test_after_kill_9_it_is_started_again_and_first_refunds_what_is_due_though_nobody_connects(self):
        # It becomes due while there is no daemon.
        with drop_in(SERVICE, RestartSec="6s"):
            project = new_project("kim", startTimeout=3)
            pid = until(main_pid)
            os.kill(pid, signal.SIGKILL)
            refund = refund_of(project)
            self.assertNotEqual(refund["_PID"], str(pid))
            until(is_active)
            said = [entry["MESSAGE"] for entry in journal(f"_PID={refund['_PID']}")]
            ready = [message for message in said if message.startswith("ready")]
            self.assertLess(said.index(refund["MESSAGE"]), said.index(ready[0]))
        self.assertEqual(call("getBalance", userId="kim"), {"userId": "kim", "available": 10, "held": 0})
        self.assertEqual(call("getStatus", projectId=project)["project"]["errorCode"], "startTimeout")

    def test_one_that_hangs_is_killed_by_the_watchdog_and_started_again(self):
        with drop_in(SERVICE, WatchdogSec="5s", TimeoutAbortSec="1s"):
            call("getBalance", userId="zoe")
            pid = until(main_pid)
            until(is_active)
            os.kill(pid, signal.SIGSTOP)
            until(lambda: main_pid() not in (0, pid))
            self.assertGreaterEqual(int(show(SERVICE, "NRestarts")), 1)
            self.assertEqual(call("getBalance", userId="zoe")["available"], 0)
        self.assertIn("watchdog", [entry.get("UNIT_RESULT") for entry in journal()])

    def test_the_sweep_starts_a_stopped_daemon_and_its_clocks_run_on(self):
        project = new_project("sue", startTimeout=1)
        systemctl("stop", SERVICE)
        self.assertFalse(is_active())
        systemctl("start", SWEEP)
        self.assertTrue(is_active())
        refund_of(project)
        self.assertEqual(call("getBalance", userId="sue")["available"], 10)


if __name__ == "__main__":
    unittest.main()
