"""Labels in lists of one, in columns of lists or in strings that contain such a list."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.data.columns import is_text
from auditor.errors import ColumnError
from auditor.wording import counted

Style = Literal["json", "python", "bare"]
"""Notation of lists in strings: ``["joy"]``, ``['joy']``, or ``[joy]`` without quotes."""

_LISTS = (types.is_list, types.is_large_list, types.is_fixed_size_list)
_VIEWS = (types.is_list_view, types.is_large_list_view)
_QUOTED = r'"(?:[^"\\]|\\.)*"|[uU]?\'(?:[^\'\\]|\\.)*\''
_PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|true|True|false|False|null|None|nan|NaN"
_ITEM = re.compile(rf"\s*(?P<item>{_QUOTED}|{_PLAIN})(?:\s*(?:,|$)|\s+)", re.DOTALL)
_BARE_ITEM = re.compile(r"\s*(?P<item>[^\s,\[\](){}'\"](?:[^,\[\](){}'\"]*[^\s,\[\](){}'\"])?)\s*(?:,|$)")
# A list, a tuple, a set or an array of PostgreSQL; or Label Studio's {"choices": ["joy"]}.
_CELL = re.compile(
    rf"\s*(?:\{{\s*(?:{_QUOTED})\s*:\s*\[(.*)\]\s*\}}|\[(.*)\]|\((.*)\)|\{{(.*)\}})\s*|\s*(set\(\))\s*", re.DOTALL
)
_NO_LABEL = {"null", "None", "nan", "NaN"}


def is_list(type_: pa.DataType) -> bool:
    """Return whether a type is of lists of any kind."""
    return any(is_such(type_) for is_such in (*_LISTS, *_VIEWS))


def multi_label(name: str, rows: int, of: int, example: str) -> ColumnError:
    """Return the error for a column with several labels in some rows."""
    return ColumnError(
        f"Column {name!r} has several labels in {counted(rows, 'row')} of {of:,}, such as {example[:60]}:"
        " multi-label data is not supported.",
        "Make one dataset for each label (present, absent), omit these rows, or choose a column of single labels with"
        " --label.",
    )


# -- columns of lists -------------------------------------------------------------------------------------------


def single_values(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return the labels in a column of lists of one; null if a list is empty or contains only nulls.

    Raises
    ------
    ColumnError
        If a list has several labels.
    """
    values, several = unpack(column)
    if len(several):
        raise multi_label(name, len(several), len(column), str(column[int(several[0])].as_py()))
    return values


def unpack(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the first label of each list, and the rows with several labels."""
    chunks, several, start = [], [np.zeros(0, dtype=np.int64)], 0
    for chunk in column.chunks:
        lists = as_lists(chunk)
        ends = lists.offsets.to_numpy()
        items = lists.values.slice(ends[0], ends[-1] - ends[0])
        row = np.repeat(np.arange(len(lists)), np.diff(ends))
        place = np.flatnonzero(_is_label(items) & lists.is_valid().to_numpy(zero_copy_only=False)[row])
        rows, first, number = np.unique(row[place], return_index=True, return_counts=True)
        of_row, is_empty = np.zeros(len(lists), dtype=np.int64), np.ones(len(lists), dtype=np.bool_)
        of_row[rows], is_empty[rows] = place[first], False
        chunks.append(items.take(pa.array(of_row, mask=is_empty)))
        several.append(rows[number > 1] + start)
        start += len(lists)
    return pa.chunked_array(chunks, column.type.value_type), np.concatenate(several)


def as_lists(chunk: pa.Array) -> pa.Array:
    """Convert lists of any kind to the kind that all of Arrow's functions support."""
    type_ = pa.large_list(chunk.type.value_type)
    # Arrow 26 loses values when it cuts or casts a view of lists.
    return pa.array(chunk.to_pylist(), type_) if any(is_view(chunk.type) for is_view in _VIEWS) else chunk.cast(type_)


def pack(value: Any, type_: pa.DataType) -> list[Any]:
    """Return a list of one value that fits into a column of this type."""
    width = type_.list_size if types.is_fixed_size_list(type_) else 1
    return [value, *[None] * (width - 1)]


def _is_label(items: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if types.is_dictionary(items.type):
        items = items.cast(items.type.value_type)
    valid = items.is_valid()
    if is_text(items.type):
        valid = pc.and_(valid, pc.fill_null(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(items)), 0), False))
    elif types.is_floating(items.type):
        valid = pc.and_(valid, pc.fill_null(pc.invert(pc.is_nan(items.cast(pa.float64()))), False))
    return np.asarray(valid.to_numpy(zero_copy_only=False), dtype=np.bool_)


