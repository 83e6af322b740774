"""Sockets: seven small HTTP servers on loopback. What they answer is decided elsewhere."""

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from deploy.demo.sites.page import Answer, Ask
from tingchao.errors import Unavailable

HOST = "127.0.0.1"
LARGEST_BODY = 256 * 1024
LONGEST_QUERY = 4096
IDLE_SECONDS = 20
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Sent:
    """What was POSTed; header names are lower case."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


Get = Callable[[Ask, datetime], Answer]
Post = Callable[[Sent, datetime], Answer]

_PLAIN = "text/plain; charset=utf-8"


class Server:
    """One origin. It listens from the start and answers once `start` was called."""

    def __init__(self, get: Get, post: Post | None = None, port: int = 0) -> None:
        try:
            self._http = _Http((HOST, port), get, post)
        except OSError as error:
            raise Unavailable(
                f"port {port} on {HOST} cannot be used ({error.strerror}); give another or 0"
            ) from error
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(POLL_SECONDS,), name=f"demo-{self.port}", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop listening; returns within a fraction of a second."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], get: Get, post: Post | None) -> None:
        self.get = get
        self.post = post
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is everyday life here; anything else is a bug and goes to stderr."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    server_version = "demo"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        path, query = self._address()
        origin = f"http://{HOST}:{self.server.server_address[1]}"
        answer = self.server.get(Ask(path, query, origin), datetime.now(UTC))
        self._send(answer)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.server.post is None:
            self.close_connection = True
            return self._send(Answer(b"", _PLAIN, 405))
        if not length.isdigit() or len(length) > 12 or int(length) > LARGEST_BODY:
            self.close_connection = True
            return self._send(Answer(b"", _PLAIN, 413 if length.isdigit() else 411))
        body = self.rfile.read(int(length))
        path, query = self._address()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.post(Sent(path, query, headers, body), datetime.now(UTC)))
        return None

    def _address(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        query = dict(reversed(parse_qsl(parts.query[:LONGEST_QUERY], keep_blank_values=True)))
        return unquote(parts.path), query

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the turnstile counts."""
