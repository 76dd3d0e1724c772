"""Guard: which requests the server accepts, how much of Gradio it serves, and the headers of every answer."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .files import KEPT_FOR_A_YEAR, SUITES, address, scripts
from .language import Language, language_of, translate_page
from .page import STYLES, WORDS

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with less, a browser's form says "Origin: null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}
"""Headers of every answer. The page has a Content-Security-Policy of its own."""

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Gradio compiles its templates and ``js_on_load`` with ``eval``, and styles its elements inline. Only the inline
scripts that Gradio wrote into the page may run, by their hashes: a script in a text does not."""

_OWN_PATHS = re.compile(
    rf"/(api/[\w/-]{{1,200}}|static/(edition/[0-9a-f]{{12}}/)?(({'|'.join(SUITES)})/)?[\w.-]{{1,200}})", re.ASCII
)
_GRADIO_PATHS = re.compile(
    r"/(|theme\.css|favicon\.ico|assets/[\w.-]{1,200}|static/js/iframeResizer\.contentWindow\.min\.js)", re.ASCII
)
"""All that the page requests from Gradio. Its uploads, files, queue and API are unused and stay closed."""

_MAX_BYTES = 16 << 20
"""Maximum size of a request. A selection of a million rows has half as many bytes."""
_MAX_FORM_BYTES = 16 << 10
"""Maximum bytes of a form, which is read before anyone has logged in."""
_MAX_HEAD_BYTES = 16 << 10
"""Maximum bytes of the address and the headers."""
_MAX_HEADERS = 100
_MAX_VALUES = 1_200_000
"""Maximum number of values in a request's JSON, counted by separators: three bytes may take a hundred once parsed."""
_SEPARATORS = b",[{:"
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"

