"""A real Chromium, driven by Debian's Selenium."""

import base64
import json
import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable

try:
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
except ModuleNotFoundError as error:
    raise SystemExit(f"{error} for /usr/bin/python3: dev/setup --browser installs it (as root)") from None


class BrowserError(Exception):
    pass


class Browser:
    """A headless browser, in a `with`. Its first tab stays empty: a browser whose last tab is closed ends."""

    def __enter__(self) -> "Browser":
        program, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if not program or not driver:
            raise BrowserError("chromium or chromedriver is missing: dev/setup --browser installs them (as root)")
        options = webdriver.ChromeOptions()
        options.binary_location = program
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for flag in [
            "--headless=new", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--force-color-profile=srgb", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", *(["--no-sandbox"] if os.geteuid() == 0 else []),
        ]:
            options.add_argument(flag)
        # Browser and driver leave files behind in the temporary folder.
        self.temporary = tempfile.mkdtemp(prefix="chromium.")
        self.driver = webdriver.Chrome(
            options=options, service=Service(driver, env={**os.environ, "TMPDIR": self.temporary}))
        self.first = self.driver.current_window_handle
        self.complaints: list[str] = []
        return self

    def __exit__(self, *_):
        self.driver.quit()
        shutil.rmtree(self.temporary, ignore_errors=True)

    def page(self) -> "Page":
        return Page(self)

    def problems(self) -> list[str]:
        """What the browser has complained of in any tab: scripts that failed, what a page's policy kept it from, and answers
        that were errors."""
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return self.complaints


class Page:
    """A tab."""

    def __init__(self, browser: Browser):
        self.browser, self._driver = browser, browser.driver
        self.earlier_problems = len(browser.problems())
        self._driver.switch_to.new_window("tab")
        self.handle = self._driver.current_window_handle
        # Of several tabs only one has the focus: each believes that it does.
        self.devtools("Emulation.setFocusEmulationEnabled", enabled=True)

    @property
    def driver(self) -> webdriver.Chrome:
        """The driver, turned to this tab."""
        self._driver.switch_to.window(self.handle)
        return self._driver

    def devtools(self, method: str, **params) -> dict:
        """For what Selenium has no name for."""
        return self.driver.execute_cdp_cmd(method, params)

    def close(self):
        if self.handle:
            self.driver.close()
            self._driver.switch_to.window(self.browser.first)  # the driver answers nothing from a closed tab
        self.handle = ""

    def look(self, scheme: str, width: int, height: int = 900, script: bool = True):
        """As a device of this width and colour scheme sees it, from the next load on."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.devtools("Emulation.setScriptExecutionDisabled", value=not script)

    def open(self, url: str):
        self.driver.get(url)

    def evaluate(self, expression: str):
        return self.driver.execute_script(f"return ({expression})")

    def wait(self, condition: str):
        """Until the expression is true of a page that is there as a whole."""
        self.wait_until(lambda: self.evaluate(f"document.readyState == 'complete' && !!({condition})"), condition)

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = 300):
        end = time.monotonic() + seconds
        while True:
            try:
                if is_so():
                    return
            except WebDriverException:
                pass  # the page is being changed for another
            if time.monotonic() > end:
                raise BrowserError(f"in vain for {seconds} s: {what}\n{self.text()}")
            time.sleep(0.05)

    def text(self) -> str:
        return self.evaluate("document.body.innerText")

    def type(self, text: str):
        """Where the focus is. Selenium's own keys are those of the basic plane, without emoji."""
        self.devtools("Input.insertText", text=text)

    def press(self, key: str):
        ActionChains(self.driver, duration=0).send_keys(key).perform()

    def tab_to(self, selector: str):
        """With the keyboard alone, from where the focus is."""
        for _ in range(100):
            if self.evaluate(f"!!document.activeElement?.matches({json.dumps(selector)})"):
                return
            self.press(Keys.TAB)
        raise BrowserError(f"the keyboard does not come to {selector}")

    def enter(self):
        self.press(Keys.ENTER)

    def problems(self) -> list[str]:
        """What the browser has complained of since this page is there."""
        return self.browser.problems()[self.earlier_problems:]

    def refused(self) -> list[str]:
        """The complaints about a server's error, each with the address."""
        return [text for text in self.problems() if "the server responded with a status of 5" in text]

    def shoot(self, path: pathlib.Path, width: int):
        """The whole page, however long."""
        height = self.evaluate("document.documentElement.scrollHeight")
        path.parent.mkdir(parents=True, exist_ok=True)
        image = self.devtools(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})
        path.write_bytes(base64.b64decode(image["data"]))
