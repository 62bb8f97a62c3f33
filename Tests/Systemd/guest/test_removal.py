"""Removing keeps the money, purging does not."""

import unittest
from pathlib import Path

from support import SOCKET, STATE, call, run


class Removal(unittest.TestCase):
    def test_remove_keeps_the_state_an_install_goes_on_with_it_and_a_purge_removes_it(self):
        call("grantCredits", userId="remy", credits=7, reason="test")
        run("dpkg", "--remove", "lifecycle-rpc")
        self.assertFalse(Path(SOCKET).exists())
        self.assertEqual([path for path in Path("/proc").glob("[0-9]*/comm") if path.read_text() == "lifecycled\n"], [])
        self.assertTrue((STATE / "lifecycle.db").exists())
        self.assertNotIn("lifecycled", run("systemctl", "list-units", "--state=active,activating,failed", "--no-legend", "lifecycled*"))

        run("dpkg", "--install", "/srv/test/deb/present.deb")
        self.assertEqual(call("getBalance", userId="remy")["available"], 7)

        run("dpkg", "--purge", "lifecycle-rpc")
        self.assertFalse(STATE.exists())
        left = run("find", "/etc", "/usr", "/var", "/run", "-xdev", "-name", "*lifecycle*", "-not", "-path", "*/dpkg/*").split()
        self.assertEqual([path for path in left if "/journal/" not in path], [])


if __name__ == "__main__":
    unittest.main()
