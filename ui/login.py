"""Login: a plain form, a signed cookie, and a door that only requests with that cookie pass."""

from __future__ import annotations

import base64
import json
import logging
import math
import secrets
from asyncio import wrap_future
from typing import Annotated, Any
from urllib.parse import quote_plus, urlencode

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from markupsafe import Markup, escape
from starlette.datastructures import URL
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from auditor.access.accounts import LONGEST, Accounts, reviewer_name
from auditor.access.throttle import place_of
from auditor.errors import AccountError

from .answers import BusyError
from .guard import refuse
from .language import COOKIE, LANGUAGES, NAMES, TAGS, Language, language_of, translate

router = APIRouter()

_log = logging.getLogger(__name__)

FORMS = ("/login", "/logout")

_YEAR = 365 * 24 * 60 * 60
"""Seconds."""
_OPEN_PATHS = ("/login", "/static/login.css", "/favicon.ico")
_MAX_QUERY = 8_000
"""Maximum bytes of the query as the form sends it. The other fields must fit into 16 KiB with it."""
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_PAGE = Markup("""<!doctype html>
<html lang="{tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="static/login.css">
</head>
<body>
<main>
<h1>auditor</h1>
<p>{review}</p>
{message}
<form method="post" action="login">
<input type="hidden" name="query" value="{query}">
<label for="name">{name_label}</label>
<input id="name" name="name" value="{name}" required maxlength="100" autocomplete="username" autocapitalize="none">
<label for="password">{password}</label>
<input id="password" name="password" type="password" required maxlength="{longest}" autocomplete="current-password">
<button type="submit">{log_in}</button>
</form>
<p class="language"><a href="login?{link}" lang="{other_tag}">{other}</a></p>
</main>
</body>
</html>
""")
_NAME = Markup("<bdi>{}</bdi>")
_MESSAGE = Markup('<p role="alert">{}</p>')


def reviewer(connection: HTTPConnection, accounts: Accounts | None) -> str | None:
    """Return the reviewer's name from the session; None without one, or if the account has changed."""
    name: str | None = connection.session.get("reviewer")
    if name is None or accounts is None:
        return name
    mark = accounts.mark(name)  # None without an account, as in a session that never had one
    return name if mark is not None and connection.session.get("mark") == mark else None


