"""The commands around reviewing: the page, and the decision log as a file."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.commands.options import DB, RUN
from auditor.commands.paths import check_files
from auditor.console import say
from auditor.errors import InputError, LogError, ReviewError
from auditor.wording import counted

if TYPE_CHECKING:
    from auditor.review.feed.feed import Settings

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
    order: Annotated[
        str,
        typer.Option(
            metavar="learnt|static",
            help="Default order of the queue: learnt from your verdicts and mixed with cards drawn at random, which "
            "tell how many labels are wrong; or most suspect first.",
        ),
    ] = "learnt",
    blind: Annotated[
        str,
        typer.Option(metavar="SHARE", help="Share of cards drawn at random, such as 1/20 or 0.2; `all` or `off`."),
    ] = "1/20",
    opening: Annotated[
        int,
        typer.Option(help="Cards of the opening, every second one drawn evenly over the labels.", min=0, max=1000),
    ] = 80,
    sample: Annotated[
        int | None,
        typer.Option(help="Serve only cards drawn at random until this many are judged.", min=1),
    ] = None,
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
    settings = _settings(order, blind, opening, sample)
    _app().serve(
        run,
        db=db,
        host=host,
        port=port,
        auth=auth,
        keys=keys,
        open_browser=open_browser,
        forwarded_allow_ips=forwarded_allow_ips,
        settings=settings,
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

    with _log(run, db) as log:
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


def _settings(order: str, blind: str, opening: int, sample: int | None) -> Settings:
    """Read the options that say how the default queue mixes its cards."""
    from auditor.review.feed.feed import Settings

    if order not in ("learnt", "static"):
        raise InputError(f"--order {order!r:.80}: there is no such order.", "Give learnt or static.")
    return Settings(_share(blind), opening, sample, "learnt" if order == "learnt" else "suspicion")


def _share(text: str) -> float:
    """Read ``1/20``, ``0.05``, ``5%``, ``all`` or ``off``."""
    words = {"all": 1.0, "off": 0.0}
    try:
        share = words[text] if text in words else float(Fraction(text.removesuffix("%"))) / (100 if "%" in text else 1)
    except (ValueError, ZeroDivisionError):
        share = -1.0
    if not 0 <= share <= 1:
        raise InputError(
            f"--blind {text!r:.80} is not a share of cards.", "Give a number from 0 to 1, such as 1/20, or all, or off."
        )
    return share


def _app() -> Any:
    """The review page. It stands outside of the library, which never needs it: this is the one way there."""
    try:
        return importlib.import_module("auditor_ui.serve")
    except ModuleNotFoundError as missing:
        raise ReviewError(
            f"The review page needs {missing.name}, which is not installed.", "pip install 'label-auditor[ui]'"
        ) from None


@contextmanager
def _log(run_name: str, db: str | None) -> Iterator[Any]:
    from auditor.review.log.log import DecisionLog, run_id
    from auditor.run import find_run

    run = find_run(run_name)
    log = DecisionLog(db or run.decisions, run_id(run))
    try:
        yield log
    finally:
        log.close()
