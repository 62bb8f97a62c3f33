"""Removing keeps the money, purging does not."""

import unittest
from pathlib import Path

from support import SOCKET, STATE, call, run


def daemons():
    """The processes of that name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            found += [path.parent.name] if path.read_text() == "lifecycled\n" else []
        except OSError:
            pass  # It has just ended.
    return found


class Removal(unittest.TestCase):
    def test_remove_keeps_the_state_an_install_goes_on_with_it_and_a_purge_removes_it(self):
        call("grantCredits", userId="remy", credits=7, reason="test")
        run("dpkg", "--remove", "lifecycle-rpc")
        self.assertFalse(Path(SOCKET).exists())
        self.assertEqual(daemons(), [])
        self.assertTrue((STATE / "lifecycle.db").exists())
        self.assertEqual(
            run("systemctl", "list-units", "--state=active,activating,failed", "--no-legend", "lifecycled*"), "")

        run("dpkg", "--install", "/srv/test/deb/present.deb")
        self.assertEqual(call("getBalance", userId="remy")["available"], 7)

        run("dpkg", "--purge", "lifecycle-rpc")
        self.assertFalse(STATE.exists())
        left = run("find", "/etc", "/usr", "/var", "/run", "-xdev", "-name", "*lifecycle*").split()
        self.assertEqual([path for path in left if "/journal/" not in path and "/dpkg/" not in path], [])

    def test_the_purge_empties_a_disk_of_its_own_and_spares_what_is_mounted_below(self):
        run("dpkg", "--install", "/srv/test/deb/present.deb")
        below = STATE / "backups"
        for folder in [STATE, below]:
            folder.mkdir(exist_ok=True)
            run("mount", "-t", "tmpfs", "-o", "mode=0700,uid=lifecycled,gid=lifecycled", "tmpfs", str(folder))
            self.addCleanup(folder.rmdir)
            self.addCleanup(run, "umount", str(folder))
        call("backup", path="kept.db")
        self.assertTrue((STATE / "lifecycle.db").exists())
        run("dpkg", "--purge", "lifecycle-rpc")
        self.assertEqual(sorted(STATE.rglob("*")), [below, below / "kept.db"])


if __name__ == "__main__":
    unittest.main()
