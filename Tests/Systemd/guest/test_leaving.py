"""The last thing before the machine goes down."""

import unittest
from pathlib import Path

from support import new_project


class Leaving(unittest.TestCase):
    def test_a_project_is_left_that_nobody_will_report_and_that_is_due_after_the_next_boot(self):
        Path("/var/tmp/unfinished").write_text(new_project("boot", credits=10, startTimeout=25))


if __name__ == "__main__":
    unittest.main()
