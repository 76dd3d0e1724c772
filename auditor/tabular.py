"""Tables as text for other programs: CSV without formulas, and JSON arrays written in parts."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from auditor.formulas import defang


def write_csv(table: pa.Table, path: Path, delimiter: str = ",") -> None:
    """Write a table for spreadsheets: a list fills one cell, and formulas are defanged.

    Every string is quoted to keep line breaks and delimiters within their cell. NUL, where some programs stop reading,
    becomes U+FFFD. The file starts with a byte order mark; without it, Excel garbles non-ASCII characters.
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
    """Yield the lines of one JSON array from batches of JSON objects, one object per line."""
    last: list[str] = []
    yield ["["]
    for objects in batches:
        *before, end = [*last, *objects] or [""]
        yield [f"{line}," for line in before]
        last = [end] if end else []
    yield [*last, "]"]
