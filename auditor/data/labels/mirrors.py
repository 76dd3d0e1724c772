"""Mirrors: other columns that repeat the label in another form, such as ``label_text`` beside ``label``.

An indicator marks one label: a column ``joy`` that is 1 where the label is *joy*, else 0. A column named like a label
may also be coarser than it, with one value for several labels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.arrays import LabelCodes, RowIndex
from auditor.data.columns import LABEL_NAMES, is_text, plain
from auditor.data.formats.tables.metadata import class_names
from auditor.data.labels.column import Labels, Value
from auditor.data.labels.lists import is_list, unpack
from auditor.data.source import Part
from auditor.errors import ColumnError
from auditor.wording import counted, listed

_SAMPLE = 2_000
_UNLIKELY = math.log(0.001)
"""Largest log-probability that a column mirrors the label by accident."""
_NEARLY_ALL = 0.9
_ON, _OFF = {"1", "1.0", "true"}, {"0", "0.0", "false"}
_SHOWN = 4


class Mirror(TypedDict):
    """A column and its value for each of K classes; None if unknown."""

    column: str
    values: list[Value | None]


@dataclass(frozen=True)
class _Fit:
    """A column's value for each class, and the number of rows with another value."""

    value_of: dict[int, Value]
    differing: int

    @property
    def is_injective(self) -> bool:
        """Whether each class has a value of its own."""
        return len({*self.value_of.values()}) == len(self.value_of)

    def groups(self, codes: LabelCodes) -> LabelCodes:
        """Return the number of each row's value."""
        number = {value: place for place, value in enumerate(dict.fromkeys(self.value_of.values()))}
        table = np.zeros(max(self.value_of) + 1, codes.dtype)
        for code, value in self.value_of.items():
            table[code] = number[value]
        return table[codes]


def find_mirrors(
    table: pa.Table, labels: Labels, label: str, parts: Sequence[Part], part_of_row: RowIndex
) -> tuple[list[Mirror], tuple[str, ...]]:
    """Find the columns that follow from the label.

    In a mirror, each class has one value in all rows. Each value also has one class, unless the column is an indicator
    or is named like a label. This must not be an accident: fewer than one in 1,000 random orders of the labels would
    match, or the column must be named like a label.

    Parameters
    ----------
    table : pyarrow.Table
        N rows, all with a label; the columns that may be mirrors.
    labels : Labels
        Labels of the N rows.
    label : str
        Name of the label column.
    parts : sequence of Part
    part_of_row : (N,) integer
        Position of each row's part; some parts may lack a column.

    Returns
    -------
    mirrors : list of Mirror
    notes : tuple of str
        Sentences about the mirrors, and about columns that are nearly mirrors.
    """
    all_codes = np.asarray(labels.codes.to_numpy())
    found: list[Mirror] = []
    notes: list[str] = []
    indicators: list[str] = []
    for name in table.column_names:
        if not _may_hold_labels(table.schema.field(name).type):
            continue
        has = np.array([name in part.table.column_names for part in parts])
        codes, column = all_codes, table[name]
        if not has.all():
            rows = np.flatnonzero(has[part_of_row])
            codes, column = codes[rows], column.take(rows)
        fit = _fit(codes, column) if _may_fit(codes, column) else None
        if fit is None:
            continue
        marked = _marked(name, fit, labels)
        is_named = marked is not None or _is_named_alike(name, label)
        if not (is_named or _is_no_accident(fit.groups(codes))):
            continue
        if not (fit.is_injective or is_named):
            if not fit.differing:
                notes.append(f"Column {name!r} follows from {label!r}: corrections do not change it.")
            continue
        if fit.differing:
            notes.append(
                f"Column {name!r} mirrors {label!r} in all but {counted(fit.differing, 'row')}: corrections"
                " do not change it."
            )
            continue
        values = _values(fit.value_of, labels, _class_names(parts, name))
        if marked is None or fit.is_injective:
            notes += _notes(name, label, labels, values)
        else:
            rest = next(value for code, value in fit.value_of.items() if code != marked)
            values = [rest if value is None else value for value in values]
            indicators.append(name)
        found.append(Mirror(column=name, values=values))
    if indicators:
        notes.append(
            f"Columns that each mark one label: {listed([repr(name) for name in indicators])}. Corrections of {label!r}"
            " change them, too."
        )
    return found, tuple(notes)


