"""Ids of the rows, from a column, or made from split and row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.data.check import SHOWN, place_of
from auditor.data.source import Part
from auditor.errors import RowError
from auditor.wording import counted, listed

_TOGETHER = 1 << 15
"""Ids per block."""


def find_ids(table: pa.Table, name: str | None, parts: tuple[Part, ...]) -> pa.ChunkedArray:
    """Return the (N,) ids: strings of a column, or ``<split>-<row>`` if ``name`` is None.

    Raises
    ------
    RowError
        If ids of the column are missing or not unique.
    """
    if name is None:
        return _made_ids(parts)
    ids = pc.cast(table[name], pa.string())
    check_ids(ids, name, parts)
    return ids


def _made_ids(parts: tuple[Part, ...]) -> pa.ChunkedArray:
    """Make ids ``<split>-<row>`` in blocks, in threads."""

    def some(split: str, start: int, end: int) -> pa.Array:
        return pc.utf8_replace_slice(pa.array(np.arange(start, end)).cast(pa.string()), 0, 0, f"{split}-")

    sizes = [(part.split, part.table.num_rows) for part in parts]
    pieces = [(split, at, min(at + _TOGETHER, rows)) for split, rows in sizes for at in range(0, rows, _TOGETHER)]
    with ThreadPoolExecutor(pa.cpu_count()) as threads:
        return pa.chunked_array(list(threads.map(some, *zip(*pieces, strict=True))), pa.string())


def check_ids(ids: pa.ChunkedArray, name: str, parts: tuple[Part, ...]) -> None:
    """Refuse ids that are missing or not unique.

    Raises
    ------
    RowError
    """
    check_ids_present(ids, name, parts)
    counts = pc.value_counts(ids)
    repeated = counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1)).to_pylist()
    if repeated:
        shown = [f"{pair['values']!r} ({pair['counts']} rows)" for pair in repeated[:SHOWN]]
        raise RowError(
            f"Column {name!r} repeats {counted(len(repeated), 'id')}: {listed(shown)}.",
            "Make them unique, or omit --id to make ids from split and row.",
        )


def check_ids_present(ids: pa.ChunkedArray, name: str, parts: tuple[Part, ...]) -> None:
    """Refuse ids that are missing.

    Raises
    ------
    RowError
    """
    missing = np.flatnonzero(pc.fill_null(pc.equal(pc.binary_length(pc.utf8_trim_whitespace(ids)), 0), True).to_numpy())
    if len(missing):
        first = [place_of(int(row), parts) for row in missing[:SHOWN]]
        raise RowError(
            f"Column {name!r} has no id in {counted(len(missing), 'row')}: {listed(first)}.",
            "Give every row an id, or omit --id to make ids from split and row.",
        )
