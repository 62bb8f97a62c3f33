"""Drives a real Chromium by the DevTools protocol over its pipe: no driver, no library, no port."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable


class BrowserError(Exception):
    pass


class Chromium:
    """A headless browser, in a `with`."""

    def __enter__(self) -> "Chromium":
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if not program:
            raise BrowserError("there is no chromium: dev/setup --browser installs it (as root)")
        self.profile = tempfile.mkdtemp(prefix="chromium.")
        command_read, self.commands = os.pipe()
        self.answers, answer_write = os.pipe()
        flags = [
            "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.profile}", "--no-first-run",
            "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
        ] + (["--no-sandbox"] if os.geteuid() == 0 else [])

        def descriptors():  # the browser reads commands from 3 and writes answers to 4
            a, b = os.dup(command_read), os.dup(answer_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [program, *flags, "about:blank"], preexec_fn=descriptors, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(command_read)
        os.close(answer_write)
        self.condition = threading.Condition()
        self.results: dict[int, dict] = {}
        self.events: list[dict] = []
        self.last_id, self.is_over = 0, False
        threading.Thread(target=self.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close", timeout=10)
            self.process.wait(10)
        except (BrowserError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.commands)
        shutil.rmtree(self.profile, ignore_errors=True)

    def read(self):
        buffer = b""
        while chunk := os.read(self.answers, 65536):
            *messages, buffer = (buffer + chunk).split(b"\0")
            with self.condition:
                for message in map(json.loads, messages):
                    if "id" in message:
                        self.results[message["id"]] = message
                    else:
                        self.events.append(message)
                self.condition.notify_all()
        with self.condition:
            self.is_over = True
            self.condition.notify_all()

    def call(self, method: str, session: str | None = None, timeout: float = 300, **params) -> dict:
        with self.condition:
            self.last_id += 1
            number = self.last_id
            message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
            data = json.dumps(message).encode() + b"\0"
            while data:
                data = data[os.write(self.commands, data):]
            self.condition.wait_for(lambda: number in self.results or self.is_over, timeout)
            result = self.results.pop(number, None)
        if result is None:
            raise BrowserError(f"{method}: no answer")
        if "error" in result:
            raise BrowserError(f"{method}: {result['error'].get('message')}")
        return result["result"]

    def page(self) -> "Page":
        return Page(self)


class Page:
    """A tab."""

    def __init__(self, browser: Chromium):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        # Of several tabs only one has the focus: each believes that it does.
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def call(self, method: str, **params) -> dict:
        return self.browser.call(method, self.session, **params)

    def close(self):
        if self.target:
            self.browser.call("Target.closeTarget", targetId=self.target)
        self.target = ""

    def look(self, scheme: str, width: int, height: int = 900, script: bool = True):
        """As a device of this width and colour scheme sees it, from the next load on."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)

    def open(self, url: str):
        # A mark on the page that is there, which goes with it.
        self.evaluate("window.isOld = true")
        self.call("Page.navigate", url=url)
        self.wait("!window.isOld")

    def evaluate(self, expression: str):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise BrowserError(f"{expression}: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def wait(self, condition: str):
        """Until the expression is true of a page that is there as a whole."""
        self.wait_until(lambda: self.evaluate(f"document.readyState == 'complete' && !!({condition})"), condition)

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = 300):
        end = time.monotonic() + seconds
        while True:
            try:
                if is_so():
                    return
            except BrowserError:
                pass  # the page is being changed for another
            if time.monotonic() > end:
                raise BrowserError(f"in vain for {seconds} s: {what}\n{self.text()}")
            time.sleep(0.05)

    def text(self) -> str:
        return self.evaluate("document.body.innerText")

    def type(self, text: str):
        """With the keyboard, where the focus is."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int, text: str = ""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      **({"text": text} if text and kind == "keyDown" else {}))

    def tab_to(self, selector: str):
        """With the keyboard alone, from where the focus is."""
        for _ in range(100):
            if self.evaluate(f"!!document.activeElement?.matches({json.dumps(selector)})"):
                return
            self.press("Tab", 9)
        raise BrowserError(f"the keyboard does not come to {selector}")

    def enter(self):
        self.press("Enter", 13, "\r")

    def told(self, method: str) -> list[dict]:
        """The events of this kind that the browser has told."""
        with self.browser.condition:
            return [event["params"] for event in self.browser.events
                    if event.get("sessionId") == self.session and event["method"] == method]

    def problems(self) -> list[str]:
        """What the browser complained of: scripts that failed, and what the page's policy kept it from."""
        entries = [told["entry"] for told in self.told("Log.entryAdded")]
        return [entry["text"] for entry in entries if entry["level"] == "error"] + [
            told["exceptionDetails"]["text"] for told in self.told("Runtime.exceptionThrown")]

    def refused(self) -> list[str]:
        """The addresses that a server has answered with an error."""
        answers = [told["response"] for told in self.told("Network.responseReceived")]
        return [answer["url"] for answer in answers if answer["status"] >= 500]

    def shoot(self, path: pathlib.Path, width: int):
        """The whole page, however long."""
        height = self.evaluate("document.documentElement.scrollHeight")
        path.parent.mkdir(parents=True, exist_ok=True)
        image = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                          clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})
        path.write_bytes(base64.b64decode(image["data"]))