# -- strings that hold a list -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Item:
    """A label in a cell: its position, its token and its meaning."""

    start: int
    end: int
    token: str
    label: str


def unwrap(counts: Mapping[str, int], name: str) -> tuple[dict[str, str | None], Style | None]:
    """Return the labels in strings that contain a list of one.

    Other strings of the column are labels themselves: Label Studio writes a list only for several labels.

    Parameters
    ----------
    counts : mapping of str to int
        The distinct strings of a column, and the number of rows of each.
    name : str
        Name of the column, for messages.

    Returns
    -------
    labels : dict of str to str or None
        Label in each string; None if its list is empty.
    style : str or None
        None if the strings contain no lists and are labels themselves.

    Raises
    ------
    ColumnError
        If some contain several labels, or all look like lists and one cannot be read.
    """
    filled = [cell for cell in counts if cell and not cell.isspace()]
    looking = [cell for cell in filled if _CELL.fullmatch(cell)]
    found = {cell: items for cell in looking if (items := _items(cell, "json")) is not None}
    bare = len(found) < len(filled) == len(looking) and all(cell.strip()[0] in "[{" for cell in looking)
    if bare:
        found |= {cell: items for cell in looking if (items := _items(cell, "bare")) is not None}
    if bare and len(found) < len(filled) and all(cell.strip()[0] == "[" for cell in filled):
        unread = next(cell for cell in filled if cell not in found)
        raise ColumnError(
            f"Column {name!r} has lists, but {unread[:60]!r} cannot be read as a list.",
            'Write, for example, ["joy"], or choose a column of single labels with --label.',
        )
    quoted = all(item.token[-1] in "\"'" for items in found.values() for item in items)
    if not found or (len(found) < len(filled) and (bare or not quoted)):
        return {cell: cell for cell in counts}, None
    several = [cell for cell, items in found.items() if len(items) > 1 and counts[cell]]
    if several:
        raise multi_label(name, sum(counts[cell] for cell in several), sum(counts.values()), several[0])
    labels = {cell: found[cell][0].label if found.get(cell) else None if cell in found else cell for cell in counts}
    python = any(item.token[-1] == "'" for items in found.values() for item in items)
    return labels, "bare" if bare else "python" if python else "json"


def rewrap(cell: str, label: str, style: Style) -> str:
    """Replace the label in a string and leave the rest as it is."""
    items = _items(cell, style)
    if not items or items[0].label == label:
        return cell if items else label
    item = items[0]
    made = [f"{cell[: item.start]}{token}{cell[item.end :]}" for token in _tokens(item.token, label, style)]
    return next((text for text in made if [read.label for read in _items(text, style) or ()] == [label]), made[-1])


def _tokens(token: str, label: str, style: Style) -> list[str]:
    """Return notations of a label that may replace a token, the most similar first."""
    in_json = json.dumps(label, ensure_ascii=False)
    if token[-1] == "'":
        return [token[0] * (token[0] in "uU") + repr(label), in_json]
    if token[-1] == '"':
        # Python double-quotes "it's" in a single-quoted list.
        return [repr(label), in_json] if style == "python" and "'" in token else [in_json]
    return [label, in_json]


def _items(cell: str, style: Style) -> list[_Item] | None:
    """Return the labels in a string; None if it contains no list."""
    outer = _CELL.fullmatch(cell)
    if outer is None or outer.lastindex is None:
        return None
    start, end = outer.span(outer.lastindex)
    if outer.lastindex == 5 or cell[start:end].isspace() or start == end:
        return []
    items = _scan(cell, start, end, _ITEM)
    return _scan(cell, start, end, _BARE_ITEM) if items is None and style == "bare" else items


def _scan(cell: str, start: int, end: int, pattern: re.Pattern[str]) -> list[_Item] | None:
    items = []
    body = cell[:end].rstrip()
    while start < len(body):
        found = pattern.match(body, start)
        if found is None:
            return None
        token = found["item"]
        label = _meaning(token)
        if label is None:
            return None
        if label and not label.isspace() and token not in _NO_LABEL:
            items.append(_Item(*found.span("item"), token, label))
        start = found.end()
    return items


def _meaning(token: str) -> str | None:
    """Return the meaning of a token; None for a quoted token that is not a string of JSON or Python."""
    if token[-1] not in "\"'":
        return token
    if "\\" not in token:
        return token[token.index(token[-1]) + 1 : -1]
    for parse in (json.loads, ast.literal_eval) if token[0] == '"' else (ast.literal_eval,):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about invalid escapes, which Python keeps
                label = str(parse(token))
            label.encode()  # a lone surrogate is not text
        except (ValueError, SyntaxError):
            continue
        return label
    return None
