"""The ranking in the terminal: several lines per row, so that 80 columns are enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from rich.console import Console
from rich.text import Text

from auditor.console import plain
from auditor.report.words import row_words
from auditor.wording import NARROW_SPACE, inside, shorten

_NAME, _TEXT, _REASON = 40, 240, 200
"""Maximum characters shown of an id or a label, a text, and a reason."""
_INDENT = "    "
SHOWN = (
    *("id", "text", "given_label", "suggested_label", "suspicion", "rank", "is_issue"),
    *("tier", "kind", "stability", "reasons"),
)
"""Columns of the table of issues to show."""


def print_ranking(
    rows: Sequence[Mapping[str, Any]], repeats: int, console: Console, judged: Mapping[str, str] | None = None
) -> None:
    """Print rows of the table of issues: labels, suspicion and id; text; verdicts; kind; first reason.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of ``issues.parquet``, in display order.
    repeats : int
        Number of times that the audit trained its models.
    console : Console
        Console whose width limits the lines.
    judged : mapping of str to str, optional
        Verdicts on rows, in words by id.
    """
    for number, row in enumerate(rows):
        if number:
            console.print()
        head, *more = (part.wrap(console, console.width - len(_INDENT)) for part in _parts(row, repeats, judged or {}))
        for indent, line in [("", head[0]), *((_INDENT, line) for line in chain(head[1:], *more))]:
            line.rstrip()
            console.print(Text.assemble(indent, line), soft_wrap=True)


def _parts(row: Mapping[str, Any], repeats: int, judged: Mapping[str, str]) -> Iterator[Text]:
    yield _head(row)
    yield plain(shorten(row["text"], _TEXT))
    if verdicts := judged.get(row["id"]):
        yield plain(f"judged: {shorten(verdicts, _REASON)}")
    labels = row["given_label"] or "", row["suggested_label"] or ""
    about = row_words(row.get("kind"), *labels, row.get("tier"), row.get("stability"), repeats)
    if about:
        yield Text(about.replace(NARROW_SPACE, " "), "bold")
    for reason in (row.get("reasons") or ())[:1]:
        yield plain(shorten(reason, _REASON))


def _head(row: Mapping[str, Any]) -> Text:
    given, suggested, name = (plain(shorten(row[key] or "", _NAME)) for key in ("given_label", "suggested_label", "id"))
    text = Text.assemble(f"{row['rank']}  ", given)
    if suggested.plain:
        text.append(" → ").append_text(suggested)
    if row["suspicion"] is None:
        return text.append(" · not judged · ").append_text(name)
    text.append(f" · suspicion {inside(row['suspicion'], 4)}")
    return text.append(" · " if row["is_issue"] else " · not flagged · ").append_text(name)
