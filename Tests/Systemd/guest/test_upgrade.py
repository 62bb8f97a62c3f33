"""An upgrade while everybody works."""

import os
import unittest

from support import SERVICE, SOCKET, call, drop_in, is_active, main_pid, run, systemctl
from under_load import under_load


def installed():
    return run("dpkg-query", "-W", "-f", "${Version}", "lifecycle-rpc")


class Upgrade(unittest.TestCase):
    def setUp(self):
        # The sweep would start the daemon some time after the installation.
        self.addCleanup(systemctl, "start", "lifecycled-sweep.timer")
        self.enterContext(drop_in("lifecycled-sweep.timer", OnActiveSec=["", "1h"]))
        run("dpkg", "--install", "/srv/test/deb/previous.deb")
        self.assertIn("previous", installed())

    def test_the_running_daemon_is_replaced_the_socket_kept_and_nothing_lost(self):
        call("getBalance", userId="zoe")
        before, pid = os.stat(SOCKET).st_ino, main_pid()
        under_load(self, lambda: run("dpkg", "--install", "/srv/test/deb/present.deb"), times=1)
        self.assertEqual(os.stat(SOCKET).st_ino, before)
        self.assertNotEqual(main_pid(), pid)
        self.assertNotIn("previous", installed())
        self.assertEqual(os.readlink(f"/proc/{main_pid()}/exe"), "/usr/sbin/lifecycled")

    def test_a_daemon_that_does_not_run_is_not_started(self):
        systemctl("stop", SERVICE)
        run("dpkg", "--install", "/srv/test/deb/present.deb")
        self.assertFalse(is_active())
        self.assertTrue(is_active("lifecycled.socket") and is_active("lifecycled-sweep.timer"))


if __name__ == "__main__":
    unittest.main()
