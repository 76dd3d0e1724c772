"""Columns and rows that cannot be audited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.data.columns import described, is_text
from auditor.data.source import Part
from auditor.errors import ColumnError, RowError
from auditor.wording import counted, listed

MOST_COLUMNS = 10_000
DEEPEST = 32
"""Most levels of lists and objects in a column; Arrow's files allow 64."""
SHOWN = 5
"""Most rows, or ids, in a message."""


def check_columns(part: Part) -> None:
    """Refuse an invalid table before its values are used.

    Raises
    ------
    ColumnError
        If there are too many columns, two of the same name, or one that is nested too deeply.
    RowError
        If values are damaged, or a string is not valid UTF-8.
    """
    names = part.table.column_names
    check_names(names, part.name)
    for field in part.table.schema:
        if _depth(field.type, DEEPEST) > DEEPEST:
            raise ColumnError(
                f"Column {field.name!r:.80} of {part.name} is nested more than {DEEPEST} levels deep.",
                "Convert the column to strings, or omit it.",
            )
    for name in names if part.raw is None else ():  # text files have been checked already
        try:
            part.table[name].validate(full=True)
        except pa.ArrowInvalid as error:
            raise RowError(
                f"Column {name!r:.80} of {part.name} has invalid values: {str(error).splitlines()[0]}.",
                "Rewrite the column as valid UTF-8.",
            ) from None


def check_names(names: Sequence[str], source: str) -> None:
    """Refuse too many columns, duplicate names, or a name that cannot be written.

    Raises
    ------
    ColumnError
    """
    check_number(len(names), source)
    if damaged := [name for name in names if "\0" in name]:
        raise ColumnError(
            f"{source} has a column whose name contains a null character: {damaged[0]!r:.60}.", "Rename the column."
        )
    repeated = [name or "(unnamed)" for name, number in Counter(names).items() if number > 1]
    if repeated:
        raise ColumnError(
            f"{source} has several columns of the same name: {listed(repeated)}.", "Give each column a unique name."
        )


def check_number(columns: int, source: str) -> None:
    """Refuse too many columns.

    Raises
    ------
    ColumnError
    """
    if columns > MOST_COLUMNS:
        raise ColumnError(
            f"{source} has {columns:,} columns; at most {MOST_COLUMNS:,} are supported.",
            "Omit columns that an audit does not need: it requires a text and a label.",
        )


def check_storable(table: pa.Table) -> None:
    """Refuse columns that a run cannot store, before anything is computed.

    Raises
    ------
    ColumnError
        If a column's type has no counterpart in Parquet, or its rows cannot be filtered.
    """
    for field in table.schema:
        if not is_storable(field.type):
            raise ColumnError(
                f"Column {field.name!r:.80} is of type {str(field.type)[:80]}, which a run cannot store.",
                "Convert the column to strings, or omit it.",
            )


def is_storable(type_: pa.DataType) -> bool:
    """Return whether Parquet can store values of a type and Arrow can filter them."""
    try:
        pq.write_table(pa.schema([("values", type_)]).empty_table(), pa.BufferOutputStream())
        pa.nulls(1, type_).filter(pa.array([True]))
    except (pa.ArrowException, TypeError, ValueError, NotImplementedError):  # types written in Python raise the last
        return False
    return True


def _depth(type_: pa.DataType, most: int) -> int:
    """Return the nesting depth of a type, counted up to ``most`` + 1."""
    if isinstance(type_, pa.BaseExtensionType):
        type_ = type_.storage_type
    if most < 0 or not pa.types.is_nested(type_):
        return 0
    return 1 + max((_depth(type_.field(place).type, most - 1) for place in range(type_.num_fields)), default=0)


def as_texts(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Return the text column as strings.

    Raises
    ------
    ColumnError
        If the column is not of strings; the message lists those that are.
    """
    column = table[name]
    if not (is_text(column.type) or pa.types.is_null(column.type)):
        others = pa.schema([field for field in table.schema if is_text(field.type)])
        raise ColumnError(
            f"Column {name!r} has values of type {column.type}; expected strings.",
            f"Choose a column of strings with --text: {described(others) if len(others) else 'there is none'}.",
        )
    return pa.chunked_array([piece for chunk in column.chunks for piece in _strings(chunk)], pa.string())


def _strings(chunk: pa.Array) -> list[pa.Array]:
    """Cast to ``string``, splitting chunks above its limit of 2 GiB."""
    if pa.types.is_string(chunk.type):
        return [chunk]
    try:
        return [pa.concat_arrays([chunk]).cast(pa.string())]
    except pa.ArrowInvalid:
        if len(chunk) < 2:
            raise
        half = len(chunk) // 2
        return [*_strings(chunk.slice(0, half)), *_strings(chunk.slice(half))]


def invalid_rows(texts: pa.ChunkedArray, codes: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return for each row why it cannot be audited.

    Returns
    -------
    pyarrow.ChunkedArray
        (N,) string: ``missing text``, ``empty text`` (whitespace included), ``missing label``, or two of
        them; null if the row is valid.
    """
    empty = pc.fill_null(pc.or_(pc.equal(pc.binary_length(texts), 0), pc.utf8_is_space(texts)), False)
    if not (texts.null_count or codes.null_count or pc.any(empty).as_py()):
        return pa.chunked_array([pa.nulls(len(texts), pa.string())])
    no_text, no_label = pc.is_null(texts), pc.is_null(codes)
    return pc.case_when(
        pc.make_struct(pc.and_(no_text, no_label), pc.and_(empty, no_label), no_text, empty, no_label),
        *("missing text and missing label", "empty text and missing label"),
        *("missing text", "empty text", "missing label"),
    )


_SET_ASIDE = "Fix them, or continue without them: --drop-invalid (the run keeps them, and exports include them)."


def refuse(
    reasons: pa.ChunkedArray, parts: tuple[Part, ...], todo: str = _SET_ASIDE, because: Sequence[str] = ()
) -> RowError:
    """Return the error that counts invalid rows by reason, shows the first, and adds the sentences ``because``."""
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(reasons.drop_null()).to_pylist()}
    rows = np.flatnonzero(reasons.is_valid().to_numpy())
    first = [f"{place_of(int(row), parts)} ({reasons[int(row)].as_py()})" for row in rows[:SHOWN]]
    kinds = listed([f"{number:,} with {reason}" for reason, number in counts.items()])
    return RowError(
        f"{counted(len(rows), 'row')} of {len(reasons):,} cannot be audited: {kinds}."
        f" First: {listed(first)} (rows counted from 1, without header and blank lines)."
        + "".join(f" {reason}" for reason in because),
        todo,
    )


def place_of(row: int, parts: tuple[Part, ...]) -> str:
    """Return the file and position of a row, given its number over all parts."""
    for part in parts:
        if row < part.table.num_rows:
            if part.about.get("format") == "folders":
                return f"{part.table['file'][row]}"
            return f"row {row + 1:,} of {part.name}"
        row -= part.table.num_rows
    raise IndexError(row)
