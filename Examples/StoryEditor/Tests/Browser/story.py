#!/usr/bin/env python3
"""The pages in a real browser, against the real app and the real daemon: the whole story, and how they look.

Tests/Browser/story.py [--lifecycled PATH] [--app PATH] [--screenshots FOLDER]
"""

import argparse
import pathlib
import sys
import unittest

package = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(package), str(package / "Tests/Browser")]
sys.dont_write_bytecode = True
from chromium import Chromium, Page  # noqa: E402
from standins.stage import Stage  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--lifecycled", default=str(package / "../../.build/release/lifecycled"))
parser.add_argument("--app", default=str(package / ".build/debug/story-editor"))
parser.add_argument("--screenshots", type=pathlib.Path, default=package / ".build/screenshots")
options = parser.parse_args()

DESKTOP, PHONE = 1200, 390
LOOKS = [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)]
LONG = ("Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3 + " and <b>\"quotes\"</b> & 'more' — 日本語の長い題名 🎬 ") * 2


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = cls.enterClassContext(Stage(options.lifecycled, options.app, seconds=10))
        cls.browser = cls.enterClassContext(Chromium())
        cls.ana, cls.operator = (proxy.url for proxy in cls.stage.proxies)
        cls.stage.grant("ana", 200)

    def page(self, scheme="light", width=DESKTOP, script=True) -> Page:
        page = self.browser.page()
        self.addCleanup(page.close)  # again when it is closed already: nothing
        page.look(scheme, width, script=script)
        return page

    def show(self, name: str, url: str, ready: str = "true", looks=LOOKS):
        """Screenshots of a page in each look; nothing may stand beside its edge."""
        for scheme, width in looks:
            page = self.page(scheme, width)
            page.open(url)
            page.wait(ready)
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width, f"{name} at {width}")
            kind = "desktop" if width == DESKTOP else "phone"
            page.whole(options.screenshots / f"{name}-{kind}-{scheme}.png", width)
            self.assertEqual([text for text in page.problems() if "status of 403" not in text], [])
            page.close()

    def order(self, page: Page, prompt: str):
        page.evaluate("document.getElementById('prompt').focus()")
        page.type(prompt)
        page.evaluate("document.querySelector('.order button').focus()")
        page.enter()

    CARD = "[...document.querySelectorAll('.card')].find(c => c.querySelector('h3').textContent.startsWith('{}'))"

    def card(self, title: str, rest: str) -> str:
        """An expression about the newest card of this title."""
        return self.CARD.format(title) + "?." + rest

    def test_1_empty(self):
        self.show("empty", f"{self.ana}/projects", "document.querySelector('#empty:not([hidden])')")

    def test_2_story(self):
        """Order, live progress, failure, credits back, try again, completed: all on one page that is never reloaded by hand."""
        page = self.page()
        page.open(f"{self.ana}/projects")
        page.wait("document.querySelector('.live-text')?.textContent == 'Live'")
        self.assertIn("200", page.evaluate("document.getElementById('available').textContent"))
        self.order(page, "The lighthouse that failed to sleep")
        title = "The lighthouse"
        page.wait(f"location.search == '?done=ordered' && {self.card(title, 'dataset.tone')} == 'processing'")
        page.wait("document.getElementById('available').textContent == '160'")
        # From here on nothing loads the page: a mark on it would be gone.
        page.evaluate("window.mark = 1")
        page.wait(f"{self.card(title, '''querySelector('progress')''')}?.value >= 5")
        page.evaluate("document.querySelector('[data-focus=cancel]').focus()")
        before = page.evaluate(f"{self.card(title, '''querySelector('progress')''')}.value")
        page.wait(f"{self.card(title, '''querySelector('progress')''')}?.value > {before}")
        self.assertEqual(
            page.evaluate("document.activeElement.dataset.focus"), "cancel", "the focus survives a change of the card")
        self.shoot_running()
        page.wait(f"{self.card(title, 'dataset.tone')} == 'failed'")
        self.assertIn("GPU out of memory at frame 812", page.evaluate(self.card(title, "innerText")))
        self.assertIn("40 credits returned", page.evaluate(self.card(title, "innerText")))
        page.wait("document.getElementById('available').textContent == '200'")
        self.assertIn("40 credits returned", page.evaluate("document.getElementById('say').textContent"))
        self.assertIn("Failed 1", page.evaluate("document.getElementById('filters').textContent"), "the filters count along")
        self.assertEqual(page.evaluate("window.mark"), 1)
        # With the keyboard alone.
        page.evaluate("document.querySelector('[data-focus=retry]').focus()")
        page.enter()
        page.wait(f"location.search == '?done=retried' && document.querySelectorAll('.card').length == 2")
        page.evaluate("window.mark = 2")
        page.wait("document.querySelectorAll('.card')[0].dataset.tone == 'completed'")
        self.assertEqual(page.evaluate("document.getElementById('available').textContent"), "160")
        self.assertEqual(page.evaluate("document.querySelectorAll('[data-focus=retry]').length"), 0, "tried again once")
        self.assertEqual(page.evaluate("window.mark"), 2)
        self.assertEqual(page.problems(), [])

    def shoot_running(self):
        self.show("running", f"{self.ana}/projects", "document.querySelector('progress')", LOOKS[:1])

    def test_3_refused(self):
        """What the video service refuses costs nothing, and the text is still in its field."""
        page = self.page()
        page.open(f"{self.ana}/projects")
        self.order(page, "Please refuse this one")
        page.wait("document.querySelector('[role=alert]')")
        self.assertIn("the prompt is not allowed", page.text())
        self.assertEqual(page.evaluate("document.getElementById('prompt').value"), "Please refuse this one")
        self.assertEqual(page.evaluate("document.getElementById('available').textContent"), "160")
        page.whole(options.screenshots / "refused-desktop-light.png", DESKTOP)

    def test_4_cancel_without_script(self):
        """The page does all but move when there is no JavaScript."""
        page = self.page(script=False)
        page.open(f"{self.ana}/projects")
        self.order(page, "A slow river, told by a stone")
        page.wait("location.search == '?done=ordered'")
        page.evaluate("document.querySelector('[data-focus=cancel]').focus()")
        page.enter()
        page.wait("location.search == '?done=cancelling'")
        self.assertIn("Cancelling", page.evaluate(self.card("A slow river", "innerText")))
        live = self.page()
        live.open(f"{self.ana}/projects")
        live.wait(f"{self.card('A slow river', 'dataset.tone')} == 'cancelled'")
        self.assertIn("40 credits returned", live.evaluate(self.card("A slow river", "innerText")))

    def test_5_daemon_restart(self):
        """The open page sees the daemon go and come back, and misses nothing."""
        page = self.page()
        page.open(f"{self.ana}/projects")
        page.wait("document.querySelector('.live-text')?.textContent == 'Live'")
        page.evaluate("window.mark = 1")
        self.stage.daemon.kill()
        self.stage.daemon.wait()
        self.stage.start_daemon()
        self.stage.grant("ana", 40)
        page.wait("document.getElementById('available').textContent == '200'")
        self.assertEqual(page.evaluate("window.mark"), 1)

    def test_6_filter_and_long_names(self):
        page = self.page()
        page.open(f"{self.ana}/projects")
        self.order(page, LONG[:1900])
        page.wait("location.search == '?done=ordered'")
        self.assertEqual(page.evaluate("document.querySelectorAll('.card b').length"), 0, "markup is text")
        page.open(f"{self.ana}/projects?status=failed")
        tones = page.evaluate("[...document.querySelectorAll('.card')].map(c => c.dataset.tone)")
        self.assertTrue(tones and set(tones) <= {"failed", "cancelled"}, tones)
        self.order(self.page_at(f"{self.ana}/projects"), "A slow film about the moon, in one take")
        self.show("videos", f"{self.ana}/projects", "document.querySelectorAll('progress').length")
        self.show("nothing-here", f"{self.ana}/projects?status=pending", looks=LOOKS[2:])

    def page_at(self, url: str) -> Page:
        page = self.page()
        page.open(url)
        return page

    def test_7_operations(self):
        page = self.page()
        page.open(f"{self.operator}/admin")
        page.wait("document.querySelector('.live-text')?.textContent == 'Live'")
        before = page.evaluate("document.querySelectorAll('.events li').length")
        self.stage.grant("bert", 7)
        page.wait("document.querySelector('.events')?.innerText.includes('bert')")
        self.assertGreaterEqual(page.evaluate("document.querySelectorAll('.events li').length"), min(before, 40))
        self.show("operations", f"{self.operator}/admin")
        self.show("forbidden", f"{self.ana}/admin", looks=LOOKS[:1] + LOOKS[3:])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=2)
