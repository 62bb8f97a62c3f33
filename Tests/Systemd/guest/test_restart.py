"""Stops, kills, hangs and upgrades under load: nothing that was acknowledged is lost, and nobody is refused."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path

from support import SERVICE, SOCKET, Callers, call, drop_in, is_active, journal, main_pid, new_project, request, show, systemctl, until


class Knocker:
    """Connects again and again. Connecting must never fail; what was acknowledged must be there in the end."""

    def __init__(self):
        self.refused, self.acknowledged, self.unanswered, self.isOver = [], [], 0, False
        self.thread = threading.Thread(target=self.knock)
        self.thread.start()

    def knock(self):
        number = 0
        while not self.isOver:
            number += 1
            params = {"userId": "knocker", "credits": 1, "reason": "test", "idempotencyKey": f"knock-{id(self)}-{number}"}
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
                connection.settimeout(60)
                try:
                    connection.connect(SOCKET)
                except OSError as error:
                    self.refused.append(str(error))
                    continue
                try:
                    connection.sendall(request("grantCredits", params).encode())
                    line = connection.makefile("rb").readline()
                except OSError:
                    line = b""
                if line and "result" in (reply := json.loads(line)):
                    self.acknowledged.append(reply["result"]["entry"]["entryId"])
                else:
                    self.unanswered += 1

    def end(self):
        self.isOver = True
        self.thread.join()
        return self


def granted(user):
    """The ids of all grants of a user, page by page."""
    ids, cursor = set(), None
    while True:
        page = call("listEntries", userId=user, limit=100, **({"cursor": cursor} if cursor else {}))
        ids |= {entry["entryId"] for entry in page["entries"]}
        cursor = page.get("nextCursor")
        if not cursor:
            return ids


class UnderLoad(unittest.TestCase):
    def under_load(self, disturb, times):
        callers, knocker = Callers(), Knocker()
        try:
            for number in range(times):
                # Every round has its calls before it.
                count = len(knocker.acknowledged)
                until(lambda: len(knocker.acknowledged) > count + 20 or knocker.refused)
                disturb()
        finally:
            knocker.end()
            tally, output = callers.end()
        print(f"{self.id().split('.')[-1]}: {tally['calls']} calls of the client, {tally['failures']} failed; "
              f"{len(knocker.acknowledged)} connections answered, {knocker.unanswered} cut off, "
              f"{len(knocker.refused)} refused", flush=True)
        self.assertEqual(tally["failures"], 0, output)
        self.assertEqual(knocker.refused, [])
        self.assertEqual(set(knocker.acknowledged) - granted("knocker"), set())
        self.assertEqual(call("audit")["findings"], [])
        # What the callers created they also failed, so all their credits are back.
        self.assertEqual(call("getBalance", userId="callers")["held"], 0)
        return knocker

    def test_restarts_lose_nothing_and_refuse_nobody(self):
        knocker = self.under_load(lambda: systemctl("restart", SERVICE), times=10)
        # An orderly stop answers what it has read, and what it has not read waits for the next daemon.
        self.assertEqual(knocker.unanswered, 0)

    def test_kill_9_loses_nothing_and_refuses_nobody(self):
        def kill():
            pid = until(main_pid)
            os.kill(pid, signal.SIGKILL)
            until(lambda: main_pid() not in (0, pid))

        self.under_load(kill, times=5)

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
            call("getBalance", userId="ada")
            pid = until(main_pid)
            until(is_active)
            os.kill(pid, signal.SIGSTOP)
            until(lambda: main_pid() not in (0, pid))
            self.assertGreaterEqual(int(show(SERVICE, "NRestarts")), 1)
            self.assertEqual(call("getBalance", userId="ada")["available"], 0)
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
