"""The commands that transfer changes from one copy of a dataset to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from auditor.api import Audit
from auditor.commands.correcting import FORMATS, check_format, make_policy
from auditor.commands.options import (
    ABOVE,
    ADD_CLASSES,
    ANNOTATOR,
    COLUMNS,
    CONFIG,
    DB,
    DELIMITER,
    ENCODING,
    FILTER,
    FORCE,
    FORMAT,
    FROM,
    GUARD,
    HEADER,
    ID,
    JSON,
    LABEL,
    LABEL_NAMES,
    LEAVE_OUT,
    LEAVES_OUT,
    MIRRORS,
    MISSING_LABELS,
    POLICY,
    QUOTING,
    RAW,
    REVIEWER,
    REVISION,
    RUN,
    SHEET,
    SOURCES,
    SPLIT,
    TEXT,
    TIES,
    TO,
    UNREVIEWED,
    VERDICT_LIST,
    VOTES,
    WRONG_AT_MOST,
    Quoting,
    split_names,
)
from auditor.commands.paths import check_files, check_sources
from auditor.config import ReadConfig
from auditor.console import plain, print_json, say, stdout
from auditor.errors import PatchError
from auditor.wording import counted, shorten

if TYPE_CHECKING:
    from auditor.correction.export.export import Exported
    from auditor.correction.patch.apply import Applied
    from auditor.correction.patch.patch import Change

_SHOWN = 20
"""Maximum number of unfit changes, and of conflicts, in the terminal."""
_REASONS = {
    "text changed": "the row has another text now",
    "label changed": "the row has another label now",
    "row gone": "the row no longer exists",
    "several rows": "several rows have the text, and it is unknown which one was judged",
    "row unclear": "several rows had the text, and it is unknown whether the row that is left was judged",
    "new class": "the dataset does not have this class: --add-classes adds it",
}


def patch(
    run: Annotated[str, RUN],
    above: Annotated[float | None, ABOVE] = None,
    to: Annotated[Path, typer.Option(metavar="FILE", help="File to write (.jsonl, or .json for one array).")] = Path(
        "patch.jsonl"
    ),
    leave_out: Annotated[str, LEAVE_OUT] = LEAVES_OUT,
    ties: Annotated[str, TIES] = POLICY.ties,
    unreviewed: Annotated[str, UNREVIEWED] = POLICY.unreviewed,
    wrong_at_most: Annotated[str | None, WRONG_AT_MOST] = None,
    add_classes: Annotated[bool, ADD_CLASSES] = False,
    verdicts: Annotated[str, VERDICT_LIST] = "",
    reviewer: Annotated[list[str] | None, REVIEWER] = None,
    filter: Annotated[str, FILTER] = "",
    db: Annotated[str | None, DB] = None,
    force: Annotated[bool, typer.Option(help="Overwrite an earlier patch. Other files are never overwritten.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Write only the changes, one per line: the row, its old and new label, who decided, and when.

    Example: auditor patch tweets --to patch.jsonl
    """
    policy = make_policy(
        leave_out, unreviewed, above, add_classes, verdicts, False, reviewer or (), ties, wrong_at_most
    )
    changes = Audit(run).patch(to, policy, db=db, filter=filter, force=force)
    left_out = sum(change.new is None for change in changes)
    if as_json:
        print_json({"file": str(to), "changes": len(changes), "left_out": left_out}, indent=None)
        return
    say(f"{counted(len(changes), 'change')} written to {to}{_kinds(changes)}.")


