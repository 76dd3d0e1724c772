"""Votes in the row of their text: in one column, or in one column per rater, with or without a given label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.types as types

from auditor.arrays import Codes
from auditor.data.columns import Columns
from auditor.data.formats.tables.metadata import class_names
from auditor.data.labels.abstentions import Cast, without_abstentions
from auditor.data.labels.ballots import Ballots, column_of_votes, columns_of_raters
from auditor.data.labels.column import Labels, Value, encode_labels
from auditor.data.labels.votes import Votes, majority, tie_notes
from auditor.data.source import Part
from auditor.errors import ColumnError
from auditor.wording import counted, listed

_NAME_THEM = "Choose the column of votes with --votes, or the raters' columns, separated by commas."


@dataclass(frozen=True)
class _Read:
    """Ballots, the votes cast, and their labels."""

    ballots: Ballots
    cast: Cast
    labels: Labels


def votes_in_rows(
    original: pa.Table, parts: Sequence[Part], columns: Columns, labels: Labels, missing: Sequence[str] = ()
) -> tuple[Votes, Labels]:
    """Read the votes on N rows that have a given label.

    Parameters
    ----------
    original : pyarrow.Table
        N rows: all parts, concatenated.
    parts : sequence of Part
        Source of class names in ``datasets`` features; with them, votes may be names or numbers.
    columns : Columns
    labels : Labels
        The given labels.
    missing : sequence of str
        Labels that mean "no label".

    Returns
    -------
    votes : Votes
    labels : Labels
        The given labels; classes that occur only in votes come last. Its notes are those of the votes.

    Raises
    ------
    ColumnError
        If the columns contain something else, no vote, or labels that are not classes.
    RowError
        If a cell looks like a list or a mapping but cannot be read.
    """
    names = class_names(parts, columns.label)
    found = _read(original, parts, columns, labels, names, missing)
    place, labels, new = _match(found.labels, labels, names, columns)
    votes = _votes(found, place)
    notes = _notes(found, votes, columns)
    if without := original.num_rows - len(np.unique(votes.row)):
        notes.append(f"{counted(without, 'row')} without a vote, where only the models judge the given label.")
    if new:
        notes.append(f"Only in votes, never given: {listed(list(map(repr, new)))}. They are classes without rows.")
    return votes, replace(labels, notes=tuple(notes))


def labels_of_votes(
    original: pa.Table, parts: Sequence[Part], columns: Columns, missing: Sequence[str] = ()
) -> tuple[Votes, Labels, pa.ChunkedArray]:
    """Read the votes on N rows without given labels; the given label is the majority label.

    Returns
    -------
    votes : Votes
    labels : Labels
        Labels of N rows; null without a vote.
    column : pyarrow.ChunkedArray
        (N,) label of each row, as a column for the source: whole numbers if the votes are, else strings.

    Raises
    ------
    ColumnError, RowError
        As :func:`votes_in_rows` does.
    """
    found = _read(original, parts, columns, None, None, missing)
    votes = _votes(found, np.arange(len(found.labels.names), dtype=np.int32))
    names, rows = found.labels.names, original.num_rows
    code, tied = majority(votes, rows, len(names))
    numbers = types.is_integer(found.ballots.value.type)
    values: tuple[Value, ...] = tuple(map(int, names)) if numbers else names
    codes = pa.array(code, pa.int32(), mask=code < 0)
    column = pa.array(values, pa.int64() if numbers else pa.string()).take(codes)
    notes = _notes(found, votes, columns)
    notes.append(f"No column has labels: the given label is the majority label, in a new column {columns.label!r}.")
    notes += tie_notes(tied)
    return votes, Labels(pa.chunked_array([codes]), names, values, tuple(notes)), pa.chunked_array([column])


def _read(
    original: pa.Table,
    parts: Sequence[Part],
    columns: Columns,
    labels: Labels | None,
    names: Sequence[str] | None,
    missing: Sequence[str],
) -> _Read:
    given = {*labels.names, *map(str, labels.values)} if labels else None
    if len(columns.votes) == 1:
        ballots = column_of_votes(original[columns.votes[0]], columns.votes[0], given or ())
    else:
        ballots = columns_of_raters(original, {name: class_names(parts, name) for name in columns.votes})
    cast = without_abstentions(pa.chunked_array([ballots.value]), pa.array(ballots.rater), given)
    found = encode_labels(cast.values, ", ".join(columns.votes), names, missing)
    if found.codes.null_count == len(found.codes):
        raise ColumnError(f"{_subject(columns)} no votes.", _NAME_THEM)
    return _Read(ballots, cast, found)


def _votes(found: _Read, place: Codes) -> Votes:
    ballots, codes = found.ballots, found.labels.codes.combine_chunks()
    is_vote = codes.is_valid().to_numpy(zero_copy_only=False)
    label = place[codes.fill_null(0).to_numpy(zero_copy_only=False)]
    return Votes.encoded(ballots.row[is_vote], ballots.rater[is_vote], ballots.raters, label[is_vote])


def _notes(found: _Read, votes: Votes, columns: Columns) -> list[str]:
    notes = [
        *found.labels.notes,
        f"{counted(len(votes), 'vote')} of {counted(len(votes.raters), 'rater')} in {_columns(columns)}.",
    ]
    if none := found.labels.codes.null_count:
        notes.append(found.cast.note(none))
    return [*notes, *filter(None, (found.ballots.note, found.cast.doubt, votes.doubt))]


def _columns(columns: Columns) -> str:
    names = listed(list(map(repr, columns.votes)))
    return f"column {names}" if len(columns.votes) == 1 else f"columns {names}"


def _subject(columns: Columns) -> str:
    return f"C{_columns(columns)[1:]} {'has' if len(columns.votes) == 1 else 'have'}"


def _match(
    found: Labels, labels: Labels, class_names: Sequence[str] | None, columns: Columns
) -> tuple[Codes, Labels, list[str]]:
    """Return each voted label's code among the given labels; labels that are not given become new classes."""
    codes: dict[str, int] = {label: code for code, label in enumerate(labels.names)}
    numbers = {str(value): code for code, value in enumerate(labels.values)} if class_names is not None else {}
    if numbers and codes.keys().isdisjoint(found.names):
        codes = numbers
    new = [label for label in found.names if label not in codes]
    values = [_value(label, labels.values) for label in new]
    if len(new) == len(found.names) or (class_names is not None and new) or None in values:
        votes, classes = (listed([repr(label) for label in names]) for names in (new, labels.names))
        raise ColumnError(
            f"{_subject(columns)} votes for {votes}, which {'is' if len(new) == 1 else 'are'} not among the given"
            f" labels: {classes}.",
            "Choose the columns with --votes and --label, correct the votes, or use the majority label: --label ''.",
        )
    place = np.array([codes.get(label, -1) for label in found.names], dtype=np.int32)
    place[place < 0] = len(labels.names) + np.arange(len(new), dtype=np.int32)
    made = tuple(value for value in values if value is not None)
    return place, replace(labels, names=(*labels.names, *new), values=(*labels.values, *made)), new


def _value(label: str, values: Sequence[Value]) -> Value | None:
    """Return a new class's value in the label column; None if there is no valid value."""
    if all(isinstance(value, str) for value in values):
        return label
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    return int(label) if whole and label.lstrip("+-").isdecimal() else None
