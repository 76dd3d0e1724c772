"""The ranking as the terminal shows it: some lines a row, so that 80 columns are enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from auditor.config import AuditConfig
from auditor.console import plain

if TYPE_CHECKING:
    import pandas as pd

_NAME, _TEXT, _REASON = 40, 240, 200
"""Characters of an id or a label, of a text, and of a reason that are shown."""
_INDENT = "    "


def print_ranking(frame: pd.DataFrame, config: Mapping[str, Any], console: Console) -> None:
    """Print rows of the table of issues: labels, suspicion and id; the text; what may be wrong; the first reason.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows of ``issues.parquet``, in the order in which they are shown.
    config : mapping
        Of the run, as its manifest has it.
    console : Console
        Lines are as long as it is wide.
    """
    repeats = AuditConfig.model_validate(config).trainings
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")  # type: ignore[assignment]
    for number, row in enumerate(rows):
        if number:
            console.print()
        head, *more = (part.wrap(console, console.width - len(_INDENT)) for part in _parts(row, repeats))
        for indent, line in [("", head[0]), *((_INDENT, line) for line in chain(head[1:], *more))]:
            line.rstrip()
            console.print(Text.assemble(indent, line), soft_wrap=True)


def _parts(row: Mapping[str, Any], repeats: int) -> Iterator[Text]:
    from auditor.report.display import NARROW_SPACE
    from auditor.report.words import row_words  # what makes reports takes seconds to import

    yield _head(row)
    yield plain(_cut(row["text"], _TEXT))
    about = row_words(row["kind"], row["kind_confidence"], row["tier"], row["stability"], repeats)
    if about:
        yield Text(about.replace(NARROW_SPACE, " "), "bold")
    for reason in row["reasons"][:1]:
        yield plain(_cut(reason, _REASON))


def _head(row: Mapping[str, Any]) -> Text:
    given, suggested, name = (plain(_cut(row[key] or "", _NAME)) for key in ("given_label", "suggested_label", "id"))
    text = Text.assemble(f"{row['rank']}  ", given)
    if suggested.plain:
        text.append(" → ").append_text(suggested)
    if row["suspicion"] is not None:
        text.append(f" · suspicion {row['suspicion']:.4f}")
    return text.append(" · issue · " if row["is_issue"] else " · ").append_text(name)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rstrip() + "…"
