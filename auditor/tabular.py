"""Tables as text that others open: CSV that no spreadsheet runs, and JSON arrays written in parts."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from auditor.formulas import defang


def write_csv(table: pa.Table, path: Path, delimiter: str = ",") -> None:
    """Write a table for spreadsheets: lists in one cell, formulas defanged.

    Every string is quoted, so that line breaks and delimiters stay within their cell; NUL, at which some programs
    stop reading, becomes U+FFFD. A byte order mark comes first, without which Excel garbles what is not ASCII.
    """
    table = table.rename_columns(defang(pa.array(table.column_names)).to_pylist())
    for position, field in enumerate(table.schema):
        column = table.column(position)
        if pa.types.is_list(field.type):
            column = pc.binary_join(column, "; ")
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = pc.replace_substring(defang(column), "\0", "\ufffd")
        table = table.set_column(position, field.name, column)
    with path.open("wb") as file:
        file.write(codecs.BOM_UTF8)
        csv.write_csv(table, file, csv.WriteOptions(delimiter=delimiter))


def json_array(batches: Iterable[list[str]]) -> Iterator[list[str]]:
    """Make the lines of one JSON array of batches of JSON objects, an object a line."""
    last: list[str] = []
    yield ["["]
    for objects in batches:
        *before, end = [*last, *objects] or [""]
        yield [f"{one}," for one in before]
        last = [end] if end else []
    yield [*last, "]"]
