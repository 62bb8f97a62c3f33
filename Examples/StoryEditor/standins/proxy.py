"""A reverse proxy that has signed a user in: it says who, and shows the app its secret. One port is one user."""

import contextlib
import http.client
import http.server
import threading

# Headers of one connection, not of the request; and those that only this proxy may set.
HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "content-length"}
OWN = {"x-forwarded-user", "x-proxy-secret"}


class Proxy(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, app_port: int, user: str, secret: str):
        super().__init__(("127.0.0.1", port), Handler)
        self.app_port, self.user, self.secret = app_port, user, secret
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass  # A browser that leaves a live page is no error.


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def forward(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP | OWN}
        headers |= {"X-Forwarded-User": self.server.user, "X-Proxy-Secret": self.server.secret}
        app = http.client.HTTPConnection("127.0.0.1", self.server.app_port, timeout=120)
        with contextlib.closing(app):
            self.pass_on(app, body, headers)

    def pass_on(self, app: http.client.HTTPConnection, body: bytes | None, headers: dict[str, str]):
        try:
            app.request(self.command, self.path, body, headers)
            answer = app.getresponse()
        except OSError:
            self.send_error(502, "The app is not there")
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        # The end of the connection is the end of the answer: live pages have no length.
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while chunk := answer.read1(65536):
            self.wfile.write(chunk)
            self.wfile.flush()

    do_GET = do_POST = do_HEAD = forward

    def log_message(self, *arguments):
        pass
