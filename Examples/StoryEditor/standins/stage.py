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
        bad = [self.stop(process) for process in reversed(self.processes)]
        shutil.rmtree(self.folder, ignore_errors=True)
        if any(bad):
            raise RuntimeError("\n".join(filter(None, bad)))

    def stop(self, process: subprocess.Popen) -> str:
        """As systemd does it; says what was wrong with its end."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return f"{process.args[0]} ended with {process.returncode}" if process.returncode else ""

    def kill_daemon(self):
        self.daemon.kill()
        self.daemon.wait()
        self.processes.remove(self.daemon)

    def stop_app(self):
        if bad := self.stop(self.app):
            raise RuntimeError(bad)
        self.processes.remove(self.app)

    def start(self):
        self.socket = f"{self.folder}/rpc.sock"
        self.start_daemon()
        self.secret, self.upstream_token, self.pipeline_token = (secrets.token_urlsafe(24) for _ in range(3))
        self.upstream = Upstream(self.socket, self.upstream_token, self.pipeline_token, self.seconds)
        self.app_port = 0
        self.start_app()
        self.proxies = [
            Proxy(port, self.app_port, user, self.secret) for port, user in zip(self.ports, ["ana", "operator"])]

    def start_app(self):
        """On any free port, and later on the same one."""
        self.app = self.spawn(
            "app", [self.app_binary],
            STORY_EDITOR_PORT=str(self.app_port), LIFECYCLE_SOCKET=self.socket,
            STORY_EDITOR_UPSTREAM_URL=self.upstream.url, STORY_EDITOR_UPSTREAM_TOKEN=self.upstream_token,
            STORY_EDITOR_PIPELINE_TOKENS=self.pipeline_token, STORY_EDITOR_PROXY_SECRET=self.secret,
            STORY_EDITOR_ADMINS="operator")
        line = self.wait_for_line(self.app, "app", "listening on ")
        self.app_port = int(line.rsplit(":", 1)[1])
        self.upstream.app_url = f"http://127.0.0.1:{self.app_port}"

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
        log = open(f"{self.folder}/{name}.log", "wb")
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
