"""The commands around reviewing: the page, its reviewers' accounts, and the decision log as a file."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.errors import AccountError, ReviewError

accounts = typer.Typer(
    name="user", help="Accounts of reviewers.\n\nExample: auditor user add ann --auth reviewers.json"
)
decisions = typer.Typer(
    name="log", help="The decision log as JSON Lines.\n\nExample: auditor log export tweets decisions.jsonl"
)

_RUN = typer.Argument(metavar="RUN", help="Name of a run (under reports/runs) or its path.")
_DB = typer.Option(help="The decision log: postgresql+psycopg://…; decisions.db in the run's directory by default.")
_AUTH = typer.Option(metavar="FILE", help="Accounts of reviewers, made by `auditor user add`.")


def review(
    run: Annotated[str, _RUN],
    db: Annotated[str | None, _DB] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; any but this one needs --auth.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="7860, or the next that is free, when not given.", min=1, max=65535)
    ] = None,
    auth: Annotated[Path | None, _AUTH] = None,
    keys: Annotated[
        Path | None, typer.Option(metavar="FILE", help='Other keys, as JSON: {"keep": "g", "skip": "ArrowRight"}.')
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    forwarded_allow_ips: Annotated[
        str,
        typer.Option(
            metavar="ADDRESSES",
            help="Proxies to believe when they say who asks, and whether over HTTPS (X-Forwarded-For,"
            " X-Forwarded-Proto): addresses or networks, separated by commas. Nobody is believed by default.",
        ),
    ] = "",
) -> None:
    """Judge the suspects of a run in the browser, alone or with others; Ctrl-C ends it.

    Every decision is kept in the decision log, and can be undone.

    Example: auditor review tweets
    """
    _app().serve(
        run,
        db=db,
        host=host,
        port=port,
        auth=auth,
        keys=keys,
        open_browser=open_browser,
        forwarded_allow_ips=forwarded_allow_ips,
    )


@accounts.callback()
def _accounts() -> None:
    """Keep ``add`` a word of its own: Typer would leave out the name of a group's only command."""


@accounts.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As it will stand in the decision log.")],
    auth: Annotated[Path, _AUTH],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input, one line.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Give an account that exists a new password.")] = False,
) -> None:
    """Make an account for a reviewer; the password is asked for.

    Example: auditor user add ann --auth reviewers.json
    """
    from auditor.review.accounts import Accounts

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _ask_password()
    added = Accounts(auth).add(name, password, replace=replace)
    typer.echo(f"{added!r} can log in where {auth} is given as --auth.")


@decisions.command("export")
def export_decisions(
    run: Annotated[str, _RUN],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="To be written; replaced if it exists.")],
    db: Annotated[str | None, _DB] = None,
) -> None:
    """Write every decision on a run into a file, undone ones included.

    Example: auditor log export tweets decisions.jsonl
    """
    from auditor.review.jsonl import export_log

    with _log(run, db) as log:
        count = export_log(log, file)
    typer.echo(f"{count:,} event{'s' * (count != 1)} written to {file}.")


@decisions.command("import")
def import_decisions(
    run: Annotated[str, _RUN],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Written by `auditor log export`.")],
    db: Annotated[str | None, _DB] = None,
) -> None:
    """Add the decisions in a file to those on a run: all or none, and each once however often it is imported.

    Example: auditor log import tweets decisions.jsonl
    """
    from auditor.review.jsonl import import_log

    with _log(run, db) as log:
        new, known = import_log(log, file)
    typer.echo(f"{new:,} event{'s' * (new != 1)} added; {known:,} were there already.")


def _app() -> Any:
    """The review page. It stands outside of the library, which never needs it: this is the one way there."""
    try:
        return importlib.import_module("auditor_ui.serve")
    except ModuleNotFoundError as missing:
        raise ReviewError(
            f"The review page needs {missing.name}, which is not installed.", "pip install 'label-auditor[ui]'"
        ) from None


def _ask_password() -> str:
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise AccountError("The two passwords are not the same.", "Give the command again.")
    return password


@contextmanager
def _log(run_name: str, db: str | None) -> Iterator[Any]:
    from auditor.review.log import DecisionLog, run_id
    from auditor.run import find_run

    run = find_run(run_name)
    log = DecisionLog(db or run / "decisions.db", run_id(run))
    try:
        yield log
    finally:
        log.close()
