"""The app: the API, the static files and Gradio's page, behind one guard and, with accounts, a login."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Collection, Mapping

import gradio as gr
from fastapi import FastAPI, HTTPException

from auditor.access.accounts import Accounts
from auditor.access.throttle import Throttle
from auditor.access.turns import Turns
from auditor.config import QueueConfig
from auditor.review.log.log import DecisionLog
from auditor.run import Run

from . import login
from .answers import answer_errors, answer_errors_of_middleware
from .files import serve_files
from .guard import Guard, PageGuard
from .language import Language
from .page import make_page, theme
from .routes import classes, decisions, exporting, guiding, reading
from .services.pushing import Pusher
from .services.renewal import Renewal
from .services.workspace import Workspace

LOCAL = ("127.0.0.1", "localhost", "::1")
"""Names by which this machine calls itself."""

_DAY = 24 * 60 * 60

mimetypes.add_type("text/javascript", ".js")  # some systems call it text/plain, which no browser runs


def build(
    run: Run,
    log: DecisionLog,
    *,
    accounts: Accounts | None = None,
    keys: Mapping[str, str] | None = None,
    queue: QueueConfig | None = None,
    hosts: Collection[str] | None = LOCAL,
    language: Language | None = None,
) -> FastAPI:
    """Make the review page of a run.

    Parameters
    ----------
    run : Run
        A finished run. It is only read.
    log : DecisionLog
        Log that decisions are written to.
    accounts : Accounts or None
        Who may log in. When None, anyone who can reach the page may review under any name.
    keys : mapping of str to str, or None
        Key of each action. Default: the standard keys.
    queue : QueueConfig or None
        How the default queue mixes its cards.
    hosts : collection of str, or None
        Host names under which the page is served; any when None, which is safe only with accounts.
    language : "en", "zh" or None
        Language of the page where none was chosen on it; the browser's when None.

    Returns
    -------
    FastAPI
    """
    app = FastAPI(title="auditor", docs_url=None, redoc_url=None, openapi_url=None)
    names = accounts.names if accounts else ()
    app.state.renewal = Renewal(app.state, run, lambda ranked: Workspace.of(ranked, log, keys, queue, names))
    app.state.pusher = Pusher()
    app.state.accounts, app.state.language = accounts, language
    app.state.throttle, app.state.turns = Throttle(), Turns()
    answer_errors(app)
    app.include_router(reading.router)
    app.include_router(decisions.router)
    app.include_router(exporting.router)
    app.include_router(guiding.router)
    app.include_router(classes.router)
    serve_files(app)
    app.add_middleware(PageGuard)  # middleware added later is further out
    if accounts is not None:
        app.include_router(login.router)
        app.add_middleware(login.Door, accounts=accounts)
        answer_errors_of_middleware(app)
    for path in ("/api/{rest:path}", "/static/{name}", *login.FORMS):
        app.add_api_route(path, _not_found, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    app.add_middleware(
        login.Sessions,
        secret_key=accounts.secret if accounts else _public_key(log.run_id),
        session_cookie=f"auditor-{log.run_id[:16]}",  # a browser has one set of cookies for all ports of a host
        max_age=14 * _DAY if accounts else 365 * _DAY,
    )
    app.add_middleware(Guard, hosts=hosts, forms=login.FORMS if accounts else ())
    gr.mount_gradio_app(
        app,
        make_page(app.state.workspace.items.name, login=accounts is not None),
        path="/",
        theme=theme(),
        footer_links=[],
        run_history=False,
        show_error=False,
        auth_dependency=(lambda request: login.reviewer(request, accounts)) if accounts else None,
    )
    return app


async def _not_found() -> None:
    """Answer 404 for unknown paths of ours before Gradio sees them."""
    raise HTTPException(404)


def _public_key(run_id: str) -> str:
    """Return the key that signs cookies where there is no login: stable across restarts, and not secret.

    It need not be secret: anyone who can reach the page may use any name.
    """
    return hashlib.sha256(f"auditor without a login: {run_id}".encode()).hexdigest()
