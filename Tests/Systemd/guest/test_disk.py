"""A state directory without space: clear errors, no refund that waits for an admin, and on it goes with space."""

import unittest

from support import SERVICE, call, exchange, is_active, new_project, request, small_disk, systemctl, until


def error_of(method, **params):
    return exchange(request(method, params)).get("error", {}).get("data", {}).get("kind")


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.fill, self.free = self.enterContext(small_disk())

    def test_new_work_is_refused_clearly_refunds_go_on_and_all_goes_on_with_space(self):
        project = new_project("dan", credits=20)
        call("grantCredits", userId="dan", credits=1000, reason="test")
        self.fill()
        terms = {"userId": "dan", "credits": 1, "metadata": {"filler": "x" * 3000}}
        kinds = {error_of("createProject", **terms) for _ in range(200)}
        self.assertIn("storageFull", kinds)
        self.assertLessEqual(kinds, {None, "storageFull"})
        # Reads are answered, and the money of who is waiting comes back.
        self.assertEqual(call("getStatus", projectId=project)["project"]["status"], "pending")
        self.assertEqual(call("updateStatus", projectId=project, status="failed")["creditsRefunded"], 20)
        self.assertTrue(is_active())
        self.free()
        until(lambda: error_of("createProject", userId="dan", credits=1) is None)
        self.assertEqual(call("audit")["findings"], [])

    def test_a_restart_on_a_full_disk_serves_what_is_there(self):
        project = new_project("eve", credits=20)
        self.fill()
        systemctl("restart", SERVICE)
        self.assertEqual(call("getStatus", projectId=project)["project"]["status"], "pending")
        self.assertEqual(call("updateStatus", projectId=project, status="failed")["creditsRefunded"], 20)


if __name__ == "__main__":
    unittest.main()