def apply(
    patch: Annotated[Path, typer.Argument(metavar="PATCH", help="Patch written by `auditor patch`.")],
    sources: Annotated[list[str], SOURCES],
    to: Annotated[Path, TO],
    others: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            metavar="PATCH",
            help="Merge another patch; may be repeated. Changes that contradict each other are listed, not made.",
        ),
    ] = None,
    text: Annotated[str | None, TEXT] = None,
    label: Annotated[str | None, LABEL] = None,
    id: Annotated[str | None, ID] = None,
    annotator: Annotated[str | None, ANNOTATOR] = None,
    votes: Annotated[str | None, VOTES] = None,
    tool: Annotated[str | None, FROM] = None,
    delimiter: Annotated[str | None, DELIMITER] = None,
    quoting: Annotated[Quoting | None, QUOTING] = None,
    header: Annotated[bool | None, HEADER] = None,
    columns: Annotated[str, COLUMNS] = "",
    sheet: Annotated[str | None, SHEET] = None,
    encoding: Annotated[str | None, ENCODING] = None,
    config: Annotated[str | None, CONFIG] = None,
    split: Annotated[list[str] | None, SPLIT] = None,
    revision: Annotated[str | None, REVISION] = None,
    drop_invalid: Annotated[
        bool | None, typer.Option(help="Keep rows without a text or a label as they are instead of stopping.")
    ] = None,
    missing_labels: Annotated[str | None, MISSING_LABELS] = None,
    mirrors: Annotated[bool | None, MIRRORS] = None,
    add_classes: Annotated[
        bool, typer.Option(help="Also apply changes whose new label is not a class of the dataset yet.")
    ] = False,
    format: Annotated[str | None, FORMAT] = None,
    label_names: Annotated[bool, LABEL_NAMES] = False,
    raw: Annotated[bool, RAW] = False,
    guard: Annotated[bool, GUARD] = False,
    force: Annotated[bool, FORCE] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Apply a patch to the dataset it was made from, or to a newer version of it.

    Rows are found by id, then by text. A change that no longer fits is listed, not made. The dataset is read with the
    options of the run that the patch was made from (columns, raters, encoding) unless you give others.

    Example: auditor apply patch.jsonl tweets.csv --to clean.csv
    """
    check_format(format)
    check_files([patch, *(others or ())], error=PatchError, todo="Name a file written by `auditor patch`.")
    check_sources(sources)
    from auditor.correction.patch.files import apply_patch
    from auditor.validation import split_labels

    named = {"text": text, "label": label, "id": id, "annotator": annotator, "votes": votes}
    reading: dict[str, Any] = {
        **named,
        "tool": tool,
        "delimiter": delimiter,
        "sheet": sheet,
        "encoding": encoding,
        "drop_invalid": drop_invalid,
    }
    reading |= {"quoting": quoting and quoting.value, "columns": split_names(columns) or None}
    reading |= {"header": False if columns else header}
    reading |= {"config": config, "split": tuple(split or ()), "revision": revision}
    reading |= {"missing_labels": missing_labels and split_labels(missing_labels), "mirrors": mirrors}
    settings = ReadConfig(**{name: value for name, value in reading.items() if value is not None})
    applied, written = apply_patch(
        [patch, *(others or ())],
        sources[0] if len(sources) == 1 else sources,
        to,
        config=settings,
        add_classes=add_classes,
        format=FORMATS[format] if format else None,
        label_names=label_names,
        raw=raw,
        guard=guard,
        force=force,
    )
    _print_outcome(applied, written, as_json)


def _print_outcome(applied: Applied, written: Exported, as_json: bool) -> None:
    if as_json:
        about = {
            "files": [str(path) for path in written.files],
            "record": str(written.record),
            **applied.about(),
            "summary": asdict(written.summary),
            "notes": written.notes,
        }
        print_json(about)
        return
    say(f"{counted(len(applied.applied), 'change')} made{_kinds(applied.applied)}.")
    if applied.already:
        say(f"{counted(len(applied.already), 'change')} already in the dataset.")
    if applied.unfit:
        reasons = Counter(unfit.why for unfit in applied.unfit)
        say(f"{counted(len(applied.unfit), 'change')} not made, because they do not fit:")
        for reason, number in reasons.most_common():
            say(f"  {number:,} × {reason}: {_REASONS[reason]}")
        _list([(unfit.change, unfit.why + (f": {unfit.now}" if unfit.now else "")) for unfit in applied.unfit], "why")
        if _lacks_ids(applied):
            say("No id of the patch was found. If the dataset has a column of ids, name it with --id.")
        if reasons["several rows"] and applied.corrections.texts.votes is None:
            say("If each row is one vote and a text has several, name the column of the raters with --annotator.")
    if applied.conflicts:
        say(f"{counted(len(applied.conflicts), 'conflict')} between the patches; none of these changes was made:")
        of_all = [change for conflict in applied.conflicts for change in conflict.changes]
        _list([(change, ", ".join(change.reviewers)) for change in of_all], "by")
    for line in (*written.notes, *(f"Written: {path}" for path in written.files), f"Record:  {written.record}"):
        say(line)


def _lacks_ids(applied: Applied) -> bool:
    """Return whether the patch's ids come from a column, but those of the dataset are generated."""
    unfit = [unfit.change for unfit in applied.unfit if unfit.why in ("row gone", "several rows", "row unclear")]
    return applied.corrections.texts.origin.id is None and not all(change.has_generated_id for change in unfit)


def _list(changes: list[tuple[Change, str]], last: str) -> None:
    table = Table(show_edge=False, pad_edge=False)
    for name in ("split", "id", "old", "new", last):
        table.add_column(name, overflow="fold")
    for change, about in changes[:_SHOWN]:
        new = "(left out)" if change.new is None else change.new
        table.add_row(*(plain(shorten(cell, 60)) for cell in (change.split, change.id, change.old, new, about)))
    stdout().print(table)
    if len(changes) > _SHOWN:
        say(f"… and {len(changes) - _SHOWN:,} more: see --json or the record.")


def _kinds(changes: Sequence[Change]) -> str:
    left_out = sum(change.new is None for change in changes)
    kinds = f": {counted(len(changes) - left_out, 'new label')}, {counted(left_out, 'row')} left out"
    return kinds if changes else ""
