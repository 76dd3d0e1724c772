"""Ballots: a column of all votes on a text, or one column per rater → a list of votes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.arrays import RowIndex
from auditor.data.columns import is_text
from auditor.data.labels.column import is_list
from auditor.data.labels.literals import is_literal, parse_votes
from auditor.data.labels.votes import NO_VOTE
from auditor.errors import ColumnError, RowError
from auditor.wording import listed

DELIMITERS = "|;,\t"
"""Delimiters between the votes of a cell; the one that yields most given labels is used."""
_NAMELESS = "The votes have no names: raters are identified by the position of their vote."
_NOBODY = {*NO_VOTE, "-1"}
"""Cells that mean "no vote" in a column of lists or mappings."""
_ROWS = 5
"""Fewest rows from which an equal sum of numbers is not an accident."""
_WHOLE = 2.0**53
"""Floats represent every whole number below this."""


@dataclass(frozen=True)
class Ballots:
    """V votes as they appear in the source.

    Attributes
    ----------
    row : (V,) int64
    rater : (V,) int64
        Number of the rater.
    value : pyarrow.Array
        (V,) labels; null without a vote.
    raters : tuple of str
        Names by number.
    note : str or None
    """

    row: RowIndex
    rater: RowIndex
    value: pa.Array
    raters: tuple[str, ...]
    note: str | None = None


def column_of_votes(column: pa.ChunkedArray, name: str, given: Collection[str]) -> Ballots:
    """Read a column whose cells contain all votes on a text.

    Each of its N values is a list of labels, a mapping or structure rater → label, or a string: labels separated by
    ``|``, ``;``, ``,`` or a tab, or a list or mapping in JSON or as Python prints it. In a list, raters are named by
    position: ``1``, ``2``, …

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    name : str
        Its name, for messages.
    given : collection of str
        The given labels; empty if there are none.

    Raises
    ------
    ColumnError
        If the column contains something else.
    RowError
        If a cell looks like a list or a mapping but cannot be read.
    """
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_text(column.type):
        return _checked(_from_strings(column.cast(pa.string()), name, given), name, given)
    whole = column.combine_chunks()
    if is_list(column.type) and not types.is_nested(column.type.value_type):
        return _from_lists(whole.cast(pa.large_list(column.type.value_type)))
    if types.is_struct(column.type) and not any(types.is_nested(field.type) for field in column.type):
        return _checked(_from_structs(whole), name, given)
    if types.is_map(column.type) and not types.is_nested(column.type.item_type):
        return _checked(_from_maps(whole), name, given)
    raise ColumnError(
        f"Column {name!r} has values of type {column.type}; expected votes: lists of labels, mappings rater → label, or"
        " strings of labels with a delimiter between them.",
        "Choose the column of votes with --votes, or all raters' columns, separated by commas, if each has one; or"
        " choose the column of raters with --annotator if each row is one vote.",
    )


def _checked(ballots: Ballots, name: str, given: Collection[str]) -> Ballots:
    """Refuse mappings label → number of votes, as ``{"joy": 2, "anger": 1}``, which look like raters and their labels.

    They have numbers of the given labels or, without these, numbers of words that have one sum in all rows.
    """
    try:
        numbers = ballots.value.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    except pa.ArrowException:
        return ballots
    if ballots.note or not len(numbers) or any(rater.strip("+-").isdecimal() for rater in ballots.raters):
        return ballots
    sums = np.bincount(ballots.row, numbers)[np.unique(ballots.row)]
    same = len(sums) >= _ROWS and sums[0] > 1 and bool((sums == sums[0]).all()) and len(np.unique(numbers)) > 1
    if {*ballots.raters} <= {*given} or (not given and same):
        raise ColumnError(
            f"Column {name!r} has numbers of votes for {listed(ballots.raters, most=4)}; expected the label that each"
            " rater chose.",
            'Write the votes one by one, such as ["joy", "joy", "anger"] for two of joy and one of anger.',
        )
    return ballots


def columns_of_raters(table: pa.Table, names: dict[str, Sequence[str] | None]) -> Ballots:
    """Read columns of N rows, each with the votes of the rater after whom it is named.

    Parameters
    ----------
    table : pyarrow.Table
    names : dict of str to sequence of str or None
        Column → class names of its numbers in ``datasets`` features, if any.

    Raises
    ------
    ColumnError
        If a column contains lists or mappings.
    """
    columns = [_labels(table[name], name, classes) for name, classes in names.items()]
    kinds = {column.type for column in columns} - {pa.null()}
    kind = kinds.pop() if len(kinds) == 1 else pa.string()
    value = pa.concat_arrays([_as_strings(column) if kind == pa.string() else column.cast(kind) for column in columns])
    rows = table.num_rows
    return Ballots(np.tile(np.arange(rows), len(names)), np.repeat(np.arange(len(names)), rows), value, tuple(names))


def _labels(column: pa.ChunkedArray, name: str, classes: Sequence[str] | None) -> pa.Array:
    """Return one rater's labels: strings, whole numbers if possible, or the values as they are."""
    if types.is_nested(column.type):
        raise ColumnError(
            f"Column {name!r} has values of type {column.type}; expected one label of one rater per row.",
            "If the column has the votes of all raters, pass only this one: --votes NAME.",
        )
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    values = column.combine_chunks()
    if types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), None, values)
        if pc.all(pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), _WHOLE))).as_py() is not False:
            values = values.cast(pa.int64())
    if types.is_integer(values.type) and not types.is_uint64(values.type):
        values = values.cast(pa.int64())
        if classes is not None:
            is_class = pc.and_(pc.greater_equal(values, 0), pc.less(values, len(classes)))
            return pa.array(classes, pa.string()).take(pc.if_else(is_class, values, None))
    return values.cast(pa.string()) if is_text(values.type) else values


