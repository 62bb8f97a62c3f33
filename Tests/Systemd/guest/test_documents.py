"""The commands of the documents for operators, as they stand."""

import shutil
import unittest
from pathlib import Path

from support import run, systemctl


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


if __name__ == "__main__":
    unittest.main()
