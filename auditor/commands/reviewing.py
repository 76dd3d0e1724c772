"""The commands for reviewing: the page, and the decision log as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from auditor.api import Audit
from auditor.commands.options import DB, RUN
from auditor.commands.paths import check_files
from auditor.config import LOCALHOST, QueueConfig
from auditor.console import say
from auditor.errors import ConfigError, LogError
from auditor.validation import read_share
from auditor.wording import counted

if TYPE_CHECKING:
    from auditor.review.feed.certified import CertificateStatus

QUEUE = QueueConfig()

decisions = typer.Typer(
    help="Export and import the decision log as JSON Lines.\n\nExample: auditor log export tweets decisions.jsonl",
    add_completion=False,
    rich_markup_mode="rich",
)

_AUTH = typer.Option(metavar="FILE", help="File of the reviewers' accounts, made by `auditor user add`.")


def review(
    run: Annotated[str, RUN],
    db: Annotated[str | None, DB] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any address other than this machine's own needs --auth.")
    ] = LOCALHOST,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on. Default: the first free port from 7860.", min=1, max=65535)
    ] = None,
    auth: Annotated[Path | None, _AUTH] = None,
    keys: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='JSON file that assigns other keys: {"keep": "g", "skip": "ArrowRight"}.'),
    ] = None,
    guidelines: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Markdown file of guidelines, with a section such as `## joy` for each label: a line, and examples.",
        ),
    ] = None,
    lang: Annotated[
        Literal["en", "zh"] | None,
        typer.Option(
            help="Language of the page: English or Chinese. Default: the browser's. It can be changed on the page."
        ),
    ] = None,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the default browser.")
    ] = True,
    order: Annotated[
        str,
        typer.Option(
            metavar="learnt|static",
            help="Order of the default queue: learnt from your verdicts, mixed with cards drawn at random that show how"
            " many labels are wrong; or static, most suspect first.",
        ),
    ] = QUEUE.order,
    blind: Annotated[
        str,
        typer.Option(metavar="SHARE", help="Share of cards drawn at random, such as 1/20 or 5%; `all` or `off`."),
    ] = "1/20",
    opening: Annotated[
        int,
        typer.Option(help="Number of opening cards, half of them drawn evenly over the labels.", min=0, max=1000),
    ] = QUEUE.opening,
    overlap: Annotated[
        int, typer.Option(help="Number of people who judge each card, unaware of each other's verdicts.", min=1, max=50)
    ] = QUEUE.overlap,
    assign: Annotated[
        str | None,
        typer.Option(
            metavar="evenly|class|split|FILE",
            help="Split the rows among the accounts of --auth: evenly, by whole classes or splits, or by queries in"
            ' a JSON file: {"ann": "given=joy"}.',
        ),
    ] = None,
    open_verdicts: Annotated[
        bool, typer.Option("--show-verdicts", help="Show colleagues' verdicts before a reviewer gives one.")
    ] = QUEUE.open,
    sample: Annotated[
        int | None,
        typer.Option(help="Serve only cards drawn at random until this many are judged.", min=1),
    ] = None,
    gold: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file of rows whose labels are known, with the columns id and label. Some of them, and adjudicated"
            " rows, are mixed into the first cards of each reviewer; Progress shows how many they got right.",
        ),
    ] = None,
    gold_cards: Annotated[
        int, typer.Option(help="Number of cards with a known label that each reviewer gets.", min=1, max=1000)
    ] = QUEUE.gold_cards,
    certify: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="Serve the cards of a test that certifies a bulk change: at most this share of the changed rows, such"
            " as 5%, will be wrong. Without --group, it certifies the suggestions that"
            " `auditor export --unreviewed suggest` applies.",
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="QUERY",
            help="With --certify: certify one verdict on the rows of this filter (as in the URL of the page) instead."
            " The verdict is recorded once the test has passed.",
        ),
    ] = None,
    group_label: Annotated[
        str | None,
        typer.Option("--as", metavar="LABEL", help="With --group: new label of its rows. Default: they keep theirs."),
    ] = None,
    misses: Annotated[
        int,
        typer.Option(
            help="With --certify: maximum number of wrong cards with which a set of rows still passes. A lower number"
            " needs fewer cards, but more often fails a set that is nearly good enough.",
            min=0,
            max=100,
        ),
    ] = 2,
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
    audit, plan = Audit(run), None
    if audit.unfinished:
        say(audit.unfinished)
    if certify is not None:
        plan = _plan(audit, certify, group, group_label, misses, db)
    elif group is not None or group_label is not None:
        raise ConfigError("--group and --as require --certify, which is missing.", "Add it: --certify 5%.")
    audit.review(
        db=db,
        host=host,
        port=port,
        auth=auth,
        keys=keys,
        open_browser=open_browser,
        forwarded_allow_ips=forwarded_allow_ips,
        guidelines=guidelines,
        lang=lang,
        queue=QueueConfig.model_validate(
            {
                "order": order,
                "blind": blind,
                "opening": opening,
                "sample": sample,
                "overlap": overlap,
                "open": open_verdicts,
                "gold": gold,
                "gold_cards": gold_cards,
                "certify": plan,
                "assign": assign,
            }
        ),
    )
    if plan is not None:
        _show(audit.certificate(plan, db=db))


def _plan(audit: Audit, certify: str, group: str | None, label: str | None, misses: int, db: str | None) -> str:
    """Plan a certificate, or take up the one in the log. Print its cards and minutes, and return its id."""
    from auditor.access.accounts import own_name

    if label is not None and group is None:
        raise ConfigError("--as requires --group, which is missing.", "Add it: --group given=joy.")
    limit = read_share("--certify", certify)
    status = audit.certify(limit, filter=group, label=label, reviewer=own_name(), misses_allowed=misses, db=db)
    _show(status)
    return status.plan


def _show(status: CertificateStatus) -> None:
    from auditor.review.feed import sentences

    for sentence in sentences.certificate(status):
        say(sentence)


@decisions.command("export")
def export_decisions(
    run: Annotated[str, RUN],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; an earlier export is replaced.")],
    db: Annotated[str | None, DB] = None,
) -> None:
    """Write all decisions on a run to a file, including undone ones.

    Example: auditor log export tweets decisions.jsonl
    """
    count = Audit(run).export_decisions(file, db=db)
    say(f"{counted(count, 'event')} written to {file}.")


@decisions.command("import")
def import_decisions(
    run: Annotated[str, RUN],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File written by `auditor log export`.")],
    db: Annotated[str | None, DB] = None,
) -> None:
    """Add the decisions in a file to the log of a run: all of them or none. Those already in the log are skipped.

    Example: auditor log import tweets decisions.jsonl
    """
    check_files([file], error=LogError, todo="Name a file written by `auditor log export`.")
    new, existing = Audit(run).import_decisions(file, db=db)
    say(f"{counted(new, 'event')} added; {existing:,} were already in the log.")