def _as_strings(values: pa.Array) -> pa.Array:
    if types.is_boolean(values.type):  # spelled like the names of the given labels
        return pc.if_else(values, "True", "False")
    return values.cast(pa.string())


def _from_maps(maps: pa.Array) -> Ballots:
    lists = maps.cast(pa.list_(pa.struct([("key", maps.type.key_type), ("value", maps.type.item_type)])))
    row = np.repeat(np.arange(len(maps)), pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    pairs = pc.list_flatten(lists)
    keys = pc.struct_field(pairs, 0).cast(pa.string()).dictionary_encode()
    raters = tuple(keys.dictionary.to_pylist())
    return Ballots(row, keys.indices.to_numpy().astype(np.int64), pc.struct_field(pairs, 1), raters)


def _from_lists(lists: pa.Array) -> Ballots:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    row = np.repeat(np.arange(len(lists)), lengths)
    place = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    width = len(str(int(lengths.max(initial=1))))
    raters = tuple(f"{number:0{width}}" for number in range(1, int(lengths.max(initial=0)) + 1))
    return Ballots(row, place, pc.list_flatten(lists), raters, _NAMELESS)


def _from_structs(structs: pa.Array) -> Ballots:
    fields, columns = list(structs.type), structs.flatten()
    if len({column.type for column in columns}) > 1:  # for example, a rater without votes
        columns = [column.cast(pa.string()) for column in columns]
    value = pa.concat_arrays(columns)
    kept = value.is_valid().to_numpy(zero_copy_only=False)
    row = np.tile(np.arange(len(structs)), len(fields))[kept]
    rater = np.repeat(np.arange(len(fields)), len(structs))[kept]
    return Ballots(row, rater, value.drop_null(), tuple(field.name.strip() for field in fields))


def _from_strings(column: pa.ChunkedArray, name: str, given: Collection[str]) -> Ballots:
    cells = column.combine_chunks()
    trimmed = pc.utf8_trim_whitespace(cells)
    cells = pc.if_else(pc.equal(pc.binary_length(trimmed), 0), None, cells)
    says = pc.and_(cells.is_valid(), pc.invert(pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array([*_NOBODY]))))
    start = trimmed.filter(says)[:1].to_pylist()
    if start and is_literal(start[0]):
        return _from_literals(trimmed, name)
    given_labels = pa.array([*given], pa.string())

    def split(mark: str) -> pa.Array:
        return pc.split_pattern(cells, mark)

    def labels(mark: str) -> tuple[int, int]:
        """Count the given labels between the marks, and, without given labels, the pieces."""
        pieces = pc.utf8_trim_whitespace(pc.list_flatten(split(mark)))
        return int(pc.sum(pc.is_in(pieces, value_set=given_labels)).as_py() or 0), len(pieces)

    return _from_lists(split(max(DELIMITERS, key=labels)).cast(pa.large_list(pa.string())))


def _from_literals(cells: pa.Array, name: str) -> Ballots:
    row, rater, values, named = [], [], [], False
    raters: dict[str, int] = {}
    for number, cell in enumerate(cells.to_pylist()):
        if not cell or cell.lower() in _NOBODY:
            continue
        try:
            votes = parse_votes(cell)
        except ValueError as error:
            raise RowError(
                f"Column {name!r}, row {number + 1:,}: {cell[:60]!r} is neither a list of labels nor a mapping"
                f" rater → label, in JSON or as Python prints it: {error}.",
                'Write, for example, ["joy", "love"] or {"ann": "joy", "bob": "love"}.',
            ) from None
        named |= isinstance(votes, dict)
        pairs = votes.items() if isinstance(votes, dict) else ((str(at), vote) for at, vote in enumerate(votes, 1))
        for who, value in pairs:
            row.append(number)
            rater.append(raters.setdefault(who.strip(), len(raters)))
            values.append(value)
    note = None if named else _NAMELESS
    return Ballots(
        np.array(row, np.int64), np.array(rater, np.int64), pa.array(values, pa.string()), tuple(raters), note
    )
