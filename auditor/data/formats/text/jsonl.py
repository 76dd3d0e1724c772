"""JSON Lines and JSON arrays of objects → Arrow, with each object as it appears in the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from auditor.data.check import DEEPEST, check_number, is_storable
from auditor.data.formats.files.room import check_room, room
from auditor.data.formats.text.lines import line_break
from auditor.data.formats.text.single_object import check_single
from auditor.data.source import Contents
from auditor.errors import ColumnError, RowError, SourceError
from auditor.wording import counted, listed

_ROWS = 100_000
_UNFOLDED = 32
"""Most bytes of Python objects per character of JSON: ``{}`` takes 64 bytes."""
_CELL = 8
"""Most bytes per key in a row that lacks it."""
_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_KINDS = {
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


@dataclass
class _Objects:
    """A batch of objects that fits into memory as Python objects."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    characters: int = 0


def read_json(data: bytes, name: str) -> Contents:
    """Read one JSON object per line, or one array of objects; missing keys are null.

    Python's parser is used because Arrow's turns strings that look like dates into dates and long integers into floats.
    If a column has no single Arrow type, each value is stored as JSON text.

    Parameters
    ----------
    data : bytes
        Valid UTF-8, not blank.
    name : str
        Name of the file in messages.

    Returns
    -------
    Contents
        Details of the file: ``array`` (whether it is one), ``ascii`` (other characters are escaped), ``slashed``
        (slashes are escaped, as by pandas and PHP), and ``json_columns`` (why each column of JSON texts is one).

    Raises
    ------
    SourceError
        If the file is JSON of another form.
    RowError
        If a line or an element is not a JSON object.
    ColumnError
        If there are too many columns.
    """
    array = data[:1000].lstrip().startswith(b"[")
    ends: dict[str, str] = {}
    objects = _elements(data, name, ends) if array else _lines(data, name, ends)
    tables, raw = [], []
    strange: dict[str, str] = {}
    try:
        for batch in _batches(objects, name):
            tables.append(_table(batch.rows, name, strange))
            raw.append(pa.array(batch.raw, pa.large_binary()))
    except RowError:
        if not array and not tables:
            check_single(data, name)
        raise
    if not array and sum(map(len, raw)) == 1:
        check_single(data, name)
    if not tables:
        raise SourceError(f"{name} contains no objects.", "Choose a file with labelled texts.")
    about = {
        **ends,
        "array": array,
        "ascii": data.isascii() and b"\\u" in data,
        "slashed": data.count(b"/") == data.count(b"\\/") > 0,
    }
    mark = line_break(data)
    blank = 0 if array else data.count(mark) + (not data.endswith(mark)) - sum(map(len, raw))
    notes = [f"{name}: {counted(blank, 'blank line')} skipped."] if blank else []
    try:
        table = _joined(tables, raw, strange)
    except RecursionError:
        raise RowError(
            f"{name}: lists and objects in {listed([repr(key) for key in strange], most=3)} are nested too deeply.",
            "Convert these values to strings, or omit the column.",
        ) from None
    if strange:
        about["json_columns"] = strange
    return Contents(table, pa.chunked_array(raw, pa.large_binary()), about, tuple(notes))


def _lines(data: bytes, name: str, ends: dict[str, str]) -> Iterator[tuple[str, int, bytes]]:
    """Yield the JSON of each object, its line, and all bytes since the last object."""
    place = begun = number = 0
    mark = line_break(data)
    while place < len(data):
        end = data.find(mark, place) + 1 or len(data)
        number += 1
        line = data[place:end]
        place = end
        if not line.isspace():
            yield line.decode(), number, data[begun:end]
            begun = end
    ends |= {"head": "", "tail": data[begun:].decode()}


def _elements(data: bytes, name: str, ends: dict[str, str]) -> Iterator[tuple[str, int, bytes]]:
    """Yield the JSON of each array element, its line, and all bytes since the last element."""
    check_room(4 * len(data), name, room())
    text = data.decode()
    place = begun = text.index("[") + 1
    head, line, counted_to = text[:place], 1, 0
    while True:
        place = passed(text, place)
        if text[place : place + 1] == "]" and "," not in text[begun:place]:
            break
        line, counted_to = line + text.count("\n", counted_to, place), place
        try:
            _, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise _invalid(error, name, line, text[place : place + 60]) from None
        yield text[place:end], line, text[begun:end].encode()
        begun, place = end, passed(text, end)
        if text[place : place + 1] not in (",", "]"):
            reason = ValueError(f"',' or ']' expected after element {line}")
            raise _invalid(reason, name, line + text.count("\n", counted_to, place), text[place : place + 60])
        place += text[place] == ","
    if text[place + 1 :].strip():
        raise SourceError(
            f"{name} continues after its JSON array: {text[place + 1 :].strip()[:60]!r}.",
            "Write one JSON array of objects, or one object per line.",
        )
    ends |= {"head": head, "tail": text[begun:]}


def passed(text: str, place: int) -> int:
    """Return the next non-blank position."""
    found = _BLANK.match(text, place)
    return found.end() if found else place


