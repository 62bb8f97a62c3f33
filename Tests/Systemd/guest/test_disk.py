"""A state directory without space: clear errors, no refund that waits for an admin, and on it goes when there is space."""

import json
import os
import socket
import subprocess
import unittest

from support import SERVICE, SOCKET, STATE, call, is_active, journal, new_project, request, run, systemctl, until


def error_of(method, **params):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(SOCKET)
        connection.sendall(request(method, params).encode())
        return json.loads(connection.makefile("rb").readline()).get("error", {}).get("data", {}).get("kind")


class FullDisk(unittest.TestCase):
    FILLER = STATE / "filler"

    def setUp(self):
        systemctl("stop", SERVICE)
        run("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(STATE))
        self.addCleanup(self.unmount)

    def unmount(self):
        systemctl("stop", SERVICE)
        run("umount", "--lazy", str(STATE))

    def fill(self):
        subprocess.run(["dd", "if=/dev/zero", f"of={self.FILLER}", "bs=4k"], capture_output=True)

    def test_new_work_is_refused_clearly_refunds_go_on_and_all_goes_on_with_space(self):
        project = new_project("dan", credits=20)
        call("grantCredits", userId="dan", credits=1000, reason="test")
        self.fill()
        kinds = {error_of("createProject", userId="dan", credits=1, metadata={"filler": "x" * 3000}) for _ in range(200)}
        self.assertIn("storageFull", kinds)
        self.assertLessEqual(kinds, {None, "storageFull"})
        # Reads are answered, and the money of who is waiting comes back.
        self.assertEqual(call("getStatus", projectId=project)["project"]["status"], "pending")
        self.assertEqual(call("updateStatus", projectId=project, status="failed")["creditsRefunded"], 20)
        self.assertTrue(is_active())
        self.FILLER.unlink()
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
