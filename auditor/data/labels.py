"""The label column → codes, names and values."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.data.columns import is_text
from auditor.data.source import counted, listed
from auditor.errors import ColumnError

Value = str | int | float | bool

_INTEGER = re.compile(r"([+-]?)(0|[1-9]\d*)(\.0*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_LISTS = (types.is_list, types.is_large_list, types.is_fixed_size_list, types.is_list_view, types.is_large_list_view)
_FEW = 20
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Labels:
    """Labels of N rows.

    Attributes
    ----------
    codes : pyarrow.ChunkedArray
        (N,) int32, null where there is no label.
    names : tuple of str
        (K,) name of each code.
    values : tuple
        (K,) what stands in the column for each code; the most frequent spelling, where there are several.
    notes : tuple of str
    """

    codes: pa.ChunkedArray
    names: tuple[str, ...]
    values: tuple[Value, ...]
    notes: tuple[str, ...] = ()


def encode_labels(column: pa.ChunkedArray, name: str, class_names: Sequence[str] | None = None) -> Labels:
    """Encode a label column.

    Strings are one class when they differ in surrounding whitespace alone. When all of them are integers (also
    written ``1.0``), they are numbers.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        (N,) strings, integers, floats that are integers, or booleans; dictionary-encoded or not.
    name : str
        Its name, for messages.
    class_names : sequence of str, optional
        (K,) names of the integers 0 … K - 1, as a ``ClassLabel`` has them; a negative integer is no label then.

    Raises
    ------
    ColumnError
        If the column holds lists, scores, or something else that is no class, or nearly as many labels as rows.
    """
    _check_type(column.type, name)
    if class_names is not None and types.is_integer(column.type):
        return _encode_classes(column, name, class_names)
    order: list[Value] | None = None
    if types.is_dictionary(column.type):
        column = column.unify_dictionaries()
        order = column.chunk(0).dictionary.to_pylist() if column.num_chunks else []
        column = column.cast(column.type.value_type)
    if types.is_floating(column.type):
        column = pc.add(column.cast(pa.float64()), 0.0)  # one type for all, and no negative zero
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(column).to_pylist()}
    keys = _keys(list(counts), name)
    _check_number(len(set(keys.values())), len(column) - column.null_count, name)
    groups: dict[Hashable, list[Value]] = defaultdict(list)
    for value, key in keys.items():
        groups[key].append(value)
    spellings = {key: sorted(values, key=lambda value: -counts[value]) for key, values in groups.items()}
    if order is None:
        ordered = sorted(spellings, key=lambda key: (isinstance(key, str), key))
    else:
        unused = {key: [value] for value, key in _keys(order, name).items()}
        spellings = {**unused, **spellings}
        ordered = list(spellings)
    names = tuple(str(key) for key in ordered)
    code_of = {value: code for code, key in enumerate(ordered) for value in spellings[key]}
    return Labels(
        codes=_replace(column, code_of),
        names=names,
        values=tuple(spellings[key][0] for key in ordered),
        notes=_spelling_notes(names, [spellings[key] for key in ordered]),
    )


def is_list(type_: pa.DataType) -> bool:
    """Whether a column of this type holds lists, of any kind."""
    return any(is_such(type_) for is_such in _LISTS)


def _check_type(type_: pa.DataType, name: str) -> None:
    value_type = type_.value_type if types.is_dictionary(type_) else type_
    if is_list(type_):
        raise _multi_label(str(type_), name)
    known = (types.is_integer, types.is_floating, types.is_boolean, types.is_null)
    if not (is_text(type_) or any(is_known(value_type) for is_known in known)):
        raise ColumnError(
            f"Column {name!r} holds values of type {type_}; labels are strings, integers or booleans.",
            "Convert the column, or name another with --label.",
        )


def _check_number(classes: int, rows: int, name: str) -> None:
    if classes > _FEW and classes > _NEARLY_ALL * rows:
        raise ColumnError(
            f"Column {name!r} has {classes:,} different values in {counted(rows, 'row')}: these are hardly classes.",
            "Name the column of the labels with --label.",
        )


def _encode_classes(column: pa.ChunkedArray, name: str, class_names: Sequence[str]) -> Labels:
    highest = pc.max(column).as_py()
    if highest is not None and highest >= len(class_names):
        raise ColumnError(
            f"Column {name!r} holds {highest}, but names only {len(class_names)} classes (from 0):"
            f" {listed(class_names)}.",
            "Mend the labels, or the names of the dataset's features.",
        )
    codes = pc.if_else(pc.greater_equal(column, 0), column, None).cast(pa.int32())
    return Labels(codes, tuple(class_names), tuple(range(len(class_names))))


def _keys(values: Sequence[Value | None], name: str) -> dict[Value, Hashable]:
    """Give each value that is a label the key of its class; keys sort as classes do, their ``str`` is its name."""
    if not any(isinstance(value, str) for value in values):
        present = [value for value in values if value is not None and value == value]
        return {value: value if isinstance(value, bool) else _integer(value, name) for value in present}
    trimmed = pc.utf8_trim_whitespace(pa.array(values, pa.string())).to_pylist()
    texts = {value: text for value, text in zip(values, trimmed, strict=True) if value is not None and text}
    if texts and all(text[0] == "[" and text[-1] == "]" for text in texts.values()):
        raise _multi_label(next(iter(texts.values())), name)
    integers = {value: _INTEGER.fullmatch(text) for value, text in texts.items()}
    if all(integers.values()):
        return {value: int(match[1] + match[2]) for value, match in integers.items() if match}
    if all(_NUMBER.fullmatch(text) for text in texts.values()):
        scores = [text for text in texts.values() if not float(text).is_integer()]
        if scores:
            raise _score(scores[0], name)
    return dict(texts)


def _integer(value: Value, name: str) -> int:
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        raise _score(value, name)
    return int(value)


def _multi_label(example: str, name: str) -> ColumnError:
    return ColumnError(
        f"Column {name!r} holds lists ({example[:60]}), as for several labels a text: multi-label is not supported.",
        "Make one dataset for each label (has it, has it not), or name a column of single labels with --label.",
    )


def _score(value: object, name: str) -> ColumnError:
    return ColumnError(
        f"Column {name!r} holds {value}, which looks like a score, not a class.",
        "Make classes of the scores first (say, low and high), or name another column with --label.",
    )


def _replace(column: pa.ChunkedArray, code_of: dict[Value, int]) -> pa.ChunkedArray:
    values = pa.array(list(code_of), column.type)
    codes = pa.array(list(code_of.values()), pa.int32())
    places = pc.index_in(column, value_set=values)
    return pa.chunked_array([codes.take(chunk) for chunk in places.chunks], pa.int32())


def _spelling_notes(names: tuple[str, ...], spellings: list[list[Value]]) -> tuple[str, ...]:
    notes = [
        f"Read as one class, {name!r}: {listed([repr(value) for value in values])}."
        for name, values in zip(names, spellings, strict=True)
        if len(values) > 1
    ]
    by_case = defaultdict(list)
    for name in names:
        by_case[name.casefold()].append(repr(name))
    notes += [
        f"Labels that differ in case alone are classes of their own: {listed(group)}."
        for group in by_case.values()
        if len(group) > 1
    ]
    return tuple(notes)
