"""JSON Lines → Arrow."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from auditor.data.check import DEEPEST, check_names
from auditor.data.room import check_room, room
from auditor.data.shapes import Shapes
from auditor.errors import ColumnError, RowError, SourceError

_ROWS = 100_000
_UNFOLDED = 32
"""Bytes that a character of JSON takes as Python's objects, at most: ``{}`` takes 64."""
_CELL = 8
"""Bytes that a key takes in a row that lacks it, at most."""
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_jsonl(data: bytes, name: str) -> tuple[pa.Table, int, dict[str, Any]]:
    """Read one JSON object a line; keys that a line lacks are null.

    Python's parser and not Arrow's: the latter turns strings that look like dates into dates and long integers into
    floats, so that an export would not give back what was there.

    Parameters
    ----------
    data : bytes
        Valid UTF-8, not blank.
    name : str
        What messages call the file.

    Returns
    -------
    table : pyarrow.Table
    blank : int
        Blank lines, which are skipped.
    style : dict
        How the lines are written: the :class:`auditor.data.shapes.Shapes` of their objects, ``compact`` (no spaces),
        ``ascii`` (other characters escaped) and ``slashed`` (slashes escaped, as pandas and PHP do).

    Raises
    ------
    SourceError
        If the file is one JSON array.
    RowError
        If a line is not a JSON object.
    ColumnError
        If a column holds values of different kinds.
    """
    if data[:100].lstrip().startswith(b"["):
        raise SourceError(
            f"{name} is a JSON array; JSON Lines, one object a line, are expected.",
            f"Write one object a line: pandas.read_json({name!r}).to_json('{name}l', orient='records', lines=True).",
        )
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="\n")
    tables, shapes = [], Shapes()
    for rows in _batches(lines, name):
        tables.append(_table(rows, name))
        for row in rows:
            shapes.add(row)
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise _mixed(name, str(error)) from None
    style = {
        **shapes.about(),
        "compact": b'": ' not in data[:10_000],
        "ascii": data.isascii() and b"\\u" in data,
        "slashed": data.count(b"/") == data.count(b"\\/") > 0,
    }
    return table, data.count(b"\n") + (not data.endswith(b"\n")) - table.num_rows, style


def _batches(lines: Iterable[str], name: str) -> Iterator[list[dict[str, Any]]]:
    """Rows, as many at a time as fit into memory as Python's objects."""
    most = room()
    rows: list[dict[str, Any]] = []
    characters = 0
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        check_room(_UNFOLDED * len(line), f"Line {number} of {name}", most)
        characters += len(line)
        if len(rows) == _ROWS or (rows and _UNFOLDED * characters > most):
            yield rows
            rows, characters = [], len(line)
        rows.append(_object(line, number, name))
    if rows:
        yield rows


def _object(line: str, number: int, name: str) -> dict[str, Any]:
    begins = f"the line begins {line[:60]!r}"
    try:
        row = json.loads(line)
        if _SURROGATE.search(line):  # half of a pair alone is valid JSON, but no text
            json.dumps(row, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", None) or getattr(error, "reason", None) or str(error)
        raise RowError(
            f"{name}, line {number}: no valid JSON ({reason}); {begins}.", "Write one JSON object a line."
        ) from None
    if not isinstance(row, dict):
        raise RowError(
            f"{name}, line {number}: a JSON object is expected, {type(row).__name__} found: {line.strip()[:60]!r}.",
            'Write one JSON object a line, such as {"text": "so glad", "label": "joy"}.',
        )
    if line.count("[") + line.count("{") > DEEPEST and _is_deeper(row, DEEPEST):
        raise RowError(
            f"{name}, line {number}: lists and objects nested more than {DEEPEST} deep; {begins}.",
            "Write one JSON object of strings and numbers a line.",
        )
    return row


def _is_deeper(value: Any, most: int) -> bool:
    """Whether lists and objects are nested deeper; not by recursion, of which Python has not much more."""
    level = [value]
    for _ in range(most + 1):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inside(one)]
    return bool(level)


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _table(rows: list[dict[str, Any]], name: str) -> pa.Table:
    columns = {}
    keys = dict.fromkeys(key for row in rows for key in row)
    check_names([*keys], name)
    check_room(_CELL * len(keys) * len(rows), name, room())
    for key in keys:
        try:
            columns[key] = pa.array([row.get(key) for row in rows])
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise _mixed(name, f"{key!r}: {error}") from None
    # A table without columns would forget how many rows it has.
    return pa.table(columns or {"text": pa.nulls(len(rows))})


def _mixed(name: str, why: str) -> ColumnError:
    return ColumnError(
        f"{name} has a column with values of different kinds: {why.splitlines()[0]}.",
        "Give each column one kind of value: strings, integers, numbers or booleans.",
    )
