"""The source's label column with the changed labels, and its mirror columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.arrays import Mask
from auditor.correction.decide.corrections import Corrections
from auditor.correction.export.classes import Value
from auditor.data.columns import is_text
from auditor.data.labeled_texts import ORIGINAL
from auditor.data.labels.lists import as_lists, is_list, pack, rewrap
from auditor.data.labels.mirrors import Mirror
from auditor.errors import ExportError, RunDamagedError
from auditor.wording import listed


def label_column(corrections: Corrections) -> pa.ChunkedArray:
    """Make the (N,) label column. Unchanged labels keep the source's value, including its spelling.

    If labels are lists of one, changed labels are, too.

    Raises
    ------
    ExportError
        If a new class does not fit the column.
    """
    texts, changed = corrections.texts, corrections.changed
    given = texts.table[ORIGINAL + texts.origin.label]
    new: list[Value] = [corrections.label_values[code] for code in corrections.label[changed].tolist()]
    style = texts.origin.options.get("list_style")
    if style and is_text(given.type):
        pairs = [*zip(map(str, given.filter(pa.array(changed)).to_pylist()), map(str, new), strict=True)]
        rewrapped = {pair: rewrap(*pair, style) for pair in set(pairs)}
        new = [rewrapped[pair] for pair in pairs]
    try:
        return _replaced(given, changed, new)
    except (pa.ArrowInvalid, OverflowError, pa.ArrowTypeError) as error:
        raise ExportError(
            f"The new classes {', '.join(map(repr, corrections.new_classes))} do not fit the column"
            f" {texts.origin.label!r} of type {_value_type(given.type)}: {str(error).splitlines()[0]}.",
            "Export without --add-classes; rows that no class fits are then left out.",
        ) from None


def mirror_columns(corrections: Corrections) -> dict[str, pa.ChunkedArray]:
    """Make the columns that repeat the label, by name. Rows whose label has not changed keep their values.

    Raises
    ------
    RunDamagedError
        If the run's description of these columns is invalid.
    """
    texts, changed = corrections.texts, corrections.changed
    codes = corrections.label[changed].tolist()
    columns = {}
    for mirror in _mirrors(corrections):
        given = texts.table[ORIGINAL + mirror["column"]]
        values = _values(mirror, corrections)
        try:
            columns[mirror["column"]] = _replaced(given, changed, [values[code] for code in codes])
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            raise _damaged(f"has values for column {mirror['column']!r:.80} that it cannot hold") from None
    return columns


def mirror_notes(corrections: Corrections) -> tuple[str, ...]:
    """Describe the columns corrected along with the label, and classes whose value there is unknown."""
    notes = []
    if not corrections.changed.any():
        return ()
    used = np.unique(corrections.label[corrections.changed]).tolist()
    for mirror in _mirrors(corrections):
        values = _values(mirror, corrections)
        notes.append(f"Column {mirror['column']!r} is corrected along with {corrections.texts.origin.label!r}.")
        if unknown := [repr(corrections.label_names[code]) for code in used if values[code] is None]:
            notes.append(f"The value of {mirror['column']!r} for {listed(unknown)} is unknown: it is left empty there.")
    return tuple(notes)


def names_column(table: pa.Table, corrections: Corrections) -> pa.ChunkedArray:
    """Return the label column of a table with names of classes. A column of strings stays unchanged."""
    column = table[corrections.texts.origin.label]
    if is_text(_value_type(column.type)) or types.is_null(_value_type(column.type)):
        return column
    if not is_list(column.type):
        return pa.chunked_array([_names(chunk, corrections) for chunk in column.chunks], pa.string())
    type_ = pa.large_list(pa.string()) if types.is_large_list(column.type) else pa.list_(pa.string())
    return pa.chunked_array([_names_in_lists(chunk, corrections).cast(type_) for chunk in column.chunks], type_)


def _names(values: pa.Array, corrections: Corrections) -> pa.Array:
    plain = values.cast(values.type.value_type) if types.is_dictionary(values.type) else values
    class_values = pa.array(corrections.label_values).cast(plain.type)
    return pa.array(corrections.label_names, pa.string()).take(pc.index_in(plain, value_set=class_values))


def _names_in_lists(chunk: pa.Array, corrections: Corrections) -> pa.Array:
    lists = as_lists(pa.concat_arrays([chunk]))
    names = _names(lists.values, corrections)
    return pa.LargeListArray.from_arrays(lists.offsets, names, mask=lists.is_null())


def _mirrors(corrections: Corrections) -> Sequence[Mirror]:
    """Return the mirrors that the reader found, checked since a run may come from anywhere."""
    origin, columns = corrections.texts.origin, corrections.texts.table.column_names
    mirrors: list[Mirror] = origin.options.get("mirrors", [])
    for mirror in mirrors if isinstance(mirrors, list) else [{}]:
        name, values = (mirror.get("column"), mirror.get("values")) if isinstance(mirror, dict) else (None, None)
        if f"{ORIGINAL}{name}" not in columns or name in (origin.text, origin.label, origin.id):
            raise _damaged(f"calls {name!r:.80} a mirror of the label")
        if not isinstance(values, list) or len(values) != corrections.texts.num_classes:
            raise _damaged(f"has no value of column {name!r:.80} for each class")
    return mirrors


def _values(mirror: Mirror, corrections: Corrections) -> list[Value | None]:
    """Return a mirror's value for each class. For a new class, it is the name if the mirror holds strings."""
    holds_strings = all(isinstance(value, str) for value in mirror["values"] if value is not None)
    return [*mirror["values"], *(name if holds_strings else None for name in corrections.new_classes)]


def _damaged(what: str) -> RunDamagedError:
    return RunDamagedError(f"The run's dataset.parquet {what}.", "Re-create the run with --fresh.")


def _replaced(given: pa.ChunkedArray, changed: Mask, new: Sequence[Any]) -> pa.ChunkedArray:
    """Replace the values of the changed rows, one new value each."""
    if not new:
        return given
    if types.is_dictionary(given.type):
        values = pa.array(new, given.type.value_type)
        return _encoded(_put(given.cast(given.type.value_type), changed, values), given, pc.unique(values).drop_null())
    if is_list(given.type):
        new = [None if value is None else pack(value, given.type) for value in new]
    return _put(given, changed, pa.array(new, given.type))


def _put(column: pa.ChunkedArray, changed: Mask, new: pa.Array) -> pa.ChunkedArray:
    places = np.arange(len(column))
    places[changed] = len(column) + np.arange(len(new))
    return pa.chunked_array([*column.chunks, new], column.type).take(places)


def _encoded(column: pa.ChunkedArray, given: pa.ChunkedArray, values: pa.Array) -> pa.ChunkedArray:
    """Encode a column with its previous dictionary, extended by the new values."""
    previous = given.unify_dictionaries().chunk(0).dictionary
    new = values.filter(pc.invert(pc.is_in(values, value_set=previous)))
    dictionary = pa.concat_arrays([previous, new])
    places = pc.index_in(column, value_set=dictionary).cast(given.type.index_type)
    chunks = [pa.DictionaryArray.from_arrays(chunk, dictionary, ordered=given.type.ordered) for chunk in places.chunks]
    return pa.chunked_array(chunks, given.type)


def _value_type(type_: pa.DataType) -> pa.DataType:
    """Return the type of a label inside a list or dictionary."""
    while is_list(type_) or types.is_dictionary(type_):
        type_ = type_.value_type
    return type_
