"""An endpoint on this machine that answers chat completions as each test wants it to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


def says(content: Any, *, finish: str = "stop", **message: Any) -> Answer:
    """A completion with this content."""
    choice = {"message": {"content": content, **message}, "finish_reason": finish}
    usage = {"prompt_tokens": 100, "completion_tokens": 5}
    return 200, {}, json.dumps({"choices": [choice], "usage": usage}).encode()


def label(name: str) -> Answer:
    return says(json.dumps({"label": name}))


@dataclass
class Server:
    """The endpoint: what it was sent, and how it answers the next requests."""

    url: str = ""
    answer: Callable[[dict[str, Any]], Answer] = lambda body: label("joy")
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    stop: Event = field(default_factory=Event)
    """Slow answers wait for it, so that no test does."""


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.paths.append(self.path)
            server.keys.append(self.headers.get("Authorization"))
            server.bodies.append(body)
            status, headers, data = server.answer(body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            half = len(data) // 2
            self.wfile.write(data[:half])
            if "X-Slow" in headers:
                self.wfile.flush()
                server.stop.wait(30)
            if "X-Cut" not in headers:
                self.wfile.write(data[half:])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that has gone away is no fault."""

    with Quiet(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_port}/v1"
        Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.stop.set()
            listening.shutdown()
