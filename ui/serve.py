"""Serving the page: where it may be reached, on which port, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import errno
import os
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
from auditor.review.keys import read_keys
from auditor.review.log.opening import opened_log
from auditor.run import Run, find_run

from . import logs
from .app import LOCAL, build
from .connections import Config, Limits, Server
from .proxies import Network, Proxies, networks_of

FIRST_PORT, PORTS = 7860, 20
_GOODBYE = 3
"""Seconds that open requests have when the server is to end."""


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
) -> None:
    """Serve the review page of a run until Ctrl-C, or SIGTERM.

    Parameters
    ----------
    run : Run or str
        A run, its name, or its path.
    db : str or None
        Address of the decision log; ``decisions.db`` in the run's directory when None.
    host : str
        Address to listen on. Without accounts, this machine's own.
    port : int or None
        The first free one from 7860 on when None.
    auth, keys : Path or None
        Files of accounts and of keys.
    open_browser : bool
    forwarded_allow_ips : str
        Addresses and networks of the proxies that are believed, separated by commas.
    queue : QueueConfig or None
        How the default queue mixes its cards.

    Raises
    ------
    AccountError
        If the page would be open to others without a login, or the accounts cannot be read.
    AuditorError
        If the run, the log, the keys or the port cannot be had.
    """
    accounts = _accounts(auth, host)
    proxies = networks_of(forwarded_allow_ips)
    changed = read_keys(keys) if keys else None
    run = run if isinstance(run, Run) else find_run(run)
    listener = _listen(host, port)
    with _sigterm_as_ctrl_c(), closing(listener), opened_log(run, db) as log:
        app = build(run, log, accounts=accounts, keys=changed, queue=queue, hosts=None if accounts else LOCAL)
        logs.set_up()
        server = _server(app, Limits.of_process(), proxies)
        address = _address(listener)
        print(f"Review of {app.state.workspace.items.name!r}: {address}  (Ctrl-C ends it)", flush=True)
        if accounts and host not in LOCAL:
            print("The passwords travel unencrypted: in a network you do not trust, put HTTPS in front.", flush=True)
        if open_browser:
            with suppress(webbrowser.Error):
                webbrowser.open(address)
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    print("Ended. All that was shown as saved is in the decision log.", flush=True)


def _server(app: ASGIApp, limits: Limits, proxies: Sequence[Network] = ()) -> Server:
    """The server, on which nothing is configured by the environment."""
    return Server(
        Config(
            Proxies(app, proxies),
            limits,
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GOODBYE,
        )
    )


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Have SIGTERM, by which systemd and Docker end a service, close all that Ctrl-C closes."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _accounts(auth: Path | None, host: str) -> Accounts | None:
    if auth is None:
        if host not in LOCAL:
            raise AccountError(
                f"--host {host} would open the page to others, and without a login anyone of them could decide"
                " under any name.",
                "Make accounts (auditor user add NAME --auth FILE) and give --auth FILE, or leave --host away.",
            )
        return None
    accounts = Accounts(auth)
    if not accounts.names:
        raise AccountError(f"{auth} has no accounts.", f"Make one: auditor user add NAME --auth {auth}")
    return accounts


def _listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens: from now on, a browser that comes too early waits instead of failing."""
    for candidate in (port,) if port is not None else range(FIRST_PORT, FIRST_PORT + PORTS):
        try:
            family, kind, protocol, _, where = socket.getaddrinfo(host, candidate, type=socket.SOCK_STREAM)[0]
            listener = socket.socket(family, kind, protocol)
            if os.name == "posix":  # else a port that was just left could not be had; elsewhere it means another thing
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(where)
                listener.listen(128)
            except BaseException:
                listener.close()
                raise
            return listener
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port is not None:
                raise ReviewError(
                    f"The page cannot be served at {host} port {candidate}: {error.strerror}.",
                    "Name another with --port, or leave it away for the next free one."
                    if port is not None
                    else "Name an address of this machine with --host.",
                ) from None
    raise ReviewError(
        f"The ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} of {host} are all taken.", "Name another with --port."
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # every address of this machine
        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
