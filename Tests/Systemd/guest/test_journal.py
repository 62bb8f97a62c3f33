"""What the daemon says is in the journal: field by field, explained, and nothing else, whatever callers send."""

import os
import re
import subprocess
import unittest
from pathlib import Path

from support import (
    HANGS, SERVICE, call, drop_in, entries_since, exchange, journal, new_project, newest_entry, refund_of, request, run,
    systemctl, until)

CATALOG = Path("/usr/lib/systemd/catalog/lifecycle-rpc.catalog")


def setUpModule():
    call("getBalance", userId="ada")
    until(journal)


class Fields(unittest.TestCase):
    def test_each_step_has_its_fields_and_an_id(self):
        project = new_project("fay", credits=40)
        call("updateStatus", projectId=project, status="processing")
        call("updateStatus", projectId=project, status="failed", errorMessage="GPU lost", errorCode="pipelineFailed")
        entries = until(lambda: found if len(found := journal(f"LIFECYCLE_PROJECT={project}")) == 4 else None)
        methods = ["createProject", "updateStatus", "updateStatus", "updateStatus"]
        self.assertEqual([entry["LIFECYCLE_METHOD"] for entry in entries], methods)
        for entry in entries:
            self.assertEqual(entry["LIFECYCLE_USER"], "fay")
            self.assertEqual(entry["LIFECYCLE_CREDITS"], "40")
            self.assertEqual(entry["LIFECYCLE_CALLER_UID"], str(os.getuid()))
            self.assertEqual(entry["LIFECYCLE_CALLER_PID"], str(os.getpid()))
            self.assertEqual((entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"]), ("6", "lifecycled"))
            self.assertEqual(entry["_SYSTEMD_UNIT"], SERVICE)
        self.assertEqual(len({entry["MESSAGE_ID"] for entry in entries}), 4)
        self.assertEqual(entries[1]["LIFECYCLE_STATUS"], "processing")
        self.assertEqual(entries[2]["LIFECYCLE_ERROR_CODE"], "pipelineFailed")
        self.assertRegex(entries[0]["MESSAGE"], rf"^project created .*credits=40 .*project={project} user=fay$")

    def test_what_the_daemon_does_of_itself_has_no_method_and_its_own_uid(self):
        refund = refund_of(new_project("tim", startTimeout=1))
        self.assertNotIn("LIFECYCLE_METHOD", refund)
        self.assertEqual(refund["LIFECYCLE_CALLER_UID"], refund["_UID"])
        self.assertEqual(refund["LIFECYCLE_ERROR_CODE"], "startTimeout")

    def test_a_failure_that_ends_it_is_critical_and_has_an_id(self):
        start = newest_entry()
        with drop_in(SERVICE, Environment="LIFECYCLED_LEASE=nonsense", Restart="no"):
            subprocess.run(["systemctl", "start", SERVICE], capture_output=True, timeout=HANGS)
            entry = until(lambda: [e for e in entries_since(start) if "LIFECYCLE_EXIT_STATUS" in e])[0]
            systemctl("reset-failed", SERVICE)
        self.assertEqual((entry["PRIORITY"], entry["LIFECYCLE_EXIT_STATUS"]), ("2", "64"))
        self.assertIn("nonsense", entry["LIFECYCLE_REASON"])


class Explained(unittest.TestCase):
    def test_systemd_knows_every_entry_of_the_catalog(self):
        ids = re.findall(r"^-- ([0-9a-f]{32})$", CATALOG.read_text(), re.MULTILINE)
        self.assertGreater(len(ids), 20)
        listed = run("journalctl", "--list-catalog", *ids)
        for id in ids:
            self.assertRegex(listed, rf"(?m)^{id} lifecycle-rpc: ")

    def test_journalctl_explains_an_entry_with_what_to_do(self):
        project = new_project("eve", credits=7)
        until(lambda: journal(f"LIFECYCLE_PROJECT={project}"))
        text = run("journalctl", "--no-pager", "-x", f"LIFECYCLE_PROJECT={project}")
        self.assertIn(f"Subject: Project {project} of eve was created", text)
        self.assertIn("Documentation: man:lifecycled(8)", text)
        self.assertIn("its price is held", text)
        self.assertIn("To do: Nothing.", text)


class OneEntry(unittest.TestCase):
    FORGED = (
        "one\nMESSAGE=forged\nMESSAGE_ID=00000000000000000000000000000000\nPRIORITY=0\n\n"
        "<0>forged\r\x00\x1b[2J\x85\u2028\u202etwo")

    def entry_of(self, text):
        """Of a report that is refused, which logs what it said; it must be the only one besides what went before."""
        start, project = newest_entry(), new_project("oda", credits=1)
        call("updateStatus", projectId=project, status="completed")
        with self.assertRaisesRegex(AssertionError, "terminalState"):
            call("updateStatus", projectId=project, status="failed", errorMessage=text)
        call("grantCredits", userId="oda", credits=1, reason="the end")
        until(lambda: "the end" in entries_since(start)[-1]["MESSAGE"])
        entries = [entry for entry in entries_since(start) if entry.get("SYSLOG_IDENTIFIER") == "lifecycled"]
        texts = [" ".join(entry["MESSAGE"].split()[:2]) for entry in entries]
        before = ["credits granted", "project created", "status updated", "status updated"]
        self.assertEqual(texts, [*before, "report refused", "credits granted"])
        return entries[4]

    def test_line_breaks_and_escapes_forge_nothing(self):
        entry, usual = self.entry_of(self.FORGED), self.entry_of("GPU lost")
        self.assertIn(r"one\nMESSAGE=forged\nMESSAGE_ID=0", entry["LIFECYCLE_DETAIL"])
        self.assertIn(r"\n\n<0>forged\r\u{0}\u{1b}[2J\u{85}\u{2028}\u{202e}two", entry["LIFECYCLE_DETAIL"])
        self.assertNotRegex(entry["MESSAGE"], r"[\x00-\x1f\x7f-\x9f\u2028\u202e]")
        self.assertEqual(entry.keys(), usual.keys())
        for name in ("PRIORITY", "MESSAGE_ID", "SYSLOG_IDENTIFIER"):
            self.assertEqual(entry[name], usual[name])

    def test_100_kb_are_one_entry_cut(self):
        entry = self.entry_of("<0>\nMESSAGE=forged " * 5000)
        self.assertLess(len(entry["LIFECYCLE_DETAIL"]), 300)
        self.assertTrue(entry["LIFECYCLE_DETAIL"].endswith("…"))

    def test_bytes_that_are_no_text_are_refused_and_not_logged(self):
        start = newest_entry()
        line = request("grantCredits", {"userId": "x", "credits": 1, "reason": "@"}).encode()
        self.assertEqual(exchange(line.replace(b"@", b"\xff\xc0\x80"))["error"]["code"], -32700)
        call("grantCredits", userId="after", credits=1, reason="test")
        until(lambda: [entry for entry in entries_since(start) if entry.get("LIFECYCLE_USER") == "after"])
        self.assertEqual([entry for entry in entries_since(start) if entry.get("LIFECYCLE_USER") == "x"], [])


if __name__ == "__main__":
    unittest.main()
