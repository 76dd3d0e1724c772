"""The Hub on this machine, as its clients see it: what ``huggingface_hub`` and ``datasets`` ask for over HTTP.

Refusals have the status and the ``X-Error-Code`` of the real Hub. :meth:`Hub.fail` makes a request go wrong, and
:meth:`Hub.meanwhile` does something while one is on its way.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub import answers
from tests.hub.store import Person, RefusedError, Store

_REPOSITORY = r"([^/]+/[^/]+?)"
_ROUTES: tuple[tuple[str, re.Pattern[str], Callable[..., Any]], ...] = tuple(
    (kind, re.compile(pattern), answer)
    for kind, pattern, answer in (
        ("whoami", r"/api/whoami-v2", answers.whoami),
        ("create", r"/api/repos/create", answers.create),
        ("validate", r"/api/validate-yaml", answers.validate),
        ("upload", r"/large/([0-9a-f]{64})", answers.upload),
        ("batch", rf"(/datasets)?/{_REPOSITORY}\.git/info/lfs/objects/batch", answers.batch),
        ("resolve", rf"(/datasets)?/{_REPOSITORY}/resolve/(refs/pr/\d+|[^/]+)/(.+)", answers.resolve),
        ("preupload", rf"/api/(\w+)s/{_REPOSITORY}/preupload/([^/]+)", answers.preupload),
        ("commit", rf"/api/(\w+)s/{_REPOSITORY}/commit/([^/]+)", answers.commit),
        ("refs", rf"/api/(\w+)s/{_REPOSITORY}/refs", answers.refs),
        ("tree", rf"/api/(\w+)s/{_REPOSITORY}/tree/(refs/pr/\d+|[^/]+)(?:/(.*))?", answers.tree),
        ("paths", rf"/api/(\w+)s/{_REPOSITORY}/paths-info/(refs/pr/\d+|[^/]+)", answers.paths),
        ("info", rf"/api/(\w+)s/{_REPOSITORY}(?:/revision/(.+))?", answers.info),
    )
)


@dataclass
class Request:
    """One request: what it asks, by whom."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    person: Person | None
    endpoint: str

    @property
    def user(self) -> Person:
        if self.person is None:
            raise RefusedError(401, "", "Invalid username or password.")
        return self.person


@dataclass
class Trouble:
    """What goes wrong with requests of one kind.

    ``cut`` closes the connection in the middle of what is sent; ``lost`` does what was asked, and gives no answer.
    """

    status: int = 0
    message: str = ""
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    lost: bool = False
    times: int = 1


@dataclass
class Hub:
    """A Hub to be asked and to be looked into. ``asked`` are kind and path of all requests."""

    store: Store = field(default_factory=Store)
    endpoint: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    errands: dict[str, Callable[[], object]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, kind: str, **trouble: Any) -> None:
        """Have the next request of a kind go wrong, or the next ``times``."""
        self.troubles[kind] = Trouble(**trouble)

    def meanwhile(self, kind: str, errand: Callable[[], object]) -> None:
        """Do something just before the next request of a kind is answered."""
        self.errands[kind] = errand

    def trouble(self, kind: str) -> Trouble | None:
        trouble = self.troubles.get(kind)
        if trouble is None or trouble.times == 0:
            return None
        trouble.times -= 1
        return trouble

    def answer(self, kind: str, answer: Callable[..., Any], request: Request, groups: tuple[Any, ...]) -> Any:
        with self.lock:
            self.errands.pop(kind, lambda: None)()
            return answer(self.store, request, *groups)


class _CutError(Exception):
    """The connection is closed without an answer."""


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        try:
            status, headers, data = 200, *self._answer()
        except RefusedError as refused:
            message = {"X-Error-Message": refused.message} if refused.message else {}
            code = {"X-Error-Code": refused.code} if refused.code else {}
            status, headers, data = refused.status, {**refused.headers, **message, **code}, b""
        except _CutError:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

    def _answer(self) -> tuple[dict[str, str], bytes]:
        url = urlsplit(self.path)
        path = unquote(url.path)
        found = ((kind, answer, match) for kind, route, answer in _ROUTES if (match := route.fullmatch(path)))
        kind, answer, match = next(found, ("nothing", answers.nothing, None))
        self.hub.asked.append((kind, path))
        trouble = self.hub.trouble(kind)
        size = int(self.headers.get("Content-Length", 0))
        if trouble and trouble.cut:
            self.rfile.read(size // 2)
            raise _CutError
        body = self._body(size)
        if trouble and trouble.status:
            raise RefusedError(trouble.status, trouble.code, trouble.message, trouble.headers)
        request = Request(
            self.command, path, parse_qs(url.query), self.headers, body, self._person(), self.hub.endpoint
        )
        given = self.hub.answer(kind, answer, request, match.groups() if match else ())
        if trouble and trouble.lost:
            raise _CutError
        return given

    def _body(self, size: int) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(size)
        body = b""
        while length := int(self.rfile.readline(), 16):
            body += self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _person(self) -> Person | None:
        given = self.headers.get("Authorization", "")
        if not given:
            return None
        person = self.hub.store.people.get(given.removeprefix("Bearer "))
        if person is None:
            raise RefusedError(401, "", "Invalid credentials in Authorization header")
        return person

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serve(store: Store | None = None) -> Iterator[Hub]:
    """Serve a Hub on a free port of this machine."""
    hub = Hub(store or Store())
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
