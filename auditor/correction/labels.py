"""The label column of the source, with the labels that have changed."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.correction.corrections import Corrections
from auditor.data.columns import is_text
from auditor.data.labeled_texts import ORIGINAL
from auditor.errors import ExportError


def label_column(corrections: Corrections) -> pa.ChunkedArray:
    """Make the (N,) label column: where a label has not changed, what stands in the source, spelling and all.

    Raises
    ------
    ExportError
        If a new class does not fit into the column.
    """
    texts = corrections.texts
    given = texts.table[ORIGINAL + texts.origin.label]
    changed = corrections.label != texts.labels
    if not changed.any():
        return given
    type_ = given.type.value_type if types.is_dictionary(given.type) else given.type
    try:
        values = pa.array(corrections.label_values, type_)
    except (pa.ArrowInvalid, OverflowError, pa.ArrowTypeError) as error:
        raise ExportError(
            f"The new classes {', '.join(map(repr, corrections.new_classes))} do not fit into the column"
            f" {texts.origin.label!r} of type {type_}: {str(error).splitlines()[0]}.",
            "Export without --add-classes: the rows that no class fits are left out then.",
        ) from None
    plain = given.cast(type_) if types.is_dictionary(given.type) else given
    column = pc.if_else(pa.array(changed), values.take(pa.array(corrections.label)), plain)
    return _encoded(column, given, values) if types.is_dictionary(given.type) else column


def names_column(table: pa.Table, corrections: Corrections) -> pa.ChunkedArray:
    """Make the label column of a table of the source's columns name the classes; one of strings stays as it is."""
    texts = corrections.texts
    column = table[texts.origin.label]
    if is_text(column.type) or types.is_null(column.type):
        return column
    plain = column.cast(column.type.value_type) if types.is_dictionary(column.type) else column
    known = pa.array(corrections.label_values).cast(plain.type)
    places = pc.index_in(plain, value_set=known)
    names = pa.array(corrections.label_names, pa.string())
    return pa.chunked_array([names.take(chunk) for chunk in places.chunks], pa.string())


def _encoded(column: pa.ChunkedArray, given: pa.ChunkedArray, values: pa.Array) -> pa.ChunkedArray:
    """Encode a column with the dictionary that it had, new classes at its end."""
    known = given.unify_dictionaries().chunk(0).dictionary
    new = values.filter(pc.invert(pc.is_in(values, value_set=known)))
    dictionary = pa.concat_arrays([known, new])
    places = pc.index_in(column, value_set=dictionary).cast(given.type.index_type)
    chunks = [pa.DictionaryArray.from_arrays(chunk, dictionary, ordered=given.type.ordered) for chunk in places.chunks]
    return pa.chunked_array(chunks, given.type)
