"""What the tests of pages stand on: the command line, a stage and a browser, and how pages are asked."""

import argparse
import pathlib
import sys
import unittest

package = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(package))
from browser import Browser, Page  # noqa: E402
from standins.stage import Stage  # noqa: E402

parser = argparse.ArgumentParser(description="The pages in a real browser, against the real app and the real daemon.")
parser.add_argument("--lifecycled", default=str(package / "../../.build/release/lifecycled"))
parser.add_argument("--app", default=str(package / "../../.build/debug/story-editor"))
parser.add_argument("--screenshots", type=pathlib.Path, default=package / "../../.build/screenshots")
options = parser.parse_args()

DESKTOP, PHONE = 1200, 390
LOOKS = [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)]
LONG = ("Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 3 + " and <b>\"quotes\"</b> & 'more' — 日本語の長い題名 🎬 ") * 2


class PageTest(unittest.TestCase):
    """With a stage and a browser of its own."""

    credits = 200

    @classmethod
    def setUpClass(cls):
        cls.stage = cls.enterClassContext(Stage(options.lifecycled, options.app, seconds=2))
        cls.browser = cls.enterClassContext(Browser())
        cls.ana, cls.operator = (proxy.url for proxy in cls.stage.proxies)
        cls.stage.grant("ana", cls.credits)

    def setUp(self):
        self.addCleanup(self.stage.upstream.hold_at, 1)

    def page(self, url="", scheme="light", width=DESKTOP, script=True) -> Page:
        page = self.browser.page()
        self.addCleanup(page.close)  # again when it is closed already: nothing
        page.look(scheme, width, script=script)
        if url:
            page.open(url)
        return page

    def live_page(self, url: str) -> Page:
        page = self.page(url)
        page.wait(LIVE)
        return page

    def shoot(self, page: Page, name: str, scheme: str, width: int):
        """A screenshot; nothing may stand beside the page's edge."""
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width, f"{name} at {width}")
        kind = "desktop" if width == DESKTOP else "phone"
        page.shoot(options.screenshots / f"{name}-{kind}-{scheme}.png", width)

    def show(self, name: str, url: str, ready: str = "true", looks=LOOKS):
        """Screenshots of a page in each look."""
        for scheme, width in looks:
            page = self.page(url, scheme, width)
            page.wait(ready)
            self.shoot(page, name, scheme, width)
            self.assertEqual([text for text in page.problems() if "status of 403" not in text], [])
            page.close()

    def order(self, page: Page, prompt: str):
        """With the keyboard alone."""
        page.tab_to("#prompt")
        page.type(prompt)
        page.tab_to(".order button")
        page.enter()

    def assertAvailable(self, page: Page, credits: int):
        self.assertEqual(page.evaluate("document.getElementById('available').textContent"), str(credits))


LIVE = "document.querySelector('.live-text')?.textContent == 'Live'"


def card(title: str, rest: str) -> str:
    """An expression about the newest card of this title."""
    return f"[...document.querySelectorAll('.card')].find(c => c.innerText.startsWith('{title}'))?.{rest}"
