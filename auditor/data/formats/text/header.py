"""Header: unique names for columns, and first lines that look like rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from auditor.data.columns import LABEL_NAMES, TEXT_NAMES, plain
from auditor.errors import ColumnError

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE)
_LOOKED_AT = 1_000
_WORDS = 6
"""A name of so many words is rather a text."""


def unique_names(names: Sequence[str]) -> list[str]:
    """Give every column a name of its own: one without a name gets its number, and so does the second of a name."""
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
    """Name the columns of a file without a header, by their numbers where no names are given.

    Raises
    ------
    ColumnError
        If there are more columns than names, or fewer, or one name is given twice.
    """
    if columns and len(columns) != width:
        raise ColumnError(
            f"{name} has {width} columns, but --columns names {len(columns)}: {', '.join(columns)}.",
            "Name every column once, in their order.",
        )
    if len(set(columns)) < len(columns):
        raise ColumnError(f"--columns names one column twice: {', '.join(columns)}.", "Give each a name of its own.")
    return [*columns] or [f"column_{number}" for number in range(1, width + 1)]


def why_no_header(names: Sequence[str], table: pa.Table) -> str | None:
    """Say why the first line looks like a row and not like names; None if it does not."""
    if any(plain(name) in (*TEXT_NAMES, *LABEL_NAMES) for name in names):
        return None
    for name, column in zip(names, table.columns, strict=True):
        here = column.slice(0, _LOOKED_AT)
        if len(name.split()) >= _WORDS:
            return f"its first line holds {name[:60]!r}, which looks like a text and not like the name of a column"
        if name.strip() and pc.any(pc.equal(here, name)).as_py():
            return f"its first line holds {name[:60]!r}, which is also a value in the same column"
    numbers = [name for name in names if _NUMBER.fullmatch(name)]
    return f"its first line holds the number {numbers[0]}, and no usual name of a column" if numbers else None
