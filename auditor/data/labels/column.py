"""The label column → codes, names and values."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.data.columns import is_text
from auditor.data.labels.lists import Style, single_values, unwrap
from auditor.data.labels.lists import is_list as is_list
from auditor.data.labels.odd_labels import alike, find_missing, spelling_notes
from auditor.errors import ColumnError
from auditor.wording import counted, listed

Value = str | int | float | bool

_INTEGER = re.compile(r"([+-]?)(0|[1-9]\d*)(\.0*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_FEW = 20
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Labels:
    """Labels of N rows.

    Attributes
    ----------
    codes : pyarrow.ChunkedArray
        (N,) int32, null without a label.
    names : tuple of str
        (K,) name of each code.
    values : tuple
        (K,) value in the column for each code: the most frequent spelling, or the item of a list.
    notes : tuple of str
    unlabelled : tuple of str
        Sentences on why rows with a value have no label.
    list_style : str or None
        Notation of lists in strings, see :data:`auditor.data.labels.lists.Style`; None without lists.
    """

    codes: pa.ChunkedArray
    names: tuple[str, ...]
    values: tuple[Value, ...]
    notes: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    list_style: Style | None = None


def encode_labels(
    column: pa.ChunkedArray, name: str, class_names: Sequence[str] | None = None, missing: Sequence[str] = ()
) -> Labels:
    """Encode a label column.

    Strings that look the same are one class: see :func:`auditor.data.labels.odd_labels.alike`. If all are integers
    (also written ``1.0``), they are numbers. A list of one label is that label, also in a string.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        (N,) strings, integers, floats that are integers, or booleans; dictionary-encoded or not; or lists of these.
    name : str
        Name of the column, for messages.
    class_names : sequence of str, optional
        (K,) names of the integers 0 … K - 1, from a ``ClassLabel``; negative integers then mean "no label".
    missing : sequence of str
        Labels that mean "no label": see :func:`auditor.data.labels.odd_labels.find_missing`.

    Raises
    ------
    ColumnError
        If the column has several labels in a row, scores or other values that are not classes, or nearly as many labels
        as rows.
    """
    if is_list(column.type):
        column = single_values(column, name)
    _check_type(column.type, name)
    if class_names is not None and types.is_integer(column.type):
        return _encode_classes(column, name, class_names, missing)
    order: list[Value] = []
    is_ordered = types.is_dictionary(column.type)
    if is_ordered:
        column = column.unify_dictionaries()
        order = column.chunk(0).dictionary.to_pylist() if column.num_chunks else []
        column = column.cast(column.type.value_type)
    if types.is_floating(column.type):
        column = pc.add(column.cast(pa.float64()), 0.0)  # a single type, without negative zero
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(column).to_pylist()}
    held, style, unlabelled = _held({**dict.fromkeys(order, 0), **counts}, name, missing)
    keys = _keys(held, name)
    _check_number(len({keys[value] for value in counts if value in keys}), len(column) - column.null_count, name)
    classes: dict[Hashable, list[Value]] = defaultdict(list)
    for value, key in keys.items():
        classes[key].append(value)
    # A class is written and named by its most frequent spelling; at a tie, by the cleanest.
    for values in classes.values():
        values.sort(key=lambda value: (-counts.get(value, 0), held[value] != alike(str(held[value]))))
    title = {key: key if isinstance(key, int) else _title(held[values[0]]) for key, values in classes.items()}
    ordered = list(classes)
    if not is_ordered:
        ordered.sort(key=lambda key: (isinstance(title[key], str), title[key]))
    names = tuple(str(title[key]) for key in ordered)
    spellings = [
        list(dict.fromkeys(held[value] for value in classes[key] if value in counts)) or [held[classes[key][0]]]
        for key in ordered
    ]
    return Labels(
        codes=_replace(column, {value: code for code, key in enumerate(ordered) for value in classes[key]}),
        names=names,
        values=tuple(held[classes[key][0]] for key in ordered),
        notes=spelling_notes(names, spellings),
        unlabelled=unlabelled,
        list_style=style,
    )


def _title(label: Value) -> str:
    """Return a class's name as the column spells it; null characters, which no decision can hold, are left out."""
    name = str(label).strip()
    return alike(name) if "\0" in name else name