def _may_fit(codes: LabelCodes, column: pa.ChunkedArray) -> bool:
    """Return whether a column may follow from the label, as far as some of its rows show: a quick look first."""
    sample = np.arange(0, len(codes), max(1, len(codes) // _SAMPLE))
    return _fit(codes[sample], column.take(sample)) is not None and _repeats(codes)


def _marked(name: str, fit: _Fit, labels: Labels) -> int | None:
    """Return the code of the label that a column marks and is named after; None if it is no indicator."""
    on = [code for code, value in fit.value_of.items() if str(value).casefold() in _ON]
    off = [code for code, value in fit.value_of.items() if str(value).casefold() in _OFF]
    if len(on) != 1 or len(on) + len(off) < len(fit.value_of):
        return None
    title = plain(labels.names[on[0]])
    return on[0] if re.search(rf"(?:^|[^a-z0-9]){re.escape(title)}$", plain(name)) else None


def _may_hold_labels(type_: pa.DataType) -> bool:
    if is_list(type_) or types.is_dictionary(type_):
        type_ = type_.value_type
    return is_text(type_) or any(is_such(type_) for is_such in (types.is_integer, types.is_floating, types.is_boolean))


def _repeats(codes: LabelCodes) -> bool:
    """Return whether there are two or more classes, and at least twice as many rows as classes."""
    return len(codes) >= 2 * len(np.unique(codes)) >= 4


def _is_no_accident(codes: LabelCodes) -> bool:
    """Return whether K values are unlikely to follow by accident: of N! orders, at most K! n₁! … n_K! match."""
    rows = [int(number) for number in np.bincount(codes) if number]
    alike = math.lgamma(len(rows) + 1) + sum(math.lgamma(number + 1) for number in rows)
    return alike - math.lgamma(len(codes) + 1) < _UNLIKELY


def _is_named_alike(name: str, label: str) -> bool:
    words = {*plain(label).split("_"), "label", "labels", "class"}
    return plain(name) in LABEL_NAMES or not words.isdisjoint(plain(name).split("_"))


def _fit(codes: LabelCodes, column: pa.ChunkedArray) -> _Fit | None:
    """Return a column's value for each class; None if it does not have one value per class, or only one in all."""
    encoded = _encoded(column)
    if encoded is None:
        return None
    places, values = encoded
    width = len(values) + 1
    pairs, rows = np.unique(codes * np.int64(width) + places, return_counts=True)
    of_class, of_value = pairs // width, pairs % width
    by_class = np.lexsort((-rows, of_class))  # the most frequent value of each class first
    most = by_class[np.unique(of_class[by_class], return_index=True)[1]]
    has_value = of_value[most] < len(values)
    differs = len(np.unique(of_value[most])) > 1
    if not (differs and has_value.all() and (rows[most] >= _NEARLY_ALL * np.bincount(codes)[of_class[most]]).all()):
        return None
    pairs_of = zip(of_class[most].tolist(), of_value[most].tolist(), strict=True)
    return _Fit({code: values[value] for code, value in pairs_of}, int(len(codes) - rows[most].sum()))


def _encoded(column: pa.ChunkedArray) -> tuple[LabelCodes, list[Value]] | None:
    """Number the values; a null has the number after the last. Return None if there are lists of several."""
    if is_list(column.type):
        column, several = unpack(column)
        if len(several):
            return None
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_floating(column.type):
        column = column.cast(pa.float64())
        column = pc.if_else(pc.is_finite(column), column, None)
    values = pc.drop_null(pc.unique(column))
    places = pc.fill_null(pc.index_in(column, value_set=values), len(values))
    return np.asarray(places.to_numpy()), values.to_pylist()


def _class_names(parts: Sequence[Part], name: str) -> Sequence[str] | None:
    try:
        return class_names([part for part in parts if name in part.table.column_names], name)
    except ColumnError:  # names of a column without labels may be invalid
        return None


def _values(value_of: dict[int, Value], labels: Labels, class_names: Sequence[str] | None) -> list[Value | None]:
    """Return the column's value for each class; for a class without rows, infer it from the others, or None."""
    numbers = {name: number for number, name in enumerate(class_names or ())}
    rules: tuple[Sequence[Value | None], ...] = ([*map(numbers.get, labels.names)], labels.names, labels.values)
    nothing: list[Value | None] = [None] * len(labels.names)
    rule = next((rule for rule in rules if all(rule[code] == value for code, value in value_of.items())), nothing)
    return [value_of.get(code, value) for code, value in enumerate(rule)]


def _notes(name: str, label: str, labels: Labels, values: Sequence[Value | None]) -> list[str]:
    pairs = list(zip(labels.names, values, strict=True))
    shown = listed([f"{class_name} = {value!r}" for class_name, value in pairs if value is not None], _SHOWN)
    notes = [f"Column {name!r} mirrors {label!r} ({shown}): corrections change both."]
    if unknown := [repr(class_name) for class_name, value in pairs if value is None]:
        notes.append(f"The value of {name!r} for {listed(unknown)} is unknown: it stays empty in rows corrected to it.")
    return notes
