"""Merge rows of single votes into one row per text, with the majority label and all votes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.arrays import LabelCodes, Mask, RowIndex
from auditor.config import ReadConfig
from auditor.data.check import invalid_rows, refuse
from auditor.data.columns import Columns
from auditor.data.formats.tables.metadata import class_names
from auditor.data.ids import check_ids_present
from auditor.data.labels.abstentions import Cast, without_abstentions
from auditor.data.labels.column import Labels, encode_labels
from auditor.data.labels.votes import Votes, majority, tie_notes
from auditor.data.source import Part, Source
from auditor.errors import ColumnError, RowError
from auditor.wording import counted, listed

_REFUSED = "Fix them, or continue without these votes: --drop-invalid."


@dataclass(frozen=True)
class Gathered:
    """A source with one row per text.

    Attributes
    ----------
    source : Source
        Its parts have one row per text, at the position of its first vote, without omitted columns.
    original : pyarrow.Table
        N rows: all parts, concatenated.
    texts : pyarrow.ChunkedArray
        (N,) strings.
    labels : Labels
        Labels of N rows; they include classes that occur only in votes.
    votes : Votes
    notes : tuple of str
    """

    source: Source
    original: pa.Table
    texts: pa.ChunkedArray
    labels: Labels
    votes: Votes
    notes: tuple[str, ...]


def gather(
    source: Source, original: pa.Table, texts: pa.ChunkedArray, columns: Columns, config: ReadConfig
) -> Gathered:
    """Merge the votes on each text of each split; rows belong to one text by id, or by equal text without ids.

    A row without a label is not a vote: see :func:`auditor.data.labels.abstentions.without_abstentions`. Of a rater's
    votes on a text, the last counts. :func:`auditor.data.labels.votes.majority` breaks ties. The text and the other
    columns come from the first vote for the majority label, or from the first row if there are no votes. Columns that
    differ between the rows of a text are omitted, and so is the raters' column.

    Parameters
    ----------
    source : Source
    original : pyarrow.Table
        V rows: all parts, concatenated.
    texts : pyarrow.ChunkedArray
        (V,) strings.
    columns : Columns
    config : ReadConfig
        Configuration with ``annotator``.

    Raises
    ------
    ColumnError
        If the raters' column has no names, or the label column no labels.
    RowError
        If a row lacks its text, or a vote its rater (without ``config.drop_invalid``), or texts of one id differ.
    """
    annotator = config.annotator or ""
    raters = rater_names(original[annotator], annotator)
    cast, labels = _labels(source, original, columns, raters, config.missing_labels)
    rows = _valid(texts, labels, raters, source, config)
    item, first = _items(original, texts, source, rows, config)
    label = labels.codes.take(pa.array(rows)).combine_chunks()
    voted = label.is_valid().to_numpy(zero_copy_only=False)
    codes = raters.take(pa.array(rows[voted])).combine_chunks().dictionary_encode()
    votes = Votes.encoded(
        item[voted], codes.indices.to_numpy(), codes.dictionary.to_pylist(), label.drop_null().to_numpy()
    )
    given, tied = majority(votes, len(first), len(labels.names))
    chosen = np.where(given < 0, first, len(original))
    matching = label.fill_null(-1).to_numpy() == given[item]
    np.minimum.at(chosen, item[matching], rows[matching])
    left_out = _differing(original, rows, item, chosen, {annotator, columns.text, columns.label, config.id})
    kept = [name for name in original.column_names if name not in {annotator, *left_out}]
    table = original.take(pa.array(chosen)).select(kept)
    codes_given = pa.array(given, pa.int32(), mask=given < 0)
    abstained = labels.codes.null_count
    return Gathered(
        source=replace(source, parts=_parts(source, table, chosen)),
        original=table,
        texts=texts.take(pa.array(chosen)),
        labels=replace(labels, codes=pa.chunked_array([codes_given])),
        votes=votes,
        notes=(
            *_notes(votes, len(texts) - len(rows), int(voted.sum()), tied, left_out, labels, given),
            *([cast.note(abstained)] if abstained else []),
            *filter(None, [cast.doubt]),
        ),
    )


def _labels(
    source: Source, original: pa.Table, columns: Columns, raters: pa.ChunkedArray, missing: Sequence[str]
) -> tuple[Cast, Labels]:
    """Encode the labels of V rows, null without a vote."""
    names = class_names(source.parts, columns.label)
    given = None if names is None else {*names, *map(str, range(len(names)))}
    cast = without_abstentions(original[columns.label], raters, given)
    return cast, encode_labels(cast.values, columns.label, names, missing)


def rater_names(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return raters' names: strings without surrounding whitespace, or whole numbers; null if missing.

    Raises
    ------
    ColumnError
        If the column contains something else.
    """
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_floating(column.type):  # pandas stores whole numbers with nulls as floats
        column = pc.if_else(pc.is_finite(column), column, None)
        whole = pc.all(pc.equal(pc.floor(column), column)).as_py() is not False
        column = column.cast(pa.int64()) if whole else column
    if not (types.is_integer(column.type) or types.is_string(column.type) or types.is_large_string(column.type)):
        raise ColumnError(
            f"Column {name!r} has values of type {column.type}; expected names of raters: strings or whole numbers.",
            "Choose the column of raters with --annotator.",
        )
    names = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.equal(pc.binary_length(names), 0), None, names)


