"""Serve the page: at which address and port, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from starlette.types import ASGIApp

from auditor.access.accounts import Accounts
from auditor.config import QueueConfig
from auditor.errors import AccountError, ReviewError
from auditor.review.guidelines import read_guidelines
from auditor.review.keys import read_keys
from auditor.review.log.opening import opened_log
from auditor.run import Run, find_run

from . import logs
from .app import LOCAL, build
from .connections import Config, Limits, Server
from .language import Language
from .proxies import Network, Proxies, networks_of

FIRST_PORT, PORTS = 7860, 20
_GRACE_PERIOD = 3
"""Seconds that open requests have to finish when the server stops."""


def serve(
    run: Run | str,
    db: str | None = None,
    host: str = "127.0.0.1",
    port: int | None = None,
    auth: Path | None = None,
    keys: Path | None = None,
    open_browser: bool = False,
    forwarded_allow_ips: str = "",
    queue: QueueConfig | None = None,
    guidelines: Path | None = None,
    language: Language | None = None,
) -> None:
    """Serve the review page of a run until Ctrl-C or SIGTERM.

    Parameters
    ----------
    run : Run or str
        A run, its name, or its path.
    db : str or None
        Address of the decision log; ``decisions.db`` in the run's directory when None.
    host : str
        Address to listen on. Without accounts, it must be this machine's own.
    port : int or None
        Port to listen on. Default: the first free port from 7860.
    auth, keys : Path or None
        Files of accounts and of keys.
    open_browser : bool
    forwarded_allow_ips : str
        Addresses and networks of trusted proxies, separated by commas.
    queue : QueueConfig or None
        How the default queue mixes its cards.
    guidelines : Path or None
        Markdown file with what the labels mean.
    language : "en", "zh" or None
        Language of the page where none was chosen on it; the browser's when None.

    Raises
    ------
    AccountError
        If the page would be open to others without a login, or the accounts cannot be read.
    AuditorError
        If the run, the log, the keys or the port cannot be used.
    """
    accounts = _accounts(auth, host)
    proxies = networks_of(forwarded_allow_ips)
    keymap = read_keys(keys) if keys else None
    text = read_guidelines(guidelines) if guidelines else None
    run = run if isinstance(run, Run) else find_run(run)
    listener = _listen(host, port)
    with _sigterm_as_ctrl_c(), closing(listener), opened_log(run, db) as log:
        hosts = None if accounts else LOCAL
        app = build(run, log, accounts=accounts, keys=keymap, queue=queue, hosts=hosts, language=language)
        logs.set_up()
        if text is not None and not app.state.workspace.verdicts.guidelines.adopt(text, secrets.token_urlsafe(16)):
            latest = app.state.workspace.verdicts.guidelines.latest
            print(
                f"{guidelines} was changed on the page by {latest.reviewer!r} since: the newer text stays.", flush=True
            )
        server = _server(app, Limits.of_process(), proxies)
        address = _address(listener)
        print(f"Review of {app.state.workspace.items.name!r}: {address}  (Ctrl-C ends it)", flush=True)
        if accounts and host not in LOCAL:
            print("Passwords are sent unencrypted. On a network you do not trust, put HTTPS in front.", flush=True)
        if open_browser:
            with suppress(webbrowser.Error):
                webbrowser.open(address)
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    print("Stopped. Everything shown as saved is in the decision log.", flush=True)


def _server(app: ASGIApp, limits: Limits, proxies: Sequence[Network] = ()) -> Server:
    """Make the server. No environment variable configures it."""
    return Server(
        Config(
            Proxies(app, proxies),
            limits,
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_PERIOD,
        )
    )


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Make SIGTERM, with which systemd and Docker stop a service, act like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _accounts(auth: Path | None, host: str) -> Accounts | None:
    if auth is None:
        if host not in LOCAL:
            raise AccountError(
                f"--host {host} would open the page to others, and without a login anyone could decide under any name.",
                "Make accounts (auditor user add NAME --auth FILE) and give --auth FILE, or omit --host.",
            )
        return None
    accounts = Accounts(auth)
    if not accounts.names:
        raise AccountError(f"{auth} has no accounts.", f"Make one: auditor user add NAME --auth {auth}")
    return accounts


def _listen(host: str, port: int | None) -> socket.socket:
    """Return a listening socket. A browser that connects early waits instead of failing."""
    for candidate in (port,) if port is not None else range(FIRST_PORT, FIRST_PORT + PORTS):
        try:
            family, kind, protocol, _, sockaddr = socket.getaddrinfo(host, candidate, type=socket.SOCK_STREAM)[0]
            listener = socket.socket(family, kind, protocol)
            if os.name == "posix":  # to reuse a port that was just freed; on Windows it means something else
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(sockaddr)
                listener.listen(128)
            except BaseException:
                listener.close()
                raise
            return listener
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port is not None:
                raise ReviewError(
                    f"The page cannot be served at {host} port {candidate}: {error.strerror}.",
                    "Name another port with --port, or omit it to use the next free one."
                    if port is not None
                    else "Name an address of this machine with --host.",
                ) from None
    raise ReviewError(
        f"All ports from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} of {host} are taken.",
        "Name another port with --port.",
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # every address of this machine
        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
