"""fastText lines: change the label within a line, and format rows of other sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from auditor.correction.export.cells import strings
from auditor.correction.export.tables import SplitTable
from auditor.data.formats.text.fasttext import MARK
from auditor.data.labeled_texts import Origin
from auditor.errors import ExportError

_BATCH = 50_000
_TOKEN = re.compile(rb"(?<![^ \t\r\n])" + MARK.encode() + rb"([^ \t\r\n]*)")
_ANOTHER = "Export to another format: --to NAME.csv, NAME.jsonl or NAME.parquet."


@dataclass(frozen=True)
class FastText:
    """Layout of fastText lines; see :class:`auditor.correction.export.layouts.verbatim.Layout`."""

    about: Mapping[str, Any]

    def edit(self, row: bytes, values: Mapping[str, Any]) -> bytes:
        """Replace the label."""
        (label,) = values.values()
        found = _TOKEN.search(row)
        assert found is not None
        return row[: found.start(1)] + _checked(str(label)).encode() + row[found.end(1) :]

    def head(self, added: Sequence[str], renamed: Mapping[str, str]) -> bytes:
        """Return nothing: there is no header."""
        return b""

    def first(self, row: bytes, *, is_first: bool) -> bytes:
        """Return the row unchanged: the first line is like the others."""
        return row


def fasttext_lines(parts: Sequence[SplitTable], origin: Origin, notes: list[str]) -> Iterator[list[str]]:
    """Format texts and labels of any source as lines. A row without a label has only its text.

    Raises
    ------
    ExportError
        If a label contains blanks, or a text contains a line break or a word that reads as a label.
    """
    other_columns = {name for part in parts for name in part.table.column_names} - {origin.text, origin.label}
    if other_columns:
        notes.append(f"Lines hold only a text and a label; columns left out: {', '.join(sorted(other_columns))}.")
    for part in parts:
        done = 0
        for start in range(0, part.table.num_rows, _BATCH):
            batch = part.table.slice(start, _BATCH)
            texts, labels = (_filled(batch[name]) for name in (origin.text, origin.label))
            yield [
                _line(part, done + at, text, label) for at, (text, label) in enumerate(zip(texts, labels, strict=True))
            ]
            done += len(batch)


def _filled(column: pa.ChunkedArray) -> list[str]:
    return [value or "" for value in strings(column).to_pylist()]


def _line(part: SplitTable, number: int, text: str, label: str) -> str:
    label = label.strip()
    if "\n" in text or text.endswith("\r") or _TOKEN.search(text.encode()) or not (text.strip() or label):
        problem = "a line break" if "\n" in text or text.endswith("\r") else f"a word that begins with {MARK}"
        problem = problem if text.strip() or label else "neither text nor label"
        raise ExportError(
            f"Row {part.rows[number] + 1:,} of {part.about.get('file', part.split)} has {problem}, which fastText lines"
            f" cannot hold: {text[:60]!r}.",
            _ANOTHER,
        )
    return f"{MARK}{_checked(label)} {text}" if label else text


def _checked(label: str) -> str:
    if re.search(r"\s", label) or not label:
        raise ExportError(f"The label {label!r} has blanks, which fastText labels cannot contain.", _ANOTHER)
    return label
