"""The first caller starts the daemon; it ends when idle; nobody is ever refused."""

import contextlib
import os
import statistics
import subprocess
import time
import unittest
from pathlib import Path

from support import (
    HANGS, SERVICE, SOCKET, ask_as, call, connect, drop_in, is_active, main_pid, make_users, new_project, request, run,
    show, systemctl, until)


def setUpModule():
    make_users()


@contextlib.contextmanager
def first_in_line():
    """This process, systemd and all that it starts go before whoever else wants a core: that is not to be measured."""
    try:
        for pid in [0, 1]:
            os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        pass
    try:
        yield
    finally:
        for pid in [0, 1]:
            os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))


class Activation(unittest.TestCase):
    def setUp(self):
        systemctl("stop", SERVICE)

    def test_the_first_connection_starts_the_daemon_and_is_answered(self):
        self.assertFalse(is_active())
        self.assertEqual(call("getBalance", userId="nobody")["available"], 0)
        until(is_active)

    def test_printf_and_socat_are_enough(self):
        line = request("getBalance", {"userId": "zoe"}).strip()
        script = f"printf '%s\\n' '{line}' | socat -t {HANGS} - UNIX-CONNECT:{SOCKET}"
        self.assertIn('"available":0', run("sh", "-c", script))

    def test_connect_to_first_answer_takes_60_ms_and_half_as_much_again_on_slow_machines(self):
        # The fastest, as what is slower waits for others; and machines of one class differ by half from day to day.
        limit = 90
        times = []
        with first_in_line():
            for _ in range(41):
                systemctl("stop", SERVICE)
                start = time.monotonic()
                call("getBalance", userId="zoe")
                times.append((time.monotonic() - start) * 1000)
            systemctl("stop", SERVICE)
        print(f"cold start: fastest {min(times):.1f} ms of at most {limit}, median {statistics.median(times):.1f} ms, "
              f"slowest {max(times):.1f} ms", flush=True)
        self.assertLessEqual(min(times), limit)
        self.assertLessEqual(statistics.median(times), 250)

    def test_many_first_connections_at_once_are_all_answered(self):
        connections = []
        for _ in range(200):
            connection = connect()
            connection.sendall(request("getBalance", {"userId": "zoe"}).encode())
            connections.append(connection)
        for connection in connections:
            self.assertIn(b"available", connection.makefile("rb").readline())
            connection.close()


class IdleExit(unittest.TestCase):
    def test_an_idle_daemon_ends_and_the_next_caller_starts_it_again(self):
        with drop_in(SERVICE, Environment="LIFECYCLED_IDLE_EXIT=1"):
            call("getBalance", userId="zoe")
            until(lambda: not is_active())
            self.assertEqual(show(SERVICE, "Result"), "success")
            call("getBalance", userId="zoe")

    def test_it_does_not_end_while_a_project_is_unfinished(self):
        with drop_in(SERVICE, Environment="LIFECYCLED_IDLE_EXIT=1"):
            project = new_project("ida")
            pid = main_pid()
            # Longer than the idle time, as the daemon's own clock shows: it ends only after the project.
            call("updateStatus", projectId=project, status="processing")
            time.sleep(2.5)
            self.assertEqual(main_pid(), pid)
            call("updateStatus", projectId=project, status="completed")
            until(lambda: not is_active())

    def test_thirty_starts_in_a_short_time_do_not_fail_the_socket(self):
        for _ in range(30):
            call("getBalance", userId="zoe")
            systemctl("stop", SERVICE)
        self.assertTrue(is_active("lifecycled.socket"))
        self.assertTrue(Path(SOCKET).is_socket())
        # The other limits, which so few starts may not have reached.
        self.assertEqual(show("lifecycled.socket", "TriggerLimitIntervalUSec"), "0")
        self.assertEqual(show(SERVICE, "StartLimitIntervalUSec"), "0")

    def test_a_daemon_that_cannot_start_is_tried_again_until_it_can(self):
        with drop_in(SERVICE, Environment="LIFECYCLED_LEASE=nonsense"):
            caller = subprocess.Popen(
                ["socat", "-t", str(HANGS), "-", f"UNIX-CONNECT:{SOCKET}"], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            caller.stdin.write(request("getBalance", {"userId": "zoe"}))
            caller.stdin.flush()
            until(lambda: int(show(SERVICE, "NRestarts")) >= 2)
            self.assertTrue(is_active("lifecycled.socket"))
        # Who waited all the time is answered by the one that can.
        output, _ = caller.communicate(timeout=HANGS)
        self.assertIn('"available":0', output)


class Roles(unittest.TestCase):
    """Groups decide, also inside of the sandbox (a user namespace would make all callers alike)."""

    ALLOWED = {
        "reader": {"getBalance"},
        "agent": {"getBalance", "heartbeat"},
        "app": {"getBalance", "createProject"},
        "admin": {"getBalance", "heartbeat", "createProject", "grantCredits"},
    }
    CALLS = {
        "getBalance": {"userId": "roles"},
        "heartbeat": {"projectId": "00000000-0000-7000-8000-000000000000"},
        "createProject": {"userId": "roles", "credits": 1_000_000},
        "grantCredits": {"userId": "roles", "credits": 1, "reason": "test"},
    }

    def test_each_may_do_what_its_groups_say(self):
        for user, allowed in self.ALLOWED.items():
            for method, params in self.CALLS.items():
                with self.subTest(user=user, method=method):
                    reply = ask_as(user, method, **params)
                    if project := reply.get("result", {}).get("project"):
                        call("updateStatus", projectId=project["projectId"], status="failed")
                    is_denied = reply.get("error", {}).get("data", {}).get("kind") == "permissionDenied"
                    self.assertEqual(is_denied, method not in allowed, reply)

    def test_a_stranger_cannot_connect(self):
        self.assertIsNone(ask_as("stranger", "getBalance", userId="roles"))

    def test_the_history_names_the_caller(self):
        from pwd import getpwnam

        call("grantCredits", userId="named", credits=5, reason="test")
        created = ask_as("app", "createProject", userId="named", credits=5)["result"]["project"]["projectId"]
        events = call("explainProject", projectId=created)["events"]
        call("updateStatus", projectId=created, status="failed")
        self.assertEqual(events[0]["uid"], getpwnam("app").pw_uid)


if __name__ == "__main__":
    unittest.main()
