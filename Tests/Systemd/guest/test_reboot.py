"""After a boot, with nobody who connects."""

import unittest
from pathlib import Path

from support import call, is_active, refund_of, run


class Reboot(unittest.TestCase):
    def test_an_unfinished_project_is_refunded_though_nobody_connects(self):
        project = Path("/var/tmp/unfinished").read_text()
        refund_of(project, "--boot")
        self.assertTrue(is_active())
        answer = call("getStatus", projectId=project)["project"]
        self.assertEqual((answer["status"], answer["errorCode"]), ("failed", "startTimeout"))
        self.assertEqual(call("getBalance", userId="boot")["held"], 0)
        self.assertEqual(call("audit")["findings"], [])
        self.assertEqual(run("systemctl", "--failed", "--plain", "--no-legend"), "")


if __name__ == "__main__":
    unittest.main()
