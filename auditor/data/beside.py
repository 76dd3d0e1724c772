"""Votes that stand in a column beside the given label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.data.columns import is_text
from auditor.data.labels import Labels, Value, encode_labels, is_list
from auditor.data.source import counted, listed
from auditor.data.votes import Votes
from auditor.errors import ColumnError, RowError

DELIMITERS = "|;,\t"
"""Between the votes of one cell; of those that are there, the one that yields most given labels."""
_NAMELESS = "The votes bear no names: raters are told apart by the place of their vote."


@dataclass(frozen=True)
class _Flat:
    """V votes as they stand there: row, number of the rater, value (a label, or nothing)."""

    row: npt.NDArray[np.int64]
    rater: npt.NDArray[np.int64]
    value: pa.Array
    raters: tuple[str, ...]
    note: str | None = None


def votes_beside(
    column: pa.ChunkedArray, name: str, labels: Labels, class_names: Sequence[str] | None = None
) -> tuple[Votes, Labels]:
    """Read a column of votes.

    Each of its N values holds the votes on one text: a list of labels, a mapping or structure rater → label, or a
    string: labels with ``|``, ``;``, ``,`` or a tab between them, or such a list or mapping as JSON. In a list, raters
    are told apart by their place: ``1``, ``2``, …; a place that is null or blank is no vote.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    name : str
        Its name, for messages.
    labels : Labels
        The given ones.
    class_names : sequence of str, optional
        Names of the given labels' numbers, where the dataset has some; votes may be names or numbers then.

    Returns
    -------
    votes : Votes
    labels : Labels
        The given ones; classes that are in votes alone come last. Its notes are those of the votes.

    Raises
    ------
    ColumnError
        If the column holds something else, no vote, or labels that are no classes.
    RowError
        If a value that looks like JSON is none.
    """
    flat = _flatten(column, name, labels)
    found = encode_labels(pa.chunked_array([flat.value]), name, class_names)
    codes = found.codes.combine_chunks()
    if codes.null_count == len(codes):
        raise ColumnError(f"Column {name!r} holds no vote.", "Name the column of the votes with --votes.")
    place, labels, notes = _match(found, labels, class_names, name)
    there = codes.is_valid().to_numpy(zero_copy_only=False)
    label = place[codes.fill_null(0).to_numpy(zero_copy_only=False)]
    votes = Votes.encoded(flat.row[there], flat.rater[there], flat.raters, label[there])
    if without := len(column) - len(np.unique(votes.row)):
        notes.append(f"{counted(without, 'row')} without a vote: there, the models alone judge the given label.")
    notes.insert(0, f"{counted(len(votes), 'vote')} of {counted(len(votes.raters), 'rater')} in column {name!r}.")
    notes += filter(None, (flat.note, votes.doubt))
    return votes, replace(labels, notes=(*found.notes, *notes))


def _flatten(column: pa.ChunkedArray, name: str, labels: Labels) -> _Flat:
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_text(column.type):
        return _from_strings(column.cast(pa.string()), name, labels)
    whole = column.combine_chunks()
    if is_list(column.type) and not types.is_nested(column.type.value_type):
        return _from_lists(whole.cast(pa.large_list(column.type.value_type)))
    if types.is_struct(column.type) and not any(types.is_nested(field.type) for field in column.type):
        return _from_structs(whole)
    if types.is_map(column.type) and not types.is_nested(column.type.item_type):
        row = np.repeat(np.arange(len(whole)), pc.fill_null(pc.list_value_length(_as_list(whole)), 0).to_numpy())
        pairs = pc.list_flatten(_as_list(whole))
        keys = pc.struct_field(pairs, 0).cast(pa.string()).dictionary_encode()
        raters = tuple(keys.dictionary.to_pylist())
        return _Flat(row, keys.indices.to_numpy().astype(np.int64), pc.struct_field(pairs, 1), raters)
    raise ColumnError(
        f"Column {name!r} holds values of type {column.type}; votes are lists of labels, mappings rater → label, or"
        " strings of labels with a delimiter between them.",
        "Name the column of the votes with --votes, or give one row a vote and name the raters with --annotator.",
    )


def _as_list(maps: pa.Array) -> pa.Array:
    return maps.cast(pa.list_(pa.struct([("key", maps.type.key_type), ("value", maps.type.item_type)])))


def _from_lists(lists: pa.Array) -> _Flat:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    row = np.repeat(np.arange(len(lists)), lengths)
    place = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    width = len(str(int(lengths.max(initial=1))))
    raters = tuple(f"{number:0{width}}" for number in range(1, int(lengths.max(initial=0)) + 1))
    return _Flat(row, place, pc.list_flatten(lists), raters, _NAMELESS)


def _from_structs(structs: pa.Array) -> _Flat:
    fields, columns = list(structs.type), structs.flatten()
    if len({column.type for column in columns}) > 1:  # a rater without a vote among them, say
        columns = [column.cast(pa.string()) for column in columns]
    value = pa.concat_arrays(columns)
    kept = value.is_valid().to_numpy(zero_copy_only=False)
    row = np.tile(np.arange(len(structs)), len(fields))[kept]
    rater = np.repeat(np.arange(len(fields)), len(structs))[kept]
    return _Flat(row, rater, value.drop_null(), tuple(field.name.strip() for field in fields))


def _from_strings(column: pa.ChunkedArray, name: str, labels: Labels) -> _Flat:
    cells = column.combine_chunks()
    trimmed = pc.utf8_trim_whitespace(cells)
    cells = pc.if_else(pc.equal(pc.binary_length(trimmed), 0), None, cells)
    start = trimmed.filter(cells.is_valid())[:1].to_pylist()
    if start and start[0][0] in "[{":
        return _from_json(cells, name)
    known = pa.array([*labels.names, *map(str, labels.values)], pa.string())

    def split(mark: str) -> pa.Array:
        return pc.split_pattern(cells, mark)

    def given(mark: str) -> int:
        pieces = pc.utf8_trim_whitespace(pc.list_flatten(split(mark)))
        return int(pc.sum(pc.is_in(pieces, value_set=known)).as_py() or 0)

    return _from_lists(split(max(DELIMITERS, key=given)).cast(pa.large_list(pa.string())))


def _from_json(cells: pa.Array, name: str) -> _Flat:
    row, rater, values, named = [], [], [], False
    raters: dict[str, int] = {}
    for number, cell in enumerate(cells.to_pylist()):
        votes = [] if cell is None else _parsed(cell, number, name)
        named |= isinstance(votes, dict)
        pairs = votes.items() if isinstance(votes, dict) else ((str(at), vote) for at, vote in enumerate(votes, 1))
        for who, value in pairs:
            row.append(number)
            rater.append(raters.setdefault(who.strip(), len(raters)))
            values.append(None if value is None else str(value))
    note = None if named else _NAMELESS
    return _Flat(np.array(row, np.int64), np.array(rater, np.int64), pa.array(values, pa.string()), tuple(raters), note)


def _parsed(cell: str, number: int, name: str) -> Any:
    try:
        votes = json.loads(cell)
        values = list(votes.values() if isinstance(votes, dict) else votes)
    except (ValueError, TypeError, RecursionError):
        values = [()]
    if any(isinstance(value, list | dict | tuple) for value in values):
        raise RowError(
            f"Column {name!r}, row {number + 1:,}: {cell[:60]!r} is neither a list of labels nor a mapping"
            " rater → label in JSON.",
            'Write such as ["joy", "love"] or {"ann": "joy", "bob": "love"}.',
        )
    return votes


def _match(
    found: Labels, labels: Labels, class_names: Sequence[str] | None, name: str
) -> tuple[npt.NDArray[np.int32], Labels, list[str]]:
    """The code that each label of the votes has among the given ones; those that are none of them become classes."""
    codes: dict[str, int] = {label: code for code, label in enumerate(labels.names)}
    numbers = {str(value): code for code, value in enumerate(labels.values)} if class_names is not None else {}
    if numbers and codes.keys().isdisjoint(found.names):
        codes = numbers
    new = [label for label in found.names if label not in codes]
    values = [_value(label, labels.values) for label in new]
    if len(new) == len(found.names) or (class_names is not None and new) or None in values:
        votes, classes = (listed([repr(label) for label in one]) for one in (new, labels.names))
        raise ColumnError(
            f"Column {name!r} holds votes for {votes}, which {'is' if len(new) == 1 else 'are'} no class of the given"
            f" labels: {classes}.",
            "Mend the votes, or name the column of the votes with --votes.",
        )
    place = np.array([codes.get(label, -1) for label in found.names], dtype=np.int32)
    place[place < 0] = len(labels.names) + np.arange(len(new), dtype=np.int32)
    made = tuple(value for value in values if value is not None)
    note = (
        [f"In votes alone, never given: {listed([repr(label) for label in new])}. They are classes without a row."]
        if new
        else []
    )
    return place, replace(labels, names=(*labels.names, *new), values=(*labels.values, *made)), note


def _value(label: str, values: Sequence[Value]) -> Value | None:
    """What would stand in the label column for a new class; None where nothing can."""
    if all(isinstance(value, str) for value in values):
        return label
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    return int(label) if whole and label.lstrip("+-").isdecimal() else None
