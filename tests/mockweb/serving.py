"""Sites on loopback: a `Holding` says what one source holds and how it answers; a `Site` serves it, faults included."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request; `empty`: its list is to be shown empty, as lists are at random."""

    path: str
    query: dict[str, str]
    origin: str
    empty: bool = False

    def number(self, name: str, otherwise: int = 1) -> int:
        return int(self.query.get(name) or otherwise)

    def part(self, rows: Sequence[Any], start: int, size: int) -> list[Any]:
        return [] if self.empty else list(rows[start : start + size])


@dataclass(frozen=True)
class Answer:
    """A response. `dripping`: seconds between the pieces of a body that comes slowly; `cut`: the connection ends
    before the body does; `silent`: it ends before a first byte."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    dripping: float = 0.0
    cut: bool = False
    silent: bool = False


Fault = Callable[[Asked, Answer], Answer]
ALLOW = Answer(headers={"Content-Type": "text/plain"}, body=b"User-agent: *\nDisallow: /private/\n")
FORBID = Answer(headers={"Content-Type": "text/plain"}, body=b"User-agent: *\nDisallow: /\n")
NONE = Answer(404, body=b"none")
AROUND = "/around"
"""Redirects to itself, and never ends."""


@dataclass
class Holding:
    """What a source holds: `source` is its entry in sources.yaml without the address, `holds` the text of each post by
    its native id, `answer` what it says, `host` the field of the entry that takes its address."""

    source: dict[str, Any]
    holds: dict[str, str]
    answer: Callable[[Asked], Answer]
    host: str = "base"
    path: str = ""
    robots: Answer = ALLOW


def in_json(value: Any, **headers: str) -> Answer:
    return Answer(200, {"Content-Type": "application/json", **headers}, json.dumps(value).encode())


def in_html(text: str, encoding: str = "utf-8", says: str = "") -> Answer:
    kind = {"Content-Type": f"text/html; charset={says or encoding}"}
    return Answer(200, kind, text.encode(encoding))


class Site:
    """One origin. `faults` spoil every second answer, in turn, until there are none left; `asked` is what came."""

    def __init__(self, holding: Holding, faults: Sequence[Fault] = ()) -> None:
        self.holding = holding
        self.waiting = list(faults)
        self.asked: list[str] = []
        self._turn = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def entry(self) -> dict[str, Any]:
        """The source in sources.yaml."""
        return {**self.holding.source, self.holding.host: self.origin + self.holding.path}

    def answer(self, target: str, seen: str) -> Answer:
        """What is said to `GET target`; `seen` is the mark of a page that the asker has."""
        parts = urlsplit(target)
        asked = Asked(parts.path, dict(parse_qsl(parts.query)), self.origin)
        with self._lock:
            self.asked.append(target)
            if parts.path == "/robots.txt":
                return self.holding.robots
            if parts.path == AROUND:
                return Answer(302, {"Location": f"{AROUND}?{len(self.asked)}"})
            self._turn += 1
            fault = self.waiting.pop(0) if self.waiting and self._turn % 2 == 0 else None
        if fault is not None:
            return fault(asked, self.holding.answer(replace(asked, empty=fault.__name__ == "empty")))
        answer = self.holding.answer(asked)
        mark = f'"{hashlib.md5(answer.body, usedforsecurity=False).hexdigest()}"'
        if answer.status == 200 and mark == seen:
            return Answer(304, {"ETag": mark})
        return replace(answer, headers={**answer.headers, "ETag": mark}) if answer.status == 200 else answer

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = site.answer(self.path, self.headers.get("If-None-Match", ""))
            if answer.silent:
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + (100 if answer.cut else 0)))
            self.end_headers()
            with contextlib.suppress(OSError):
                for piece in _pieces(answer):
                    self.wfile.write(piece)
            self.close_connection = self.close_connection or answer.cut

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _pieces(answer: Answer) -> Iterator[bytes]:
    if not answer.dripping:
        yield answer.body
        return
    wait = threading.Event()
    for start in range(0, len(answer.body), max(len(answer.body) // 4, 1)):
        wait.wait(answer.dripping)
        yield answer.body[start : start + max(len(answer.body) // 4, 1)]
