"""The units as an admin reads them: without a complaint of systemd's, closed, and with examples that work."""

import shutil
import subprocess
import unittest
from pathlib import Path

from support import SERVICE, SOCKET, call, callers, drop_in, is_active, new_project, run, show, systemctl, until

UNITS = Path("/usr/lib/systemd/system")
EXAMPLES = Path("/usr/share/doc/lifecycle-rpc/examples")
NAMES = sorted(path.name for path in UNITS.glob("lifecycled*"))


def verify(*names):
    """What systemd has to say about the units: nothing. (Its exit status tells less.)"""
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True)
    return done.stdout + done.stderr


class Units(unittest.TestCase):
    def test_all_are_installed(self):
        self.assertEqual(
            NAMES,
            ["lifecycled-backup.service", "lifecycled-backup.timer", "lifecycled-sweep.service", "lifecycled-sweep.timer",
             "lifecycled.service", "lifecycled.socket"])

    def test_systemd_finds_nothing_to_complain_about(self):
        self.assertEqual(verify(*NAMES), "")

    def test_exposure_is_at_most_one_half(self):
        for name in NAMES:
            if name.endswith(".service"):
                with self.subTest(name):
                    text = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=5", str(UNITS / name))
                    print(text.splitlines()[-1], flush=True)

    def test_all_services_have_the_same_sandbox(self):
        def sandbox(name):
            text = (UNITS / name).read_text()
            return text[text.index("NoNewPrivileges="):].split("\n[Install]")[0].strip()

        self.assertEqual({sandbox(name) for name in NAMES if name.endswith(".service")}, {sandbox(SERVICE)})

    def test_nothing_that_the_daemon_does_is_outside_of_its_list_of_system_calls(self):
        with drop_in(
            SERVICE, SystemCallErrorNumber="kill", SystemCallFilter="setpriority", Environment="LIFECYCLED_IDLE_EXIT=1"
        ):
            with callers() as done:
                project = new_project("sandbox", startTimeout=1)
                call("backup", path="sandbox.db")
                call("audit")
                call("rpc.discover")
                until(lambda: call("getStatus", projectId=project)["project"]["status"] == "failed")
            self.assertEqual(done.failures, 0, done.output)
            until(lambda: not is_active())
            self.assertEqual((show(SERVICE, "Result"), show(SERVICE, "NRestarts")), ("success", "0"))

    def test_nothing_is_open_to_the_daemon_that_it_does_not_need(self):
        """The sandbox as it is in the kernel, of a process beside the daemon in the same unit's settings."""
        with drop_in(SERVICE, ExecStartPre=[
            "/bin/sh -c '! touch /etc/x && ! touch /usr/x && ! touch /run/lifecycled/x'",
            "/bin/sh -c 'touch /var/lib/lifecycle/x && rm /var/lib/lifecycle/x'",
            "/bin/sh -c '! ls /proc/1/fd && ! test -e /proc/meminfo && ! test -e /proc/sys && ! test -e /dev/kmsg'",
            "/bin/sh -c '! find /sys -maxdepth 4 -writable -not -type l | grep .'",
            "/usr/bin/python3 -c 'import socket, sys\\ntry: socket.socket(socket.AF_INET)\\nexcept OSError: sys.exit(0)\\nsys.exit(1)'",
        ], SystemCallFilter=["@process", "@system-service"]):
            self.assertEqual(call("getBalance", userId="zoe")["available"], 0)


class Examples(unittest.TestCase):
    """Each is put where its folder says."""

    def setUp(self):
        for name in ["lifecycle", "lifecycle-backups"]:
            run("install", "-d", "-o", "lifecycled", "-g", "lifecycled", "-m", "0700", f"/srv/{name}")

    def tearDown(self):
        for folder in Path("/etc/systemd/system").glob("lifecycled*.d"):
            shutil.rmtree(folder)
        systemctl("daemon-reload")
        systemctl("restart", "lifecycled.socket")

    def test_each_is_taken_by_systemd_and_the_daemon_works_with_it(self):
        examples = sorted(EXAMPLES.glob("lifecycled*.d/*.conf"))
        self.assertGreater(len(examples), 10)
        for example in examples:
            with self.subTest(example.relative_to(EXAMPLES)):
                systemctl("stop", "lifecycled.socket")
                folder = Path("/etc/systemd/system") / example.parent.name
                folder.mkdir()
                self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
                shutil.copy(example, folder)
                systemctl("daemon-reload")
                self.assertEqual(verify(*NAMES), "")
                systemctl("start", "lifecycled.socket")
                path = "/run/lifecycle-elsewhere.sock" if example.match("lifecycled.socket.d/path.conf") else SOCKET
                self.assertIn('"available":0', run("lifecyclectl", "balance", "zoe", "--json", "--socket", path))
                self.assertTrue(is_active("lifecycled-sweep.timer"))
                shutil.rmtree(folder)

    def test_those_for_other_units_are_right(self):
        unit = Path("/run/systemd/system/your-app.service")
        unit.write_text(f"[Service]\nType=oneshot\nDynamicUser=yes\nExecStart=/usr/bin/lifecyclectl balance ada\n")
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
        Path("/run/tmpfiles.d/lifecycle-backups.conf").write_text(once)
        run("systemd-tmpfiles", "--clean", "lifecycle-backups.conf")
        self.assertFalse(old.exists())
        self.assertTrue((old.parent / "new.db").exists())


if __name__ == "__main__":
    unittest.main()
