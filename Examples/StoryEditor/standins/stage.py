"""Everything that the web app needs, started in a scratch folder and ended with it."""

import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import time

from .proxy import Proxy
from .upstream import Upstream, call_daemon


class Stage:
    """Use it in a `with`. `lifecycled`, `app`: paths of the binaries. `seconds`: how long the stand-in works on a video."""

    def __init__(self, lifecycled: str, app: str, seconds: float, ports: tuple[int, int] = (0, 0)):
        self.lifecycled, self.app_binary, self.seconds, self.ports = lifecycled, app, seconds, ports
        self.processes: list[subprocess.Popen] = []
        self.folder = ""

    def __enter__(self) -> "Stage":
        self.folder = tempfile.mkdtemp(prefix="story.")
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self.socket = f"{self.folder}/rpc.sock"
        self.start_daemon()
        secret, upstream_token, self.pipeline_token = (secrets.token_urlsafe(24) for _ in range(3))
        self.upstream = Upstream(self.socket, upstream_token, self.pipeline_token, self.seconds)
        self.app = self.spawn(
            "app", [self.app_binary],
            STORY_EDITOR_PORT="0", LIFECYCLE_SOCKET=self.socket, STORY_EDITOR_UPSTREAM_URL=self.upstream.url,
            STORY_EDITOR_UPSTREAM_TOKEN=upstream_token, STORY_EDITOR_PIPELINE_TOKENS=self.pipeline_token,
            STORY_EDITOR_PROXY_SECRET=secret, STORY_EDITOR_ADMINS="operator")
        line = self.wait_for_line(self.app, "app", "listening on ")
        app_port = int(line.rsplit(":", 1)[1])
        self.upstream.app_url = f"http://127.0.0.1:{app_port}"
        self.proxies = [
            Proxy(port, app_port, user, secret) for port, user in zip(self.ports, ["ana", "operator"])]

    def start_daemon(self):
        self.daemon = self.spawn(
            "daemon", [self.lifecycled, "--socket", self.socket, "--database", f"{self.folder}/lifecycle.db"])
        end = time.monotonic() + 60
        while self.call("getMetrics") == {}:
            if self.daemon.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the daemon does not answer:\n" + self.log("daemon"))
            time.sleep(0.02)

    def call(self, method: str, **params) -> dict:
        return call_daemon(self.socket, method, **params)

    def spawn(self, name: str, command: list[str], **environment: str) -> subprocess.Popen:
        log = open(f"{self.folder}/{name}.log", "ab")
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | environment)
        log.close()
        self.processes.append(process)
        return process

    def log(self, name: str) -> str:
        return pathlib.Path(f"{self.folder}/{name}.log").read_text(errors="replace")

    def wait_for_line(self, process: subprocess.Popen, name: str, start: str) -> str:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for line in self.log(name).splitlines():
                if line.startswith(start):
                    return line
            if process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"{name} has not started:\n" + self.log(name))

    def grant(self, user: str, credits: int):
        if not self.call("grantCredits", userId=user, credits=credits, reason="sign-up"):
            raise RuntimeError("no credits could be granted")