def _batches(objects: Iterable[tuple[str, int, bytes]], name: str) -> Iterator[_Objects]:
    """Yield rows in batches that fit into memory as Python objects."""
    most = room()
    batch = _Objects()
    for text, line, raw in objects:
        check_room(_UNFOLDED * len(text), f"Line {line} of {name}", most)
        if batch.rows and (len(batch.rows) == _ROWS or _UNFOLDED * (batch.characters + len(text)) > most):
            yield batch
            batch = _Objects()
        batch.rows.append(_object(text, line, name))
        batch.raw.append(raw)
        batch.characters += len(text)
    if batch.rows:
        yield batch


def _object(text: str, line: int, name: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(error, name, line, text) from None
    if not isinstance(row, dict):
        raise RowError(
            f"{name}, line {line}: expected a JSON object, found {type(row).__name__}: {text.strip()[:60]!r}.",
            'Write JSON objects such as {"text": "so glad", "label": "joy"}, one per line or in one array.',
        )
    return row


def _invalid(error: Exception, name: str, line: int, text: str) -> RowError:
    reason = getattr(error, "msg", None) or str(error)
    table = "" if line > 1 or text.lstrip()[:1] in ("{", "[") else " If it is a table, rename it to end in .csv."
    return RowError(
        f"{name}, line {line}: invalid JSON ({reason}); it begins {text[:60].strip()!r}.",
        f"Write one JSON object per line, or one array of objects.{table}",
    )


def _table(rows: list[dict[str, Any]], name: str, strange: dict[str, str]) -> pa.Table:
    """Convert the values to columns; columns without an Arrow type are null, and the reason is kept."""
    columns = {}
    keys = dict.fromkeys(key for row in rows for key in row)
    check_number(len(keys), name)
    check_room(_CELL * len(keys) * len(rows), name, room())
    if broken := [key for key in keys if not is_unicode(key)]:
        raise ColumnError(
            f"{name} has the key {broken[0]!a:.60}, which contains a lone surrogate and is not text.",
            "Write the key without lone surrogates.",
        )
    for key in keys:
        values = [row.get(key) for row in rows]
        try:
            columns[key] = pa.array(values)
            if not is_storable(columns[key].type) or _is_deep(columns[key].type):
                raise pa.ArrowInvalid(f"values of type {str(columns[key].type)[:60]}")
        except (pa.ArrowException, OverflowError, UnicodeEncodeError, RecursionError) as error:
            strange.setdefault(key, _why(error, values))
            columns[key] = pa.nulls(len(rows))
    # A table without columns would lose its number of rows.
    return pa.table(columns or {"text": pa.nulls(len(rows))})


def _why(error: Exception, values: list[Any]) -> str:
    if isinstance(error, UnicodeEncodeError) and error.object in values:
        return f"row {values.index(error.object) + 1:,} contains a lone surrogate, which is not text"
    first: dict[str, int] = {}
    for row, value in enumerate(values, start=1):
        if value is not None:
            first.setdefault(_KINDS[type(value)], row)
    if len(first) > 1:
        return "it has " + listed([f"{kind} in row {row:,}" for kind, row in first.items()], most=3)
    return str(error).splitlines()[0][:200]


def _is_deep(type_: pa.DataType) -> bool:
    level = [type_]
    for _ in range(DEEPEST + 1):
        level = [type_.field(at).type for type_ in level for at in range(type_.num_fields)]
    return bool(level)


def _joined(tables: list[pa.Table], raw: list[pa.Array], strange: dict[str, str]) -> pa.Table:
    """Concatenate the batches, and fill columns without a type with JSON text."""
    schema = pa.schema([])
    for key in dict.fromkeys(name for table in tables for name in table.column_names):
        types = [pa.schema([table.schema.field(key)]) for table in tables if key in table.column_names]
        try:
            schema = schema.append(pa.unify_schemas(types, promote_options="permissive").field(0))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            strange.setdefault(key, str(error).splitlines()[0][:200])
            schema = schema.append(pa.field(key, pa.null()))
    for at, table in enumerate(tables):
        texts = _json_texts(raw[at], [key for key in strange if key in schema.names])
        columns = [
            texts[key] if key in texts else table[key] if key in table.column_names else pa.nulls(table.num_rows)
            for key in schema.names
        ]
        tables[at] = pa.table(columns, names=schema.names)
    return pa.concat_tables(tables, promote_options="permissive")


def _json_texts(raw: pa.Array, keys: list[str]) -> dict[str, pa.Array]:
    """Return the JSON of some keys' values; null for missing keys and nulls."""
    if not keys:
        return {}
    rows = [json.loads(row.decode().strip(", \t\r\n")) for row in raw.to_pylist()]
    return {key: pa.array([_json_text(row.get(key)) for row in rows], pa.string()) for key in keys}


def _json_text(value: Any) -> str | None:
    if value is None:
        return None
    text = json.dumps(value, ensure_ascii=False)
    return text if is_unicode(text) else json.dumps(value)


def is_unicode(text: str) -> bool:
    """Return whether a text has no lone surrogates, which JSON allows but UTF-8 does not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
