#!/usr/bin/python3
"""The pages in a real browser, against the real app and the real daemon: the whole story, and how they look.

Tests/Browser/story.py [--lifecycled PATH] [--app PATH] [--screenshots FOLDER]

Debian's own Python: Debian's Selenium is there for no other.
"""

import re
import signal
import subprocess
import sys
import unittest
import urllib.request

sys.dont_write_bytecode = True
from page_test import LIVE, LONG, LOOKS, PageTest, card, options, package  # noqa: E402


class Story(PageTest):
    def test_1_empty(self):
        self.show("empty", f"{self.ana}/projects", "document.querySelector('#empty:not([hidden])')")

    def test_2_story(self):
        """Order, live progress, failure, credits back, try again, completed: all on one page that is never reloaded by hand."""
        title = "The lighthouse"
        progress = card(title, "querySelector('progress')?.value")
        self.stage.upstream.hold_at(0.1)
        page = self.live_page(f"{self.ana}/projects")
        self.assertAvailable(page, 200)
        self.order(page, "The lighthouse that failed to sleep")
        page.wait(f"location.search == '?done=ordered' && {card(title, 'dataset.tone')} == 'processing'")
        page.wait("document.getElementById('available').textContent == '160'")
        # From here on nothing loads the page: a mark on it would be gone.
        page.evaluate("window.mark = 1")
        page.wait(f"{progress} == 10")
        page.tab_to("[data-focus=cancel]")
        self.stage.upstream.hold_at(0.4)
        page.wait(f"{progress} == 40")
        self.assertEqual(
            page.evaluate("document.activeElement.dataset.focus"), "cancel", "the focus survives a change of the card")
        self.show("running", f"{self.ana}/projects", "document.querySelector('progress')")
        self.stage.upstream.hold_at(1)
        page.wait(f"{card(title, 'dataset.tone')} == 'failed'")
        self.assertIn("GPU out of memory at frame 812", page.evaluate(card(title, "innerText")))
        self.assertIn("40 credits returned", page.evaluate(card(title, "innerText")))
        page.wait("document.getElementById('available').textContent == '200'")
        self.assertIn("40 credits returned", page.evaluate("document.getElementById('say').textContent"))
        filters = page.evaluate("document.getElementById('filters').textContent")
        self.assertIn("Failed 1", filters, "the filters count along")
        self.assertEqual(page.evaluate("window.mark"), 1)
        self.show("failed", f"{self.ana}/projects", card(title, "dataset.tone"))
        page.tab_to("[data-focus=retry]")
        self.stage.upstream.hold_at(0)
        page.enter()
        page.wait("location.search == '?done=retried' && document.querySelectorAll('.card').length == 2")
        page.evaluate("window.mark = 2")
        self.stage.upstream.hold_at(1)
        page.wait("document.querySelectorAll('.card')[0].dataset.tone == 'completed'")
        page.wait("document.getElementById('available').textContent == '160'")
        self.assertEqual(page.evaluate("document.querySelectorAll('[data-focus=retry]').length"), 0, "tried again once")
        self.assertEqual(page.evaluate("window.mark"), 2)
        self.assertEqual(page.problems(), [])

    def test_3_refused(self):
        """What the video service refuses costs nothing, and the text is still in its field."""
        for scheme, width in LOOKS:
            page = self.page(f"{self.ana}/projects", scheme, width)
            self.order(page, "Please refuse this one")
            page.wait("document.querySelector('[role=alert]')")
            self.assertIn("the prompt is not allowed", page.text())
            self.assertEqual(page.evaluate("document.getElementById('prompt').value"), "Please refuse this one")
            self.assertAvailable(page, 160)
            self.shoot(page, "refused", scheme, width)

    def test_4_without_script(self):
        """The page does all but move when there is no JavaScript."""
        title = "A river"
        self.stage.upstream.hold_at(-1)
        page = self.page(f"{self.ana}/projects", script=False)
        self.order(page, "A river, told by a stone")
        page.wait("location.search == '?done=ordered'")
        page.tab_to("[data-focus=cancel]")
        page.enter()
        page.wait("location.search == '?done=cancelling'")
        self.assertIn("Cancelling", page.evaluate(card(title, "innerText")))
        self.stage.upstream.hold_at(1)
        live = self.page(f"{self.ana}/projects")
        live.wait(f"{card(title, 'dataset.tone')} == 'cancelled'")
        self.assertIn("40 credits returned", live.evaluate(card(title, "innerText")))
        page.open(f"{self.ana}/projects")
        page.tab_to("[data-focus=retry]")
        page.enter()
        page.wait("location.search == '?done=retried'")
        live.wait(f"{card(title, 'dataset.tone')} == 'completed'")
        live.wait("document.getElementById('available').textContent == '120'")

    def test_5_daemon_restart(self):
        """The open page sees the daemon go and come back, and misses nothing."""
        page = self.live_page(f"{self.ana}/projects")
        page.evaluate("window.mark = 1")
        self.stage.kill_daemon()
        self.stage.start_daemon()
        self.stage.grant("ana", 40)
        page.wait("document.getElementById('available').textContent == '160'")
        self.assertEqual(page.evaluate("window.mark"), 1)

    def test_6_app_restart(self):
        """So does one whose address is that of a form that could not be done."""
        page = self.page(f"{self.ana}/projects")
        page.tab_to("[data-focus=retry]")
        page.enter()
        page.wait(f"location.pathname.endsWith('/retry') && document.querySelector('[role=alert]') && {LIVE}")
        page.evaluate("window.mark = 1")
        self.stage.stop_app()
        # The browser has asked for the stream in vain, and does not do it again by itself.
        page.wait_until(lambda: any("events" in url for url in page.refused()), "the stream to be refused")
        self.stage.start_app()
        self.stage.grant("ana", 5)
        page.wait(f"document.getElementById('available').textContent == '165' && {LIVE}")
        self.stage.grant("ana", 5)
        page.wait("document.getElementById('available').textContent == '170'")
        self.assertEqual(page.evaluate("window.mark"), 1)

    def test_7_filter_and_long_names(self):
        self.stage.upstream.hold_at(0.3)
        page = self.page(f"{self.ana}/projects")
        self.order(page, LONG[:1900])
        page.wait("location.search == '?done=ordered'")
        self.assertEqual(page.evaluate("document.querySelectorAll('.card b').length"), 0, "markup is text")
        page.open(f"{self.ana}/projects?status=failed")
        tones = page.evaluate("[...document.querySelectorAll('.card')].map(c => c.dataset.tone)")
        self.assertTrue(tones and set(tones) <= {"failed", "cancelled"}, tones)
        page.open(f"{self.ana}/projects")
        self.order(page, "A film about the moon, in one take")
        page.wait(f"{card('A film about', 'dataset.tone')} == 'processing'")
        self.show("videos", f"{self.ana}/projects", "document.querySelectorAll('progress').length == 2")
        self.show("nothing-here", f"{self.ana}/projects?status=pending", looks=LOOKS[2:])

    def test_8_operations(self):
        self.stage.upstream.hold_at(0.3)
        page = self.page(f"{self.ana}/projects")
        self.order(page, "Watched by the operator")
        page.wait(f"{card('Watched', 'dataset.tone')} == 'processing'")
        page = self.live_page(f"{self.operator}/admin")
        page.wait("[...document.querySelectorAll('td.num')].some(cell => cell.textContent.startsWith('30'))")
        before = page.evaluate("document.querySelectorAll('.events li').length")
        self.stage.grant("bert", 7)
        page.wait("document.querySelector('.events')?.innerText.includes('bert')")
        self.assertGreaterEqual(page.evaluate("document.querySelectorAll('.events li').length"), min(before, 40))
        self.show("operations", f"{self.operator}/admin")
        self.show("forbidden", f"{self.ana}/admin", looks=LOOKS[:1] + LOOKS[3:])

    def test_9_ledger_away(self):
        """An order that cannot be taken is kept, and sent again."""
        for scheme, width in LOOKS[::3]:
            page = self.page(f"{self.ana}/projects", scheme, width)
            self.stage.kill_daemon()
            self.order(page, "A patient order")
            page.wait("document.querySelector('.error textarea')?.value == 'A patient order'")
            self.shoot(page, "away", scheme, width)
            self.stage.start_daemon()
        page.tab_to(".error form button")
        page.enter()
        page.wait("location.search == '?done=ordered'")