def _held(
    counts: Mapping[Value | None, int], name: str, missing: Sequence[str]
) -> tuple[dict[Value, Value], Style | None, tuple[str, ...]]:
    """Return each value's label: the value itself or the item of its list; values without a label are omitted."""
    held: dict[Value, Value] = {value: value for value in counts if value is not None and value == value}
    style = None
    if any(isinstance(value, str) for value in held):
        labels, style = unwrap({value: counts[value] for value in held if isinstance(value, str)}, name)
        held = {value: label for value, label in labels.items() if label is not None and alike(label)}
    rows: dict[str, int] = defaultdict(int)
    for value, label in held.items():
        rows[_text(label)] += counts[value]
    gone, notes = find_missing(rows, missing)
    return {value: label for value, label in held.items() if _text(label) not in gone}, style, notes


def _text(label: Value) -> str:
    """A label as it is named on the command line."""
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)


def _check_type(type_: pa.DataType, name: str) -> None:
    value_type = type_.value_type if types.is_dictionary(type_) else type_
    allowed = (types.is_integer, types.is_floating, types.is_boolean, types.is_null)
    if not (is_text(type_) or any(is_allowed(value_type) for is_allowed in allowed)):
        fields = [field.name for field in type_] if types.is_struct(type_) else []
        raise ColumnError(
            f"Column {name!r} has values of type {str(type_)[:80]}; expected strings, integers or booleans.",
            f"Choose one of the fields of its objects, such as --label {name}.{fields[0]}, or another column."
            if fields
            else "Convert the column, or choose another with --label.",
        )


def _check_number(classes: int, rows: int, name: str) -> None:
    if classes > _FEW and classes > _NEARLY_ALL * rows:
        raise ColumnError(
            f"Column {name!r} has {classes:,} distinct values in {counted(rows, 'row')}: too many for classes.",
            "Choose the column of labels with --label.",
        )


def _encode_classes(column: pa.ChunkedArray, name: str, class_names: Sequence[str], missing: Sequence[str]) -> Labels:
    highest = pc.max(column).as_py()
    if highest is not None and highest >= len(class_names):
        raise ColumnError(
            f"Column {name!r} has the value {highest}, but names only {len(class_names)} classes (from 0):"
            f" {listed(class_names)}.",
            "Fix the labels, or the names in the dataset's features.",
        )
    codes = pc.if_else(pc.greater_equal(column, 0), column, None).cast(pa.int32())
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(codes.drop_null()).to_pylist()}
    gone, notes = find_missing({class_names[code]: rows for code, rows in counts.items()}, missing)
    if gone:
        left = [None if class_name in gone else code for code, class_name in enumerate(class_names)]
        codes = _taken(codes, pa.array(left, pa.int32()))
    return Labels(codes, tuple(class_names), tuple(range(len(class_names))), unlabelled=notes)


def _keys(held: Mapping[Value, Value], name: str) -> dict[Value, Hashable]:
    """Return the key of each label's class: an integer, or the form that look-alikes share."""
    if not any(isinstance(label, str) for label in held.values()):
        return {value: value if isinstance(value, bool) else _integer(value, name) for value in held}
    trimmed = {value: str(label).strip() for value, label in held.items()}
    integers = {value: _INTEGER.fullmatch(text) for value, text in trimmed.items()}
    if all(integers.values()):
        return {value: int(match[1] + match[2]) for value, match in integers.items() if match}
    if all(_NUMBER.fullmatch(text) for text in trimmed.values()):
        scores = [text for text in trimmed.values() if not float(text).is_integer()]
        if scores:
            raise _score(scores[0], name)
    return {value: alike(text) for value, text in trimmed.items()}


def _integer(value: Value, name: str) -> int:
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        raise _score(value, name)
    return int(value)


def _score(value: object, name: str) -> ColumnError:
    return ColumnError(
        f"Column {name!r} has the value {value}, which looks like a score, not a class.",
        "Convert the scores to classes (such as low and high), or choose another column with --label.",
    )


def _replace(column: pa.ChunkedArray, code_of: dict[Value, int]) -> pa.ChunkedArray:
    places = pc.index_in(column, value_set=pa.array(list(code_of), column.type))
    return _taken(places, pa.array(list(code_of.values()), pa.int32()))


def _taken(places: pa.ChunkedArray, values: pa.Array) -> pa.ChunkedArray:
    return pa.chunked_array([values.take(chunk) for chunk in places.chunks], values.type)
