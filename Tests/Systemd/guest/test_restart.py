"""Stops, kills, hangs and upgrades under load: nothing that was acknowledged is lost, and nobody is refused."""

import json
import os
import signal
import subprocess
import unittest

from support import SERVICE, SOCKET, call, drop_in, is_active, journal, main_pid, new_project, show, systemctl, until
from under_load import under_load


class UnderLoad(unittest.TestCase):
    def test_restarts_lose_nothing_and_refuse_nobody(self):
        knocker = under_load(self, lambda: systemctl("restart", SERVICE), times=10)
        # An orderly stop answers what it has read, and what it has not read waits for the next daemon.
        self.assertEqual(knocker.unanswered, 0)

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

    def test_after_kill_9_it_is_started_again_and_what_is_due_is_refunded_though_nobody_connects(self):
        project = new_project("kim", startTimeout=2)
        os.kill(until(main_pid), signal.SIGKILL)
        until(lambda: [e for e in journal(f"LIFECYCLE_PROJECT={project}") if e["MESSAGE"].startswith("credits refunded")])
        self.assertEqual(call("getBalance", userId="kim"), {"userId": "kim", "available": 10, "held": 0})
        self.assertEqual(call("getStatus", projectId=project)["project"]["errorCode"], "startTimeout")

    def test_one_that_hangs_is_killed_by_the_watchdog_and_started_again(self):
        with drop_in(SERVICE, WatchdogSec="2s", TimeoutAbortSec="1s"):
            call("getBalance", userId="zoe")
            pid = until(main_pid)
            until(is_active)
            os.kill(pid, signal.SIGSTOP)
            until(lambda: main_pid() not in (0, pid))
            self.assertGreaterEqual(int(show(SERVICE, "NRestarts")), 1)
            self.assertEqual(call("getBalance", userId="zoe")["available"], 0)
        run_results = [e.get("UNIT_RESULT") for e in json_lines("UNIT=lifecycled.service")]
        self.assertIn("watchdog", run_results)

    def test_the_sweep_starts_a_stopped_daemon_and_its_clocks_run_on(self):
        project = new_project("sue", startTimeout=1)
        systemctl("stop", SERVICE)
        self.assertFalse(is_active())
        systemctl("start", "lifecycled-sweep.service")
        self.assertTrue(is_active())
        until(lambda: [e for e in journal(f"LIFECYCLE_PROJECT={project}") if e["MESSAGE"].startswith("credits refunded")])
        self.assertEqual(call("getBalance", userId="sue")["available"], 10)


def json_lines(*matches):
    output = subprocess.run(["journalctl", "-o", "json", *matches], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


if __name__ == "__main__":
    unittest.main()