def _valid(
    texts: pa.ChunkedArray, labels: Labels, raters: pa.ChunkedArray, source: Source, config: ReadConfig
) -> RowIndex:
    """Return the positions of rows that have a text and, if they have a label, a rater."""
    reasons = invalid_rows(texts, pa.chunked_array([pa.repeat(0, len(texts))]))
    nobody = pc.and_(pc.is_null(raters), pc.is_valid(labels.codes))
    reasons = pc.coalesce(reasons, pc.if_else(nobody, "missing rater", None))
    if reasons.null_count < len(reasons) and not config.drop_invalid:
        raise refuse(reasons, source.parts, _REFUSED)
    return np.flatnonzero(reasons.is_null().to_numpy())


def _items(
    original: pa.Table, texts: pa.ChunkedArray, source: Source, rows: RowIndex, config: ReadConfig
) -> tuple[RowIndex, RowIndex]:
    """Return each vote's text, numbered by first appearance, and the row of each text's first appearance."""
    if config.id is not None:
        ids = pc.cast(original[config.id], pa.string())
        check_ids_present(ids, config.id, source.parts)
    wanted = pa.array(rows)
    text = texts.take(wanted).combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    key = text if config.id is None else ids.take(wanted).combine_chunks().dictionary_encode().indices.to_numpy()
    ends = np.cumsum([part.table.num_rows for part in source.parts])
    part = np.searchsorted(ends, rows, side="right")
    _, first, inverse = np.unique(key + part * (len(original) + 1), return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(len(first), dtype=np.int64)
    number[order] = np.arange(len(first))
    item, first = number[inverse], first[order]
    other = np.flatnonzero(text != text[first[item]])
    if len(other):
        where = int(other[0])
        raise RowError(
            f"Column {config.id!r} gives one id to different texts, in {counted(len(other), 'row')}:"
            f" {ids[int(rows[where])].as_py()!r} to {texts[int(rows[first[item[where]]])].as_py()[:60]!r} and to"
            f" {texts[int(rows[where])].as_py()[:60]!r}.",
            "Give every text a unique id, or omit --id to merge rows of equal text.",
        )
    return item, rows[first]


def _differing(
    original: pa.Table, rows: RowIndex, item: RowIndex, chosen: RowIndex, excluded: set[str | None]
) -> list[str]:
    """Return the columns whose values differ between votes on the same text."""
    found = []
    for name in original.column_names:
        if name not in excluded:
            codes = _codes(original[name])
            if (codes[rows] != codes[chosen[item]]).any():
                found.append(name)
    return found


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.integer]:
    """Return (V,) numbers of the values, nulls included."""
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_nested(column.type):  # Arrow cannot compare nested values
        column = pa.chunked_array([[repr(value) for value in column.to_pylist()]], pa.string())
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False))


def _parts(source: Source, table: pa.Table, chosen: RowIndex) -> tuple[Part, ...]:
    """Return the parts with their own rows and columns of the new table."""
    parts, start, seen = [], 0, 0
    for part in source.parts:
        seen += part.table.num_rows
        end = int(np.searchsorted(chosen, seen))  # texts are ordered by part
        own = [name for name in table.column_names if name in part.table.column_names]
        rows = table.slice(start, end - start).select(own)
        metadata = _metadata(part.table.schema.metadata or {}, own)
        parts.append(replace(part, table=rows.replace_schema_metadata(metadata)))
        start = end
    return tuple(parts)


def _metadata(metadata: dict[bytes, bytes], kept: Sequence[str]) -> dict[bytes, bytes]:
    """Return the metadata of ``datasets`` and pandas for the kept columns; a frame's index is dropped."""
    new = dict(metadata)
    if b"huggingface" in new:
        about = json.loads(new[b"huggingface"])
        features = about.get("info", {}).get("features", {})
        about.get("info", {})["features"] = {name: features[name] for name in features if name in kept}
        new[b"huggingface"] = json.dumps(about).encode()
    if b"pandas" in new:
        about = json.loads(new[b"pandas"])
        about |= {
            "index_columns": [],
            "columns": [column for column in about["columns"] if column["field_name"] in kept],
        }
        new[b"pandas"] = json.dumps(about).encode()
    return new


def _notes(
    votes: Votes,
    invalid: int,
    valid: int,
    tied: Mask,
    left_out: Sequence[str],
    labels: Labels,
    given: LabelCodes,
) -> tuple[str, ...]:
    notes = [
        f"{counted(len(votes), 'vote')} of {counted(len(votes.raters), 'rater')} on {counted(len(tied), 'text')}:"
        " one row per text, with the majority label."
    ]
    if votes.doubt:
        notes.append(votes.doubt)
    notes += tie_notes(tied)
    if replaced := valid - len(votes):
        notes.append(f"{counted(replaced, 'vote')} replaced by the same rater's later vote on the same text.")
    if invalid:
        notes.append(f"{counted(invalid, 'vote')} without a text or a rater omitted.")
    if left_out:
        notes.append(
            f"Columns omitted because they differ between votes on a text: {listed([repr(name) for name in left_out])}."
        )
    only_votes = sorted(set(np.unique(votes.label).tolist()) - set(np.unique(given).tolist()))
    if only_votes:
        names = listed([repr(labels.names[code]) for code in only_votes])
        notes.append(f"Chosen by some raters, but never the majority label: {names}.")
    return tuple(notes)
