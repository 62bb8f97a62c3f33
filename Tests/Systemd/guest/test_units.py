"""The units as an admin reads them: without a complaint of systemd's, closed, and with examples that work."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import unittest
from collections import defaultdict
from pathlib import Path

from support import (
    BACKUP, SERVICE, SOCKET, SWEEP, call, callers, connect, drop_in, identity, is_active, journal, main_pid, make_users,
    new_project, refund_of, request, run, show, small_disk, start, systemctl, until)

UNITS = Path("/usr/lib/systemd/system")
EXAMPLES = Path("/usr/share/doc/lifecycle-rpc/examples")
NAMES = sorted(path.name for path in UNITS.glob("lifecycled*"))
SERVICES = [name for name in NAMES if name.endswith(".service")]
OFFLINE = ["--offline=true", "--no-pager"]
# Opens argv[2] connections to argv[1], each with a line of 1 MiB that does not end, until its own input ends.
UNFINISHED_LINES = """
import socket, sys
connections = [socket.socket(socket.AF_UNIX) for _ in range(int(sys.argv[2]))]
for connection in connections:
    connection.connect(sys.argv[1])
    connection.sendall(b'"' + b"a" * (2**20 - 2))
print("done", flush=True)
sys.stdin.read()
"""


def refused(expression):
    """A command that succeeds where this, in Python, is not permitted."""
    lines = ["import socket, sys", f"try: {expression}", "except OSError: sys.exit(0)", "sys.exit(1)"]
    return '/usr/bin/python3 -c "{}"'.format("\\n".join(lines))


def most_memory(pid):
    """Of a process so far, in bytes."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) << 10


def verify(*names):
    """What systemd has to say about the units: nothing. (Its exit status tells less.)"""
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True)
    return done.stdout + done.stderr


class Units(unittest.TestCase):
    def test_all_are_installed(self):
        self.assertEqual(
            NAMES,
            ["lifecycled-backup.service", "lifecycled-backup.timer", "lifecycled-sweep.service",
             "lifecycled-sweep.timer", "lifecycled.service", "lifecycled.socket"])

    def test_systemd_finds_nothing_to_complain_about(self):
        self.assertEqual(verify(*NAMES), "")

    def test_exposure_is_at_most_one_half(self):
        for name in SERVICES:
            with self.subTest(name):
                text = run("systemd-analyze", "security", *OFFLINE, "--threshold=5", str(UNITS / name))
                print(text.splitlines()[-1], flush=True)

    def test_what_remains_exposed_is_explained(self):
        explanations = [line for line in (UNITS / SERVICE).read_text().splitlines() if line.startswith("#   ")]
        for name in SERVICES:
            for each in json.loads(run("systemd-analyze", "security", *OFFLINE, "--json=short", str(UNITS / name))):
                if each["exposure"] is not None:
                    with self.subTest(name, exposed=each["name"]):
                        setting = each["name"].split("=")[0] + "="
                        self.assertTrue([line for line in explanations if line[4:].startswith(setting)])

    def test_all_services_have_the_same_sandbox(self):
        def sandbox(name):
            text = (UNITS / name).read_text()
            return text[text.index("NoNewPrivileges="):].split("\n[Install]")[0].strip()

        self.assertEqual({sandbox(name) for name in SERVICES}, {sandbox(SERVICE)})

    def test_limits_are_as_systemd_takes_them(self):
        for name, memory in {SERVICE: 2 << 30, SWEEP: 512 << 20, BACKUP: 128 << 20}.items():
            with self.subTest(name):
                self.assertEqual(show(name, "MemoryMax"), str(memory))
                self.assertEqual((show(name, "TasksMax"), show(name, "LimitCORE")), ("64", "0"))
                self.assertEqual(set(show(name, "IPAddressDeny").split()), {"0.0.0.0/0", "::/0"})
        self.assertEqual(show(SERVICE, "LimitNOFILE"), "4096")


class Memory(unittest.TestCase):
    def test_lines_that_do_not_end_on_half_of_the_connections_take_less_than_half_of_the_limit(self):
        make_users()
        systemctl("restart", SERVICE)
        pid = until(main_pid)
        command = [sys.executable, "-c", UNFINISHED_LINES, SOCKET, "256"]
        with contextlib.ExitStack() as stack:
            holders = [
                stack.enter_context(subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **identity(user)))
                for user in ["reader", "agent"]
            ]
            for holder in holders:
                self.assertEqual(holder.stdout.readline(), "done\n")
            most = most_memory(pid)
        print(f"512 unfinished lines: {most >> 20} MiB", flush=True)
        self.assertLess(2 * most, int(show(SERVICE, "MemoryMax")))


