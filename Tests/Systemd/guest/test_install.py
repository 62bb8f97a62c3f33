"""Installing: what is there afterwards, what runs and what does not."""

import grp
import os
import pwd
import unittest

from support import BACKUP, SERVICE, SOCKET, STATE, SWEEP, call, is_active, run, show, systemctl


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run("dpkg", "--install", "/srv/test/deb/previous.deb")

    def test_the_socket_and_the_sweep_are_on_the_backup_is_off_and_the_daemon_waits_for_a_caller(self):
        self.assertTrue(is_active("lifecycled.socket") and is_active("lifecycled-sweep.timer"))
        self.assertFalse(is_active("lifecycled-backup.timer"))
        self.assertEqual(show("lifecycled.socket", "UnitFileState"), "enabled")
        self.assertEqual(show("lifecycled-sweep.timer", "UnitFileState"), "enabled")
        self.assertEqual(show("lifecycled-backup.timer", "UnitFileState"), "disabled")

    def test_users_groups_and_modes_are_right(self):
        for group in ["lifecycle", "lifecycle-agent", "lifecycle-app", "lifecycle-admin"]:
            grp.getgrnam(group)
        status = os.stat(SOCKET)
        owner, group = pwd.getpwnam("lifecycled").pw_uid, grp.getgrnam("lifecycle").gr_gid
        self.assertEqual((status.st_uid, status.st_gid, status.st_mode & 0o777), (owner, group, 0o660))
        call("getBalance", userId="zoe")
        status = os.stat(STATE)
        self.assertEqual((status.st_uid, status.st_mode & 0o777), (owner, 0o700))

    def test_the_command_finds_the_daemon_without_being_told_where(self):
        self.assertIn("lifecycled", run("lifecyclectl", "doctor"))

    def test_nothing_is_said_about_priorities_or_anything_else_that_an_admin_must_wonder_at(self):
        call("getBalance", userId="zoe")
        systemctl("start", SWEEP, BACKUP)
        run("journalctl", "--sync")
        text = run("journalctl", "-u", SERVICE, "-p", "warning", "-o", "cat")
        self.assertEqual(text, "")
        self.assertNotIn("thread priority", run("journalctl", "-o", "cat"))


if __name__ == "__main__":
    unittest.main()
