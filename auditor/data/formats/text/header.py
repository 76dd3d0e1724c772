"""Headers: unique names for columns, and first lines that look like rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from auditor.data.columns import LABEL_NAMES, TEXT_NAMES, plain
from auditor.errors import ColumnError
from auditor.wording import counted

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE)
_LOOKED_AT = 1_000
_TITLES = 20
"""Rows that are searched for the header below a title."""
_WORDS = 6
"""Words from which a name is probably a text."""


def unique_names(names: Sequence[str]) -> list[str]:
    """Make column names unique; unnamed and repeated columns get their number."""
    unique: list[str] = []
    for number, name in enumerate(names, start=1):
        new = name if name.strip() else f"column_{number}"
        if new in unique or new != name:
            new = f"{name.strip() or 'column'}_{number}"
            while new in names or new in unique:
                new += "_"
        unique.append(new)
    return unique


def given_names(columns: Sequence[str], width: int, name: str) -> list[str]:
    """Return the column names of a file without a header; by default, their numbers.

    Raises
    ------
    ColumnError
        If the number of names is wrong, or a name is repeated.
    """
    if columns and len(columns) != width:
        raise ColumnError(
            f"{name} has {counted(width, 'column')}, but --columns names {len(columns)}: {', '.join(columns)}.",
            "Name every column once, in order.",
        )
    if len(set(columns)) < len(columns):
        raise ColumnError(f"--columns repeats a name: {', '.join(columns)}.", "Give each column a unique name.")
    return [*columns] or [f"column_{number}" for number in range(1, width + 1)]


class Doubt(NamedTuple):
    """A doubt about the header: a note for the user, and what to do if a column is not found."""

    note: str
    todo: str


def doubt_header(names: Sequence[str], table: pa.Table) -> Doubt | None:
    """Return why the first line may not be the header; None if it has a usual name or looks like names.

    Either it looks like a row, or a row further down looks like the header, as below the title of a table.
    """
    if any(plain(name) in (*TEXT_NAMES, *LABEL_NAMES) for name in names):
        return None
    for number, row in enumerate(table.slice(0, _TITLES).to_pylist(), start=1):
        texts, labels = (
            [value for value in row.values() if plain(value) in usual] for usual in (TEXT_NAMES, LABEL_NAMES)
        )
        if texts and labels:
            where = f"row {number} below its first line contains the usual column names {texts[0]!r} and {labels[0]!r}"
            return Doubt(
                f"{where}; if it is the header, delete the lines above it.",
                f"If the first line is a title ({where}), delete the lines above the header.",
            )
    if (why := _like_a_row(names, table)) is None:
        return None
    return Doubt(f"{why}; if it is a row, add --no-header.", f"If the first line is a row ({why}), add --no-header.")


def _like_a_row(names: Sequence[str], table: pa.Table) -> str | None:
    """Return why the first line looks like a row; None if it does not."""
    for name, column in zip(names, table.columns, strict=True):
        here = column.slice(0, _LOOKED_AT)
        if len(name.split()) >= _WORDS:
            return f"its first line contains {name[:60]!r}, which looks like a text, not like the name of a column"
        if name.strip() and pc.any(pc.equal(here, name)).as_py():
            return f"its first line contains {name[:60]!r}, which is also a value of the same column"
    numbers = [name for name in names if _NUMBER.fullmatch(name)]
    return f"its first line contains the number {numbers[0]} and no usual column name" if numbers else None
