"""Abstentions: values in a column of votes that are not votes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.data.columns import is_text
from auditor.data.labels.votes import NO_VOTE
from auditor.wording import counted, listed

_LABELS = (types.is_integer, types.is_floating, types.is_boolean)
_MINUS_ONE = re.compile(r"-1(\.0*)?")
_NEGATIVE = re.compile(r"-\d+(\.0*)?")
_WHOLE = re.compile(r"\d+(\.0*)?")
_ENOUGH = 10
"""Fewest votes by which a rater, such as a labelling function, is recognised to use only one label."""


@dataclass(frozen=True)
class Cast:
    """The votes cast: V values of a column, null for abstentions.

    Attributes
    ----------
    values : pyarrow.ChunkedArray
    spellings : tuple of str
        Spellings of the abstentions, without blanks.
    words : int
        Number of abstentions with one of these spellings.
    doubt : str or None
        A sentence about values that may be abstentions but are read as labels.
    """

    values: pa.ChunkedArray
    spellings: tuple[str, ...] = ()
    words: int = 0
    doubt: str | None = None

    def note(self, number: int) -> str:
        """Return a sentence on how many values are not votes, including blanks."""
        how = [*map(repr, self.spellings), *(["blank"] if number > self.words else [])]
        verb = "is not counted as a vote" if number == 1 else "are not counted as votes"
        return f"{counted(number, 'abstention')} ({listed(how)}) {verb}."


def without_abstentions(
    column: pa.ChunkedArray, raters: pa.Array | pa.ChunkedArray, given: Collection[str] | None = None
) -> Cast:
    """Remove abstentions: words such as ``abstain`` and ``nan``, and the -1 of labelling functions.

    A word that is also a given label is a vote for it. Without given labels, ``none`` is a vote if it is capitalised
    like the other labels (*racism*, *sexism*, *none*). -1 is a vote if the other labels are 0, 1 or both, which form a
    scale with it, unless most raters use only one other label.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        (V,) strings, numbers or booleans, dictionary-encoded or not.
    raters : pyarrow array
        (V,) rater of each value, of any type.
    given : collection of str, optional
        The given labels, as names and as numbers.
    """
    decoded = column.cast(column.type.value_type) if types.is_dictionary(column.type) else column
    if types.is_floating(column.type):
        column = decoded = pc.if_else(pc.is_nan(column), None, column)
    if not (is_text(decoded.type) or any(is_such(decoded.type) for is_such in _LABELS)):
        return Cast(column)  # encode_labels will refuse such values
    spelled = {value: _spelled(value) for value in pc.unique(decoded).to_pylist() if value is not None}
    spellings = {spelling for spelling in spelled.values() if spelling}
    doubt = None
    if given is not None:
        none = _none_of(spellings, given)
    else:
        none = {word for word in spellings if word.casefold() in NO_VOTE and not _is_label(word, spellings)}
        minus, others = _split_negative(spellings - none)
        if minus and (not others <= {"0", "1"} or (len(others) == 2 and _use_single_label(decoded, raters, spelled))):
            none |= minus
        elif minus and others:
            doubt = (
                f"-1 is read as a label, beside {listed(sorted(others))}; if it means no vote, leave the cell empty."
            )
    if not none:
        return Cast(column, doubt=doubt)
    out = pa.array([value for value, spelling in spelled.items() if spelling in none], decoded.type)
    words = int(pc.sum(pc.is_in(decoded, value_set=out)).as_py() or 0)
    return Cast(_without(column, decoded, out), tuple(sorted(none)), words, doubt)


def _spelled(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value).strip()


def _none_of(spellings: Iterable[str], given: Collection[str]) -> set[str]:
    """Select the spellings that are abstentions, given the labels."""
    labels = {label.casefold() for label in given}
    below_zero = any(_NEGATIVE.fullmatch(label) for label in given)
    return {
        word
        for word in spellings
        if word.casefold() not in labels
        and (word.casefold() in NO_VOTE or (not below_zero and _MINUS_ONE.fullmatch(word)))
    }


def _is_label(word: str, spellings: Collection[str]) -> bool:
    """Return whether a word for "no vote" is a label here: ``none`` capitalised like others, ``-`` beside ``+``."""
    if word == "-":
        return "+" in spellings
    others = (other for other in spellings if other.casefold() not in NO_VOTE)
    return word.casefold() == "none" and any(_case(other) == _case(word) for other in others)


def _case(word: str) -> str:
    if not word[:1].isalpha():
        return "none"
    return "lower" if word[0].islower() else "upper" if len(word) > 1 and word.isupper() else "title"


def _split_negative(spellings: Collection[str]) -> tuple[set[str], set[str]]:
    """Return the spellings of -1 (none if there are other negative numbers), and the other labels."""
    minus = {spelling for spelling in spellings if _MINUS_ONE.fullmatch(spelling)}
    others = {label.split(".")[0] if _WHOLE.fullmatch(label) else label for label in {*spellings} - minus}
    return (set(), others) if any(_NEGATIVE.fullmatch(label) for label in others) else (minus, others)


def _use_single_label(column: pa.ChunkedArray, raters: pa.Array | pa.ChunkedArray, spelled: dict[Any, str]) -> bool:
    """Return whether most raters with enough votes use -1 and only one other label."""
    pairs = pa.table([raters, column], ["rater", "value"])
    used: dict[Any, set[str]] = defaultdict(set)
    votes: dict[Any, int] = defaultdict(int)
    for pair in pairs.group_by(["rater", "value"]).aggregate([([], "count_all")]).to_pylist():
        if label := spelled.get(pair["value"]):
            used[pair["rater"]].add(label.split(".")[0])
            votes[pair["rater"]] += pair["count_all"]
    often = [labels for rater, labels in used.items() if votes[rater] >= _ENOUGH and labels != {"-1"}]
    return 2 * sum("-1" in labels and len(labels & {"0", "1"}) == 1 for labels in often) > len(often)


def _without(column: pa.ChunkedArray, decoded: pa.ChunkedArray, out: pa.Array) -> pa.ChunkedArray:
    if not types.is_dictionary(column.type):
        return pc.if_else(pc.is_in(column, value_set=out), pa.scalar(None, column.type), column)
    values: Sequence[Any] = column.unify_dictionaries().chunk(0).dictionary if column.num_chunks else out
    kept = pc.filter(values, pc.invert(pc.is_in(values, value_set=out)))
    places = pc.index_in(decoded, value_set=kept)
    chunks = [pa.DictionaryArray.from_arrays(chunk, kept) for chunk in places.chunks]
    return pa.chunked_array(chunks, pa.dictionary(pa.int32(), kept.type))
