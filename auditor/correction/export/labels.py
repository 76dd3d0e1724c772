"""The label column of the source with the labels that have changed, and the columns that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.correction.decide.corrections import Corrections, Flags
from auditor.correction.export.classes import Value
from auditor.data.columns import is_text
from auditor.data.labeled_texts import ORIGINAL
from auditor.data.labels.lists import as_lists, is_list, pack, rewrap
from auditor.data.labels.mirrors import Mirror
from auditor.data.source import listed
from auditor.errors import ExportError, RunDamagedError


def label_column(corrections: Corrections) -> pa.ChunkedArray:
    """Make the (N,) label column: where a label has not changed, what stands in the source, spelling and all.

    Where labels stand in lists of one, those that have changed do, too.

    Raises
    ------
    ExportError
        If a new class does not fit into the column.
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
            f"The new classes {', '.join(map(repr, corrections.new_classes))} do not fit into the column"
            f" {texts.origin.label!r} of type {_value_type(given.type)}: {str(error).splitlines()[0]}.",
            "Export without --add-classes: the rows that no class fits are left out then.",
        ) from None


def mirror_columns(corrections: Corrections) -> dict[str, pa.ChunkedArray]:
    """Make the columns that say the same as the label, by name; rows whose label has not changed are what they were.

    Raises
    ------
    RunDamagedError
        If the run does not say soundly what they are.
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
            raise _damaged(f"gives column {mirror['column']!r:.80} values that it cannot hold") from None
    return columns


def mirror_notes(corrections: Corrections) -> tuple[str, ...]:
    """Say which columns are corrected along with the label, and where what they should hold is not known."""
    notes = []
    if not corrections.changed.any():
        return ()
    used = np.unique(corrections.label[corrections.changed]).tolist()
    for mirror in _mirrors(corrections):
        values = _values(mirror, corrections)
        notes.append(f"Column {mirror['column']!r} is corrected along with {corrections.texts.origin.label!r}.")
        if unknown := [repr(corrections.label_names[code]) for code in used if values[code] is None]:
            notes.append(
                f"What {mirror['column']!r} holds for {listed(unknown)} is not known: it is empty in the rows corrected"
                " to it."
            )
    return tuple(notes)


def names_column(table: pa.Table, corrections: Corrections) -> pa.ChunkedArray:
    """Make the label column of a table of the source's columns name the classes; one of strings stays as it is."""
    column = table[corrections.texts.origin.label]
    if is_text(_value_type(column.type)) or types.is_null(_value_type(column.type)):
        return column
    if not is_list(column.type):
        return pa.chunked_array([_names(chunk, corrections) for chunk in column.chunks], pa.string())
    type_ = pa.large_list(pa.string()) if types.is_large_list(column.type) else pa.list_(pa.string())
    return pa.chunked_array([_names_in_lists(chunk, corrections).cast(type_) for chunk in column.chunks], type_)


def _names(values: pa.Array, corrections: Corrections) -> pa.Array:
    plain = values.cast(values.type.value_type) if types.is_dictionary(values.type) else values
    known = pa.array(corrections.label_values).cast(plain.type)
    return pa.array(corrections.label_names, pa.string()).take(pc.index_in(plain, value_set=known))


def _names_in_lists(chunk: pa.Array, corrections: Corrections) -> pa.Array:
    lists = as_lists(pa.concat_arrays([chunk]))
    names = _names(lists.values, corrections)
    return pa.LargeListArray.from_arrays(lists.offsets, names, mask=lists.is_null())


def _mirrors(corrections: Corrections) -> Sequence[Mirror]:
    """The mirrors that the reader has found; a run may come from anywhere."""
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
    """What a mirror holds for each class, new ones included: their names, if it holds strings."""
    holds_strings = all(isinstance(value, str) for value in mirror["values"] if value is not None)
    return [*mirror["values"], *(name if holds_strings else None for name in corrections.new_classes)]


def _damaged(what: str) -> RunDamagedError:
    return RunDamagedError(f"The run's dataset.parquet {what}.", "Make the run again with --fresh.")


def _replaced(given: pa.ChunkedArray, changed: Flags, new: Sequence[Any]) -> pa.ChunkedArray:
    """Put new values into the rows that have changed, one for each."""
    if not new:
        return given
    if types.is_dictionary(given.type):
        values = pa.array(new, given.type.value_type)
        return _encoded(_put(given.cast(given.type.value_type), changed, values), given, pc.unique(values).drop_null())
    if is_list(given.type):
        new = [None if value is None else pack(value, given.type) for value in new]
    return _put(given, changed, pa.array(new, given.type))


def _put(column: pa.ChunkedArray, changed: Flags, new: pa.Array) -> pa.ChunkedArray:
    places = np.arange(len(column))
    places[changed] = len(column) + np.arange(len(new))
    return pa.chunked_array([*column.chunks, new], column.type).take(places)


def _encoded(column: pa.ChunkedArray, given: pa.ChunkedArray, values: pa.Array) -> pa.ChunkedArray:
    """Encode a column with the dictionary that it had, new values at its end."""
    known = given.unify_dictionaries().chunk(0).dictionary
    new = values.filter(pc.invert(pc.is_in(values, value_set=known)))
    dictionary = pa.concat_arrays([known, new])
    places = pc.index_in(column, value_set=dictionary).cast(given.type.index_type)
    chunks = [pa.DictionaryArray.from_arrays(chunk, dictionary, ordered=given.type.ordered) for chunk in places.chunks]
    return pa.chunked_array(chunks, given.type)


def _value_type(type_: pa.DataType) -> pa.DataType:
    """Type of a label: of what stands in a list, or in a dictionary."""
    while is_list(type_) or types.is_dictionary(type_):
        type_ = type_.value_type
    return type_
