"""Login: a plain form, a signed cookie, and a door that nothing passes without it."""

from __future__ import annotations

import logging
import math
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from markupsafe import Markup, escape
from starlette.datastructures import URL
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from auditor.review.accounts import LONGEST, Accounts

from .guard import refuse

router = APIRouter()

_log = logging.getLogger(__name__)

FORMS = ("/login", "/logout")

_OPEN = ("/login", "/static/login.css", "/favicon.ico")
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_PAGE = Markup("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Log in · {run} · auditor</title>
<link rel="stylesheet" href="static/login.css">
</head>
<body>
<main>
<h1>auditor</h1>
<p>Review of <bdi>{run}</bdi></p>
{message}
<form method="post" action="login">
<input type="hidden" name="query" value="{query}">
<label for="name">Name</label>
<input id="name" name="name" value="{name}" required maxlength="100" autocomplete="username" autocapitalize="none">
<label for="password">Password</label>
<input id="password" name="password" type="password" required maxlength="{longest}" autocomplete="current-password">
<button type="submit">Log in</button>
</form>
</main>
</body>
</html>
""")
_MESSAGE = Markup('<p role="alert">{}</p>')


def reviewer(connection: HTTPConnection, accounts: Accounts | None) -> str | None:
    """Name of whoever asks, from the session; None if there is none, or the account is no longer what it was."""
    name: str | None = connection.session.get("reviewer")
    if name is None or accounts is None:
        return name
    return name if connection.session.get("mark") == accounts.mark(name) else None


class Sessions:
    """Reads and writes the session's cookie; over HTTPS, the browser is told never to send it over plain HTTP.

    Parameters
    ----------
    app : ASGI application
    **options
        As ``SessionMiddleware`` takes them.
    """

    def __init__(self, app: ASGIApp, /, **options: Any) -> None:
        self._plain = SessionMiddleware(app, **options)
        self._secure = SessionMiddleware(app, https_only=True, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await (self._secure if scope.get("scheme") == "https" else self._plain)(scope, receive, send)


class Door:
    """With a login, lets nobody without one past; the page sends them to the form, all else refuses.

    Parameters
    ----------
    app : ASGI application
    accounts : Accounts
    """

    def __init__(self, app: ASGIApp, accounts: Accounts) -> None:
        self._app = app
        self._accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        app = self._app
        if scope["type"] == "http" and scope["path"] not in _OPEN:
            app = app if reviewer(HTTPConnection(scope), self._accounts) else _shut(scope)
        await app(scope, receive, send)


def _shut(scope: Scope) -> Response:
    if scope["path"] == "/":
        query = scope["query_string"].decode("latin-1")
        return RedirectResponse(URL("login").include_query_params(query=query) if query else "login", 303)
    return refuse(401, "You are not logged in, or no longer.", "Reload the page to log in.")


@router.get("/login")
def form(request: Request, query: str = "") -> Response:
    """Show the form, unless whoever asks is logged in."""
    if reviewer(request, request.app.state.accounts):
        return _to_page(query)
    return _form(request, query)


@router.post("/login")
def log_in(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2 * LONGEST)] = "",
    query: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Check name and password, and remember the name in the session."""
    accounts, throttle = request.app.state.accounts, request.app.state.throttle
    address = request.client.host if request.client else "unknown"
    who = name.strip(), address
    if wait := throttle.attempt(*who):
        seconds = math.ceil(wait)
        _log.warning("login of %r from %s refused: too many wrong tries, %d s to wait", name, address, seconds)
        said = f"Too many wrong tries. Wait {seconds} second{'s' * (seconds != 1)}, then try again."
        answered = _form(request, query, name, said, 429)
        answered.headers["Retry-After"] = str(seconds)
        return answered
    known = accounts.verify(name, password)
    if known is None:
        _log.warning("login of %r from %s failed: wrong name or password", name, address)
        return _form(request, query, name, "This name and password do not belong together. Try again.", 401)
    throttle.succeed(*who)
    request.session.clear()
    request.session.update(reviewer=known, mark=accounts.mark(known))
    return _to_page(query)


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the reviewer's sessions on all devices: a copy of the cookie is worth nothing afterwards."""
    accounts = request.app.state.accounts
    name = reviewer(request, accounts)
    request.session.clear()  # first, so that this browser forgets even if the file cannot be written
    if name is not None:
        accounts.log_out(name)
    return RedirectResponse("login", 303)


def _to_page(query: str) -> Response:
    return RedirectResponse(f"./?{query}" if query else "./", 303)


def _form(request: Request, query: str, name: str = "", message: str = "", status: int = 200) -> Response:
    page = _PAGE.format(
        run=request.app.state.desk.items.name,
        message=_MESSAGE.format(escape(message)) if message else "",
        query=query,
        name=name,
        longest=LONGEST,
    )
    return HTMLResponse(page, status, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})
