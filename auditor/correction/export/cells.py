"""Cells: convert values of any type to strings of a text file."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.formulas import defang

_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_NUMBERS = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_temporal)
_IN_JSON = (types.is_nested, types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view)


def strings(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Convert values to text: numbers, dates in ISO 8601, other types as JSON. Null stays null."""
    if isinstance(column, pa.ChunkedArray):
        return pa.concat_arrays([pa.array([], pa.large_string()), *map(strings, column.chunks)])
    type_ = column.type
    if types.is_dictionary(type_):
        return strings(column.cast(type_.value_type))
    if types.is_floating(type_):
        column = pc.if_else(pc.is_nan(column), None, column)
    if not any(is_nested(type_) for is_nested in _IN_JSON):
        return column.cast(pa.large_string())
    return pa.array([_json(value) for value in column.to_pylist()], pa.large_string())


def is_number(type_: pa.DataType) -> bool:
    """Return whether values of this type are numbers, booleans or times, which no spreadsheet runs as formulas."""
    return any(is_type(type_) for is_type in _NUMBERS)


def defanged(column: pa.Array) -> tuple[pa.Array, int]:
    """Put an apostrophe before formulas, but not before numbers. Return the column and the number of changed cells."""
    safe = pc.if_else(pc.match_substring_regex(column, _NUMBER), column, defang(column))
    return safe, pc.sum(pc.not_equal(safe, column)).as_py() or 0


def as_json(value: Any) -> Any:
    """Convert a value that JSON lacks: dates to ISO 8601, bytes to base64, others to ``str``."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _json(value: Any) -> str | None:
    if isinstance(value, bytes):
        return str(as_json(value))
    return None if value is None else json.dumps(value, ensure_ascii=False, default=as_json)