_SCRIPT = re.compile(rb"<script(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.DOTALL)


class Guard:
    """The outermost layer of the server, around the API, the static files and Gradio.

    It refuses requests for another host name (DNS rebinding), changes requested by another site's page, all of Gradio
    except its page, and requests larger than the page needs. It adds :data:`HEADERS` to every answer.

    Parameters
    ----------
    app : ASGI application
    hosts : collection of str, or None
        Host names under which the page is served, without ports; any when None.
    forms : collection of str
        Paths of ours that accept forms.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None = None, forms: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = hosts
        self._forms = forms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        app = self._app
        if scope["type"] == "http":
            send = _with_headers(send, KEPT_FOR_A_YEAR if scope["path"].startswith("/assets/") else {})
            receive = _Receiving(receive, self._max_bytes(scope))
            app = self._refusal(scope) or app
        await app(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers, path = Headers(scope=scope), scope["path"]
        if _size_of_head(scope) > _MAX_HEAD_BYTES or len(scope["headers"]) > _MAX_HEADERS:
            return refuse(431, "The address is too long, or there are too many headers.", "Choose fewer rows.")
        host = headers.get("host", "")
        if self._hosts is not None and _host_name(host) not in self._hosts:
            return refuse(
                421,
                "This page is not served under that name.",
                "Open it by the address that the server printed. To serve it under other names, start it with --auth.",
            )
        if not _OWN_PATHS.fullmatch(path) and not _GRADIO_PATHS.fullmatch(path) and path not in self._forms:
            return refuse(404, "There is nothing here.", "Open the page by the address that the server printed.")
        size = _size_of_body(headers)
        if size is None:
            return refuse(411, "The request does not say how large it is.", "Reload the page.")
        if scope["method"] in ("GET", "HEAD"):
            return refuse(400, "This request must not have a body.", "Reload the page.") if size else None
        if not _same_origin(headers, host):
            return refuse(403, "The request comes from another site.", "Open the page itself, and do it there.")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        expected = _FORM if path in self._forms else _JSON
        if (size or expected == _JSON) and (kind != expected or "content-encoding" in headers):
            return refuse(415, f"The request is not {expected}.", "Reload the page.")
        if size > self._max_bytes(scope):
            return refuse(413, "The request is too large.", "Choose fewer rows.")
        return None

    def _max_bytes(self, scope: Scope) -> int:
        return _MAX_FORM_BYTES if scope["path"] in self._forms else _MAX_BYTES


class _Receiving:
    """Passes a body on as it arrives, and stops at the limit whatever its headers announce."""

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._bytes, self._values = max_bytes, _MAX_VALUES

    async def __call__(self) -> Message:
        message = await self._receive()
        body = message.get("body", b"")
        self._bytes -= len(body)
        self._values -= sum(map(body.count, _SEPARATORS))
        if self._bytes < 0 or self._values < 0:
            raise HTTPException(413, "The request is too large")
        return message


def refuse(status: int, what: str, todo: str) -> JSONResponse:
    """Make the answer to a request that failed."""
    return JSONResponse({"what": what, "todo": todo}, status, headers={"Cache-Control": "no-store"})


def _same_origin(headers: Headers, host: str) -> bool:
    """Return whether our own page sent the request, by headers that scripts cannot set."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is not None and urlsplit(origin).netloc == host


def _with_headers(send: Send, if_ok: Mapping[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**HEADERS, **(if_ok if message["status"] == 200 else {})}.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _size_of_head(scope: Scope) -> int:
    address = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    return address + sum(len(name) + len(value) for name, value in scope["headers"])


def _size_of_body(headers: Headers) -> int | None:
    """Return the bytes that a request announces; None if it announces none, or two sizes."""
    sizes = headers.getlist("content-length")
    if "transfer-encoding" in headers or len(sizes) > 1:
        return None
    size = sizes[0] if sizes else "0"
    return int(size) if re.fullmatch("[0-9]{1,18}", size) else None


def _host_name(host: str) -> str | None:
    """Return the name in a Host header without the port; None if it is invalid."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


class PageGuard:
    """The innermost layer, around Gradio's page: drops the query, sets the language, and the policy of the scripts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["path"] == "/":
            # The query is for our scripts: Gradio would take `page` for one of its own pages, and fail. The answer
            # must not be compressed, because it is read here.
            headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            scope = {**scope, "query_string": b"", "headers": headers}
            send = _PageSending(send, language_of(HTTPConnection(scope)))
        await self._app(scope, receive, send)


class _PageSending:
    """Buffers the page until it is complete, then adds to it."""

    def __init__(self, send: Send, language: Language) -> None:
        self._send, self._language = send, language
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_all()

    async def _send_all(self) -> None:
        headers = MutableHeaders(scope=self._start)
        if self._start["status"] == 200 and self._body:
            links = "".join(f'<link rel="stylesheet" href="{address(name)}">' for name in STYLES)
            # Without these, a browser learns of each script only when another imports it, in four rounds of requests.
            links += "".join(f'<link rel="modulepreload" href="{address(name)}">' for name in scripts())
            links += f'<meta name="auditor-language" content="{self._language}">'
            if self._language != "en":
                words = address(f"{self._language}.json")
                links += f'<link rel="preload" as="fetch" crossorigin href="{words}">'
            self._body = translate_page(self._body, self._language, WORDS)
            self._body = self._body.replace(b"</head>", links.encode() + b"</head>", 1)
            headers["Content-Length"] = str(len(self._body))
        headers["Content-Security-Policy"] = _PAGE_POLICY.format(scripts=_hashes(self._body))
        headers["Cache-Control"] = "no-store"
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body})


def _hashes(page: bytes) -> str:
    """Return the hashes of the page's inline scripts, as a Content-Security-Policy lists them."""
    found = (match["code"] for match in _SCRIPT.finditer(page) if b"src=" not in match["attributes"])
    digests = (base64.b64encode(hashlib.sha256(code).digest()).decode() for code in found)
    return " ".join(f"'sha256-{digest}'" for digest in digests)