class Sessions:
    """Reads and writes the session cookie. Over HTTPS, the cookie is marked as secure.

    Parameters
    ----------
    app : ASGI application
    session_cookie : str
        Name of the cookie.
    **options
        Passed to ``SessionMiddleware``.
    """

    def __init__(self, app: ASGIApp, /, session_cookie: str, **options: Any) -> None:
        self._cookie = session_cookie
        self._plain = SessionMiddleware(app, session_cookie=session_cookie, **options)
        self._secure = SessionMiddleware(app, session_cookie=session_cookie, https_only=True, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        cookie = HTTPConnection(scope).cookies.get(self._cookie) if scope["type"] == "http" else None
        if cookie is not None and not _is_session(cookie):
            scope = {**scope, "headers": [header for header in scope["headers"] if header[0] != b"cookie"]}
        await (self._secure if scope.get("scheme") == "https" else self._plain)(scope, receive, send)


def _is_session(cookie: str) -> bool:
    """Return whether a cookie holds a valid session: without a login, anyone can sign one."""
    try:
        session = json.loads(base64.b64decode(cookie.partition(".")[0]))
        name = session.get("reviewer", "nobody")
        return name == reviewer_name(name) and all(isinstance(value, str) for value in session.values())
    except (ValueError, RecursionError, AttributeError, TypeError, AccountError):
        return False


class Door:
    """Lets only logged-in requests pass. The page redirects others to the form; all other paths refuse them.

    Parameters
    ----------
    app : ASGI application
    accounts : Accounts
    """

    def __init__(self, app: ASGIApp, accounts: Accounts) -> None:
        self._app = app
        self._accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        app = self._app
        if scope["type"] == "http" and scope["path"] not in _OPEN_PATHS:
            app = app if reviewer(HTTPConnection(scope), self._accounts) else _turn_away(scope)
        await app(scope, receive, send)


def _turn_away(scope: Scope) -> Response:
    if scope["path"] == "/":
        query = _short_query(scope["query_string"].decode("latin-1"))
        return RedirectResponse(URL("login").include_query_params(query=query) if query else "login", 303)
    return refuse(401, "You are not logged in, or your login has expired.", "Reload the page to log in.")


@router.get("/login")
def form(request: Request, query: str = "", language: Language | None = None) -> Response:
    """Show the form, unless the reviewer is logged in. With ``language``, that becomes the one chosen."""
    if reviewer(request, request.app.state.accounts):
        response = _to_page(query)
    elif language is None:
        response = _form(request, query)
    else:
        response = RedirectResponse(f"login?{urlencode({'query': _short_query(query)})}", 303)
    if language is not None:
        response.set_cookie(COOKIE, language, max_age=_YEAR, path=None, samesite="lax")
    return response


@router.post("/login")
async def log_in(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2 * LONGEST)] = "",
    query: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Check name and password, and store the name in the session."""
    accounts, throttle = request.app.state.accounts, request.app.state.throttle
    address = place_of(request.client.host) if request.client else "elsewhere"
    browser = _trusted_browser(request, name)
    attempt: dict[str, Any] = {"name": name, "place": browser or address, "familiar": browser is not None}
    if wait := throttle.attempt(**attempt):
        seconds = math.ceil(wait)
        _log.warning("login of %r from %s refused: too many failures, %d s to wait", name[:100], address, seconds)
        return _form(request, query, name, _too_many(language_of(request), seconds), 429, retry_after=seconds)
    try:
        account = await _verified(request, attempt["place"], name, password)
    except BaseException as unchecked:
        throttle.withdraw(**attempt)
        if not isinstance(unchecked, BusyError):
            raise
        _log.warning("login of %r from %s refused: too many are logging in at once", name[:100], address)
        words = translate(language_of(request), "Too many people are logging in. Wait a second, then try again.")
        return _form(request, query, name, words, 429, retry_after=1)
    if account is None:
        _log.warning("login of %r from %s failed: wrong name or password", name[:100], address)
        words = translate(language_of(request), "Wrong name or password. Try again.")
        return _form(request, query, name, words, 401)
    throttle.succeed(**attempt)
    request.session.clear()
    request.session.update(reviewer=account, mark=accounts.mark(account))
    request.session.update(browser=browser or secrets.token_hex(8), of=accounts.password_mark(account))
    return _to_page(query)


async def _verified(request: Request, place: str, name: str, password: str) -> str | None:
    """Check a password when its turn comes. Return the account's name if it is right.

    Raises
    ------
    BusyError
        If the line is full, or the client has disconnected.
    """
    turns, accounts = request.app.state.turns, request.app.state.accounts
    if not await wrap_future(turns.line_up(place)):
        raise BusyError("Too many people are logging in.", "Try again in a moment.")
    try:
        if await request.is_disconnected():
            raise BusyError("The client has disconnected.", "Try again.")
        account: str | None = await run_in_threadpool(accounts.verify, name, password)
        return account
    finally:
        turns.done()


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the reviewer's sessions on all devices. Copies of the cookie become worthless."""
    accounts = request.app.state.accounts
    name = reviewer(request, accounts)
    for part in ("reviewer", "mark"):  # first: this browser forgets them even if the file cannot be written
        request.session.pop(part, None)
    if name is not None:
        accounts.log_out(name)
    return RedirectResponse("login", 303)


def _trusted_browser(request: Request, name: str) -> str | None:
    """Return the browser's id if this name has logged in there before with its current password."""
    browser: str | None = request.session.get("browser")
    if browser is None or request.session.get("of") != request.app.state.accounts.password_mark(name):
        return None
    return browser


def _too_many(language: Language, seconds: int) -> str:
    if seconds == 1:
        return translate(language, "Too many failed attempts. Wait 1 second, then try again.")
    return translate(language, "Too many failed attempts. Wait {seconds} seconds, then try again.", seconds=seconds)


def _short_query(query: str) -> str:
    """Return the query, or an empty one if it is too long for the form."""
    return query if len(quote_plus(query)) <= _MAX_QUERY else ""


def _to_page(query: str) -> Response:
    return RedirectResponse(f"./?{query}" if query else "./", 303)


def _form(
    request: Request, query: str, name: str = "", message: str = "", status: int = 200, retry_after: int | None = None
) -> Response:
    language, run, query = language_of(request), request.app.state.workspace.items.name, _short_query(query)
    other = next(choice for choice in LANGUAGES if choice != language)
    page = _PAGE.format(
        tag=TAGS[language],
        title=translate(language, "Log in · {run} · auditor", run=run),
        review=Markup(translate(language, "Review of {run}", run=_NAME.format(run))),
        message=_MESSAGE.format(escape(message)) if message else "",
        query=query,
        name_label=translate(language, "Name"),
        name=name,
        password=translate(language, "Password"),
        longest=LONGEST,
        log_in=translate(language, "Log in"),
        link=urlencode({"query": query, "language": other}),
        other=NAMES[other],
        other_tag=TAGS[other],
    )
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return HTMLResponse(page, status, headers=headers)
