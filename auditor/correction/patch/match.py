"""Match: which row of a dataset, as it is now, a change is about.

A row is known by its id, if it still has the text that was judged, else by its text. Ids that were made of row numbers
move when rows come and go, and a text may stand there several times, of which one alone was judged. So a change also
says which labels the rows with its text had: a row among several like it is known only when all of them change alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Literal

from auditor.correction.patch.patch import Change
from auditor.correction.patch.places import Places, Row, find_places
from auditor.data import LabeledTexts

Why = Literal["text changed", "label changed", "row gone", "several rows", "new class"]
"""Why a change does not fit: its row has another text, or another label, than was judged; it is not there any more;
several rows have its text, and there is no telling which of them was judged; the dataset lacks the new class."""


@dataclass(frozen=True)
class Match:
    """What a change comes to.

    Attributes
    ----------
    change : Change
    row : int or None
        The row that is to be changed.
    why : str or None
        Why the change does not fit. None with no ``row``: it is made already.
    now : str or None
        Where the label has changed, what it is now, if that is known.
    """

    change: Change
    row: int | None = None
    why: Why | None = None
    now: str | None = None


def match(changes: Sequence[Change], texts: LabeledTexts) -> list[Match]:
    """Find the row of each change.

    Parameters
    ----------
    changes : sequence of Change
        Free of conflicts, in the order of :func:`auditor.correction.patch.merge.merge`.
    texts : LabeledTexts

    Returns
    -------
    list of Match
        One for each change, in the order of ``changes``; no row in two of them.
    """
    places = find_places(changes, texts)
    groups = defaultdict(list)
    for change in changes:
        groups[change.text_hash].append(change)
    found: dict[int, Match] = {}
    for key, group in groups.items():
        found |= {id(one.change): one for one in _match_text(group, places.by_text.get(key, []), places)}
    return [found[id(change)] for change in changes]


def _match_text(changes: Sequence[Change], rows: Sequence[Row], places: Places) -> list[Match]:
    """Match the changes of one text with the rows that have it: by id, then split by split."""
    found, groups = [], defaultdict(list)
    free = {row.row: row for row in rows}
    for change in changes:
        row = None if places.made else free.get(places.by_id.get(change.id, -1))
        if row is not None:
            found.append(_at(change, row))
        elif places.known and change.new is None:  # a copy of a row that was left out may well stay
            found.append(_gone(change, rows, places))
        else:
            groups[change.split].append(change)
    for one in found:
        free.pop(places.by_id.get(one.change.id, -1), None)
    whole = [change for group in groups.values() for change in group]
    before = _copies(whole, found, everywhere=True)
    if places.renamed or _is_done(whole, list(free.values()), before):
        return [*found, *_match_copies(whole, list(free.values()), before, places)]
    for split, group in groups.items():
        own = [row for row in free.values() if row.split == split]
        if not own:  # they may have moved to another split, unless they were there already
            found += [_gone(change, rows, places) for change in group if change.new is None or change.copies_elsewhere]
            group = [change for change in group if change.new is not None and not change.copies_elsewhere]
            own = list(free.values())
        found += _match_copies(group, own, _copies(group, found), places)
    return found


def _copies(changes: Sequence[Change], settled: Sequence[Match], *, everywhere: bool = False) -> Counter[str]:
    """Labels that the rows with the text had, without those whose changes are settled."""
    counts = (Counter(one.copies) + Counter(one.copies_elsewhere if everywhere else {}) for one in changes)
    splits = {change.split for change in changes}
    done = Counter(one.change.old for one in settled if everywhere or one.change.split in splits)
    return reduce(or_, counts, Counter[str]()) - done


def _after(changes: Sequence[Change], before: Counter[str]) -> Counter[str]:
    """Labels of the rows once the changes are made; a count below zero where they do not fit."""
    after = Counter(before)
    after.subtract(change.old for change in changes)
    after.update(change.new for change in changes if change.new is not None)
    return after


def _is_done(changes: Sequence[Change], rows: Sequence[Row], before: Counter[str]) -> bool:
    """Whether the rows look as they do after the changes, and did not look so before."""
    return bool(rows) and Counter(row.label for row in rows) == _after(changes, before) != before


def _match_copies(changes: Sequence[Change], rows: Sequence[Row], before: Counter[str], places: Places) -> list[Match]:
    """Match changes with the rows of the same text whose labels were ``before``, and of which no id is certain."""
    if _is_done(changes, rows, before):
        return [Match(change) for change in changes]
    likely = _likely_rows(changes, rows, before, places)
    found = [_at(change, likely[id(change)]) for change in changes if id(change) in likely]
    taken = {row.row for row in likely.values()}
    free = [row for row in rows if row.row not in taken]
    before = before - Counter(one.change.old for one in found)
    rest = defaultdict(list)
    for change in changes:
        if id(change) not in likely:
            rest[change.old].append(change)
    fed = {change.new for change in changes}
    for group in rest.values():
        found += _match_alike(group, free, before, places, fed)
    return found


def _likely_rows(
    changes: Sequence[Change], rows: Sequence[Row], before: Counter[str], places: Places
) -> dict[int, Row]:
    """Find the rows that have a change's made id, and its text, unless they may be copies of the one that was judged.

    Returns
    -------
    dict of int to Row
        By the change's identity.
    """
    now, fed = Counter(row.label for row in rows), {change.new for change in changes}
    by_row = {row.row: row for row in rows}
    at = [(change, by_row[places.row_of(change)]) for change in changes if places.row_of(change) in by_row]
    if _after(changes, before) == before:  # the rows trade their labels: either all of them have done so, or none
        sides = {row.label == change.new for change, row in at if row.label in (change.old, change.new)}
        is_clear = now == before and len(at) == len(changes) and len(sides) == 1
        return {id(change): row for change, row in at} if is_clear else {}
    return {
        id(change): row
        for change, row in at
        if (row.label == change.new and now[row.label] > before[row.label])
        or (
            row.label == change.old
            and (now == before or (now >= before and change.new is not None and change.old not in fed))
        )
    }


def _match_alike(
    changes: Sequence[Change], rows: Sequence[Row], before: Counter[str], places: Places, fed: Collection[str | None]
) -> list[Match]:
    """Match changes of one label with all rows that have it; ``fed`` are the labels that changes bring."""
    old, new = changes[0].old, {change.new for change in changes}
    own = [row.row for row in rows if row.label == old]
    if not own:
        return [_missing(change, rows, before, places) for change in changes]
    all_alike = len(new) == 1 and len(changes) >= before[old] and len(changes) >= len(own) and old not in fed
    if not all_alike or _came(rows, before) & new:  # what has come since may be what was judged, changed already
        return [Match(change, why="several rows") for change in changes]
    missing = (_missing(change, rows, before, places) for change in changes[len(own) :])
    return [*(Match(change, row) for change, row in zip(changes, own, strict=False)), *missing]


def _came(rows: Sequence[Row], before: Counter[str]) -> set[str]:
    """Labels that more rows have than before."""
    return set(Counter(row.label for row in rows) - before)


def _at(change: Change, row: Row) -> Match:
    if row.label == change.new:
        return Match(change)
    return Match(change, row.row) if row.label == change.old else Match(change, None, "label changed", row.label)


def _gone(change: Change, rows: Sequence[Row], places: Places) -> Match:
    """The row is not among those that have the text: it is somewhere with another, or nowhere."""
    if places.is_edited(change):
        return Match(change, why="text changed")
    is_done = change.new is None and not any(row.label == change.old for row in rows)
    return Match(change) if is_done else Match(change, why="row gone")


def _missing(change: Change, rows: Sequence[Row], before: Counter[str], places: Places) -> Match:
    """No row with the text has the label that was judged."""
    came = _came(rows, before) - {change.old}
    if change.new in came:
        return Match(change)
    if came:
        return Match(change, None, "label changed", came.pop() if len(came) == 1 else None)
    return _gone(change, rows, places)
