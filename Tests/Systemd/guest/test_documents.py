"""The commands of the documents for operators, as they stand."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import STATE, call, run, systemctl


class Documents(unittest.TestCase):
    def tearDown(self):
        shutil.rmtree("/etc/systemd/system/lifecycled.service.d", ignore_errors=True)
        systemctl("daemon-reload")
        systemctl("restart", "lifecycled.socket")

    def test_each_command_does_what_is_written(self):
        # A machine of its own: the documents speak of one that was just installed.
        systemctl("stop", "lifecycled.socket")
        for path in Path("/var/lib/lifecycle").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        systemctl("start", "lifecycled.socket")
        documents = [f"/srv/test/docs/{name}.md" for name in ["operations", "journal"]]
        print(run("python3", "/srv/test/docs/test-docs", "--installed", *documents), end="", flush=True)

    def test_an_import_before_the_first_start_is_what_the_daemon_serves(self):
        systemctl("stop", "lifecycled.socket")
        kept = STATE.rename(STATE.with_name("lifecycle-kept"))
        with tempfile.TemporaryDirectory() as folder:
            rows = Path(folder, "users.csv")
            rows.write_text("userId,credits\nnew,7\n")
            command = ["lifecyclectl", "import", "users", str(rows)]
            refused = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual((refused.returncode, refused.stdout), (73, ""))
            self.assertIn(f"no database {STATE}/lifecycle.db", refused.stderr)
            self.assertFalse(STATE.exists())
            self.assertIn(f"{STATE}/lifecycle.db, which was created", run(*command, "--create"))
        systemctl("start", "lifecycled.socket")
        self.assertEqual(call("getBalance", userId="new")["available"], 7)
        # As root made it, it is the daemon's now.
        self.assertEqual({each.owner() for each in [STATE, *STATE.iterdir()]}, {"lifecycled"})
        systemctl("stop", "lifecycled.socket")
        shutil.rmtree(STATE)
        kept.rename(STATE)


if __name__ == "__main__":
    unittest.main()