class SystemCalls(unittest.TestCase):
    """The services do what they do where a system call that is not on their list is the end of a process."""

    def setUp(self):
        deadly = {"SystemCallErrorNumber": "kill", "SystemCallFilter": "setpriority"}
        settings = ["LIFECYCLED_IDLE_EXIT=1", "LIFECYCLED_KEEP_DAYS=1", "LIFECYCLED_DETACH_GRACE=1"]
        self.enterContext(drop_in(SERVICE, Environment=settings, **deadly))
        for unit in [SWEEP, BACKUP]:
            self.enterContext(drop_in(unit, **deadly))
        run("journalctl", "--sync")
        self.start = json.loads(run("journalctl", "-n", "1", "-o", "json"))["__CURSOR"]

    def tearDown(self):
        run("journalctl", "--sync")
        self.assertNotIn("31/SYS", run("journalctl", f"--after-cursor={self.start}", "-o", "cat"))

    def test_of_the_daemon(self):
        with callers() as done, connect() as watcher:
            watcher.sendall(request("watch", {"fromSeq": 0}).encode())
            lines = watcher.makefile("rb")
            self.assertIn(b'"result"', lines.readline())
            self.assertIn(b'"event"', lines.readline())
            lines.close()
            unstarted, abandoned = new_project("sandbox", startTimeout=1), new_project("sandbox")
            call("updateStatus", projectId=abandoned, status="processing")
            call("heartbeat", projectId=abandoned, attach=True)
            call("backup", path="sandbox.db")
            call("audit")
            call("getMetrics")
            call("rpc.discover")
            for project, code in [(unstarted, "startTimeout"), (abandoned, "crashed")]:
                self.assertEqual(refund_of(project)["LIFECYCLE_ERROR_CODE"], code)
        self.assertEqual(done.failures, 0, done.output)
        until(lambda: not is_active())
        self.assertEqual((show(SERVICE, "Result"), show(SERVICE, "NRestarts")), ("success", "0"))

    def test_of_the_daemon_on_a_full_disk(self):
        with small_disk() as (fill, free):
            project = new_project("sandbox")
            call("grantCredits", userId="sandbox", credits=1000, reason="test")
            fill()
            with self.assertRaisesRegex(AssertionError, "storageFull"):
                for _ in range(1000):
                    call("createProject", userId="sandbox", credits=1, metadata={"filler": "x" * 3000})
            call("updateStatus", projectId=project, status="failed")
            free()
            systemctl("restart", SERVICE)
            self.assertEqual(call("audit")["findings"], [])

    def test_of_the_backup_and_of_the_sweep_with_and_without_a_daemon(self):
        start(BACKUP, SWEEP)
        project = new_project("sandbox", startTimeout=5)
        systemctl("stop", "lifecycled.socket")

        def swept():
            start(SWEEP)
            return journal(f"LIFECYCLE_PROJECT={project}", unit=SWEEP)

        try:
            until(swept)
        finally:
            systemctl("start", "lifecycled.socket")


class Sandbox(unittest.TestCase):
    """The sandbox as it is in the kernel, of the daemon and of processes beside it in the same unit's settings."""

    def test_nothing_is_open_to_the_daemon_that_it_does_not_need(self):
        with drop_in(SERVICE, ExecStartPre=[
            "/bin/sh -c '! touch /etc/x && ! touch /usr/x && ! touch /run/lifecycled/x'",
            f"/bin/sh -c '! chmod 0666 {SOCKET}'",
            "/bin/sh -c 'touch /var/lib/lifecycle/x && rm /var/lib/lifecycle/x'",
            "/bin/sh -c '! ls /proc/1/fd && ! test -e /proc/meminfo && ! test -e /proc/sys && ! test -e /dev/kmsg'",
            "/bin/sh -c '! find /sys -maxdepth 4 -writable -not -type l | grep .'",
            refused("socket.socket(socket.AF_INET)"),
        ], SystemCallFilter=["@process", "@system-service"]):
            self.assertEqual(call("getBalance", userId="zoe")["available"], 0)
            network = os.readlink(f"/proc/{until(main_pid)}/ns/net")
        self.assertNotEqual(network, os.readlink("/proc/1/ns/net"))

    def test_without_the_other_walls_it_would_still_reach_no_address(self):
        datagram = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))"
        with drop_in(
            SERVICE, PrivateNetwork="no", RestrictAddressFamilies="AF_INET", ExecStartPre=refused(datagram),
            SystemCallFilter=["@process", "@system-service"]
        ):
            self.assertEqual(call("getBalance", userId="zoe")["available"], 0)

    def test_the_backup_cannot_read_what_it_asks_for(self):
        call("getBalance", userId="zoe")
        with drop_in(BACKUP, ExecStartPre="/bin/sh -c '! ls /var/lib/lifecycle'", SystemCallFilter="@process"):
            start(BACKUP)


