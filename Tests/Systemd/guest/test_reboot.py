"""After a boot, with nobody who connects."""

import unittest
from pathlib import Path

from support import call, is_active, journal, until


class Reboot(unittest.TestCase):
    def test_an_unfinished_project_is_refunded_though_nobody_connects(self):
        project = Path("/var/tmp/unfinished").read_text()
        until(lambda: [e for e in journal("-b", f"LIFECYCLE_PROJECT={project}") if e["MESSAGE"].startswith("credits refunded")])
        self.assertTrue(is_active())
        answer = call("getStatus", projectId=project)["project"]
        self.assertEqual((answer["status"], answer["errorCode"]), ("failed", "startTimeout"))
        self.assertEqual(call("getBalance", userId="boot")["held"], 0)
        self.assertEqual(call("audit")["findings"], [])


if __name__ == "__main__":
    unittest.main()