class Picture(PageTest):
    """The picture of the README, docs/images/story-editor.png: story-editor.png among the screenshots."""

    credits = 300

    def test_picture(self):
        page = self.page(f"{self.ana}/projects", width=900)
        for prompt, ends, held_at in [
            ("Grandmother's radio, which plays tomorrow's news", "completed", 1),
            ("The lighthouse that could not fail", "failed", 1),
            ("A train through a winter of paper", "processing", 0.4),
        ]:
            self.stage.upstream.hold_at(held_at)
            self.order(page, prompt)
            page.wait(f"{card(prompt[:11], 'dataset.tone')} == '{ends}'")
        page.open(f"{self.ana}/projects")
        page.wait(f"document.querySelector('progress').value == 40 && {LIVE}")
        page.shoot(options.screenshots / "story-editor.png", 900)


class Demo(unittest.TestCase):
    def test_demo(self):
        """`make demo-web` prints where to look, and ends with Ctrl-C."""
        command = [package / "../../dev/demo-web", "--port", "0"]
        command += ["--lifecycled", options.lifecycled, "--app", options.app]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
            try:
                for line in demo.stdout:
                    if url := re.search(r"http://\S+/projects", line):
                        break
                self.assertIn("Your videos", urllib.request.urlopen(url[0]).read().decode())
            finally:
                demo.send_signal(signal.SIGINT)
            self.assertEqual(demo.wait(120), 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=2)