@contextlib.contextmanager
def installed(examples):
    """Each of these drop-ins is where its folder says; the socket is stopped."""
    systemctl("stop", "lifecycled.socket")
    folders = [Path("/etc/systemd/system") / example.parent.name for example in examples]
    for folder, example in zip(folders, examples):
        folder.mkdir()
        shutil.copy(example, folder)
    systemctl("daemon-reload")
    try:
        yield
    finally:
        for folder in folders:
            shutil.rmtree(folder)


class Examples(unittest.TestCase):
    def setUp(self):
        for name in ["lifecycle", "lifecycle-backups"]:
            run("install", "-d", "-o", "lifecycled", "-g", "lifecycled", "-m", "0700", f"/srv/{name}")

    def tearDown(self):
        systemctl("daemon-reload")
        systemctl("restart", "lifecycled.socket")

    def test_each_is_taken_by_systemd_and_daemon_sweep_and_backup_work_with_it(self):
        # Those of the same name belong together.
        examples = defaultdict(list)
        for example in EXAMPLES.glob("lifecycled*.d/*.conf"):
            examples[example.name].append(example)
        self.assertGreater(len(examples), 10)
        for name, parts in sorted(examples.items()):
            with self.subTest(name), installed(parts):
                self.assertEqual(verify(*NAMES), "")
                systemctl("start", "lifecycled.socket")
                path = "/run/lifecycle-elsewhere.sock" if name == "path.conf" else SOCKET
                self.assertIn('"available":0', run("lifecyclectl", "balance", "zoe", "--json", "--socket", path))
                self.assertTrue(is_active("lifecycled-sweep.timer"))
                start(SWEEP)
                systemctl("stop", SERVICE)
                start(SWEEP, BACKUP)
                second = int(time.time())
                until(lambda: int(time.time()) > second)  # The next backup gets another name.

    def test_those_for_other_units_are_right(self):
        unit = Path("/run/systemd/system/your-app.service")
        unit.write_text("[Service]\nType=oneshot\nDynamicUser=yes\nExecStart=/usr/bin/lifecyclectl balance ada\n")
        folder = Path("/run/systemd/system/your-app.service.d")
        for kind in ["app", "pipeline"]:
            with self.subTest(kind):
                shutil.copytree(EXAMPLES / f"your-{kind}.service.d", folder, dirs_exist_ok=True)
                systemctl("daemon-reload")
                self.assertEqual(verify("your-app.service"), "")
                systemctl("start", "your-app.service")
        shutil.rmtree(folder)
        unit.unlink()
        systemctl("daemon-reload")

    def test_old_backups_are_removed_by_the_example_for_that(self):
        call("backup", path="new.db")
        old = Path("/var/lib/lifecycle/backups/old.db")
        old.write_bytes(b"")
        run("touch", "-a", "-m", "-d", "40 days ago", str(old))
        configuration = (EXAMPLES / "tmpfiles.d/lifecycle-backups.conf").read_text()
        # By the change of the inode, too, which nobody can date back.
        once = configuration.replace("30d", "am:30d")
        Path("/run/tmpfiles.d").mkdir(exist_ok=True)
        there = Path("/run/tmpfiles.d/lifecycle-backups.conf")
        there.write_text(once)
        self.addCleanup(there.unlink)
        run("systemd-tmpfiles", "--clean", "lifecycle-backups.conf")
        self.assertFalse(old.exists())
        self.assertTrue((old.parent / "new.db").exists())


if __name__ == "__main__":
    unittest.main()
