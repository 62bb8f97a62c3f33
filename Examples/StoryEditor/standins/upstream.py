"""Stands in for the video service and its pipelines: takes a job, works on it in steps that it tells the daemon, and reports
to the app as pipelines do.

What becomes of a job is in its text: with "refuse" the call is refused, with "fail" the pipeline fails half-way (but for a
second try), with "slow" it takes long. Everything else is completed.
"""

import http.server
import json
import socket
import threading
import time
import urllib.error
import urllib.request

STEPS = ["Writing the script", "Drawing the scenes", "Animating", "Adding music and voice", "Rendering the film"]


def call_daemon(socket_path: str, method: str, **params) -> dict:
    """One request to the daemon; {} when it did not answer with a result."""
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n"
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(socket_path)
            connection.sendall(line.encode())
            return json.loads(connection.makefile().readline() or "{}").get("result", {})
    except OSError:
        return {}


class Upstream(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, socket_path: str, token: str, pipeline_token: str, seconds: float):
        super().__init__(("127.0.0.1", 0), Handler)
        self.socket_path, self.token, self.pipeline_token, self.seconds = socket_path, token, pipeline_token, seconds
        self.app_url = ""  # known when the app runs
        self.jobs: dict[str, str] = {}  # by Idempotency-Key: a job is begun once
        self.failed_once: set[str] = set()
        self.lock = threading.Condition()
        self.held_at = 1.0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def begin(self, key: str, prompt: str) -> str:
        with self.lock:
            if key not in self.jobs:
                self.jobs[key] = f"sda-{len(self.jobs) + 1}-{key[-8:]}"
                threading.Thread(target=self.work, args=(self.jobs[key], prompt), daemon=True).start()
            return self.jobs[key]

    def hold_at(self, progress: float):
        """Lets no job come further than this, until it is called again. Below 0: none says anything."""
        with self.lock:
            self.held_at = progress
            self.lock.notify_all()

    def work(self, job: str, prompt: str):
        with self.lock:
            fails = "fail" in prompt.lower() and prompt not in self.failed_once
            if fails:
                self.failed_once.add(prompt)
        seconds = self.seconds * (10 if "slow" in prompt.lower() else 1)
        ticks = 20
        time.sleep(seconds / ticks)  # the app records the job's id meanwhile
        for tick in range(ticks):
            with self.lock:
                self.lock.wait_for(lambda: tick / ticks <= self.held_at)
            step = STEPS[tick * len(STEPS) // ticks]
            answer = call_daemon(self.socket_path, "heartbeat", externalId=job, progress=tick / ticks, message=step)
            if answer.get("cancelRequested"):
                return self.report(job, "failed", "stopped as asked")
            if answer.get("status") in ("completed", "failed"):
                return
            if fails and tick == ticks // 2:
                return self.report(job, "failed", "GPU out of memory at frame 812")
            time.sleep(seconds / ticks)
        self.report(job, "completed")

    def report(self, job: str, status: str, message: str | None = None):
        """As the existing pipelines do it: to the app, again until it is taken or refused for good."""
        body = {"projectId": job, "status": status} | ({"errorMessage": message} if message else {})
        for attempt in range(60):
            request = urllib.request.Request(
                f"{self.app_url}/api/story-editor/project/status", json.dumps(body).encode(),
                {"Content-Type": "application/json", "Authorization": f"Bearer {self.pipeline_token}"})
            try:
                urllib.request.urlopen(request, timeout=30).close()
                return
            except urllib.error.HTTPError as error:
                if error.code not in (404, 503):  # 404: the app has not recorded the job's id yet
                    return
            except OSError:
                pass
            time.sleep(0.5)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/api/v1/project/video":
            return self.answer(404, {"detail": "Not Found"})
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            return self.answer(401, {"detail": "Unauthorized"})
        try:
            prompt = json.loads(body)["config"]["prompt"]
        except (ValueError, KeyError, TypeError):
            return self.answer(422, {"detail": "config.prompt is missing"})
        if "refuse" in prompt.lower():
            return self.answer(400, {"detail": "the prompt is not allowed"})
        job = self.server.begin(self.headers.get("Idempotency-Key") or "", prompt)
        self.answer(200, {"id": job, "type": "video"})

    def answer(self, status: int, body: dict):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass
