"""The commands around reviewing: the page, and the decision log as a file."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.commands.options import DB, RUN
from auditor.commands.paths import check_files
from auditor.console import say
from auditor.errors import LogError, ReviewError
from auditor.wording import counted

decisions = typer.Typer(
    help="Export and import the decision log as JSON Lines.\n\nExample: auditor log export tweets decisions.jsonl",
    add_completion=False,
    rich_markup_mode="rich",
)

_AUTH = typer.Option(metavar="FILE", help="Accounts of the reviewers, as `auditor user add` makes them.")


def review(
    run: Annotated[str, RUN],
    db: Annotated[str | None, DB] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any address but this machine's own needs --auth.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(help="Port to listen on. Default: the first free port from 7860.", min=1, max=65535)
    ] = None,
    auth: Annotated[Path | None, _AUTH] = None,
    keys: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='JSON file that assigns other keys: {"keep": "g", "skip": "ArrowRight"}.'),
    ] = None,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the default browser.")
    ] = True,
    forwarded_allow_ips: Annotated[
        str,
        typer.Option(
            metavar="ADDRESSES",
            help="Proxies whose X-Forwarded-For and X-Forwarded-Proto headers are trusted: addresses or networks,"
            " separated by commas. Default: none.",
        ),
    ] = "",
) -> None:
    """Review the rows of a run in the browser, alone or with others. Stop with Ctrl-C.

    Every decision is saved in the decision log and can be undone.

    Example: auditor review tweets
    """
    _check(run, auth, keys)
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


@decisions.command("export")
def export_decisions(
    run: Annotated[str, RUN],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write. An existing file is overwritten.")],
    db: Annotated[str | None, DB] = None,
) -> None:
    """Write all decisions on a run to a file, including those that were undone.

    Example: auditor log export tweets decisions.jsonl
    """
    from auditor.review.log.jsonl import export_log

    with _log(run, db, read_only=True) as log:
        count = export_log(log, file)
    say(f"{counted(count, 'event')} written to {file}.")


@decisions.command("import")
def import_decisions(
    run: Annotated[str, RUN],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File that `auditor log export` has written.")],
    db: Annotated[str | None, DB] = None,
) -> None:
    """Add the decisions in a file to the log of a run: all of them or none. Those already in the log are skipped.

    Example: auditor log import tweets decisions.jsonl
    """
    check_files([file], error=LogError, todo="Name a file that `auditor log export` has written.")
    from auditor.review.log.jsonl import import_log

    with _log(run, db) as log:
        new, known = import_log(log, file)
    say(f"{counted(new, 'event')} added; {known:,} were there already.")


def _check(run: str, auth: Path | None, keys: Path | None) -> None:
    """Find what is missing or wrong before the page is imported, which takes seconds."""
    from auditor.access.accounts import Accounts
    from auditor.review.keys import read_keys
    from auditor.run import find_run

    find_run(run)
    if auth:
        _ = Accounts(auth).names
    if keys:
        read_keys(keys)


def _app() -> Any:
    """The review page. It stands outside of the library, which never needs it: this is the one way there."""
    try:
        return importlib.import_module("auditor_ui.serve")
    except ModuleNotFoundError as missing:
        raise ReviewError(
            f"The review page needs {missing.name}, which is not installed.", "pip install 'label-auditor[ui]'"
        ) from None


@contextmanager
def _log(run: str, db: str | None, *, read_only: bool = False) -> Iterator[Any]:
    from auditor.review.log.opening import opened_log
    from auditor.run import find_run

    with opened_log(find_run(run), db, read_only=read_only) as log:
        yield log
