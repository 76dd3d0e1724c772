"""Match: find the row of a dataset, as it is now, that a change concerns.

A row is identified by its id if it still has the text that was judged, otherwise by its text. Ids made from row numbers
shift when rows are added or removed, and a text may occur several times although only one row was judged. So a change
also records the labels of all rows with its text: one of several equal rows is identified only if all change alike.

    labels of "so sad" in the patch    now              change joy → love
    joy                                joy              that row
    joy, joy                           joy, joy         several rows, unless both change
    joy, anger                         love, anger      made already
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

Reason = Literal["text changed", "label changed", "row gone", "several rows", "row unclear", "new class"]
"""Reasons why a change does not fit: its row has another text or label than was judged, or no longer exists; several
rows have its text, and it is unknown which one was judged; several rows had it, and it is unknown whether the one that
is left was judged; the dataset lacks the new class."""


@dataclass(frozen=True)
class Match:
    """Result of matching a change.

    Attributes
    ----------
    change : Change
    row : int or None
        Row to change.
    why : str or None
        Reason why the change does not fit. None without a ``row`` means that it is made already.
    now : str or None
        Current label if the label has changed, where known.
    """

    change: Change
    row: int | None = None
    why: Reason | None = None
    now: str | None = None


def match(changes: Sequence[Change], texts: LabeledTexts) -> list[Match]:
    """Find the row of each change.

    Parameters
    ----------
    changes : sequence of Change
        Changes without conflicts, in the order of :func:`auditor.correction.patch.merge.merge`.
    texts : LabeledTexts

    Returns
    -------
    list of Match
        One match per change, in their order. No row is in two of them.
    """
    places = find_places(changes, texts)
    groups = defaultdict(list)
    for change in changes:
        groups[change.text_hash].append(change)
    found: dict[int, Match] = {}
    for key, group in groups.items():
        found |= {id(matched.change): matched for matched in _match_text(group, places.by_text.get(key, []), places)}
    return [found[id(change)] for change in changes]


def _match_text(changes: Sequence[Change], rows: Sequence[Row], places: Places) -> list[Match]:
    """Match the changes of one text with the rows that have it: by id, then split by split."""
    found, groups = [], defaultdict(list)
    free = {row.row: row for row in rows}
    for change in changes:
        row = None if places.generated_ids else free.get(places.by_id.get(change.id, -1))
        if row is not None:
            found.append(_match_at(change, row))
        elif places.reliable_ids and change.new is None:  # a copy of the removed row may remain
            found.append(_match_removed(change, rows, places))
        else:
            groups[change.split].append(change)
    for matched in found:
        free.pop(places.by_id.get(matched.change.id, -1), None)
    undecided = [change for group in groups.values() for change in group]
    before = _copies(undecided, found, everywhere=True)
    if places.renamed or _is_done(undecided, list(free.values()), before):
        return [*found, *_match_copies(undecided, list(free.values()), before, places)]
    for split, group in groups.items():
        own = [row for row in free.values() if row.split == split]
        if not own:  # rows may have moved to another split, unless copies were there before
            removed = [change for change in group if change.new is None or change.copies_elsewhere]
            found += [_match_removed(change, rows, places) for change in removed]
            group = [change for change in group if change.new is not None and not change.copies_elsewhere]
            own = list(free.values())
        found += _match_copies(group, own, _copies(group, found), places)
    return found


def _copies(changes: Sequence[Change], settled: Sequence[Match], *, everywhere: bool = False) -> Counter[str]:
    """Count the original labels of the rows with the text, without those of settled changes."""
    counts = (Counter(change.copies) + Counter(change.copies_elsewhere if everywhere else {}) for change in changes)
    splits = {change.split for change in changes}
    done = Counter(matched.change.old for matched in settled if everywhere or matched.change.split in splits)
    return reduce(or_, counts, Counter[str]()) - done


def _after(changes: Sequence[Change], before: Counter[str]) -> Counter[str]:
    """Count the labels after the changes. A count below zero means that they do not fit."""
    after = Counter(before)
    after.subtract(change.old for change in changes)
    after.update(change.new for change in changes if change.new is not None)
    return after


def _is_done(changes: Sequence[Change], rows: Sequence[Row], before: Counter[str]) -> bool:
    """Return whether the rows have the labels expected after the changes, and differ from those before."""
    return bool(rows) and Counter(row.label for row in rows) == _after(changes, before) != before


def _match_copies(changes: Sequence[Change], rows: Sequence[Row], before: Counter[str], places: Places) -> list[Match]:
    """Match changes with the rows of their text by labels, since ids are uncertain. Labels were ``before``."""
    if _is_done(changes, rows, before):
        return [Match(change) for change in changes]
    likely = _likely_rows(changes, rows, before, places)
    found = [_match_at(change, likely[id(change)]) for change in changes if id(change) in likely]
    taken = {row.row for row in likely.values()}
    free = [row for row in rows if row.row not in taken]
    before = before - Counter(matched.change.old for matched in found)
    rest = defaultdict(list)
    for change in changes:
        if id(change) not in likely:
            rest[change.old].append(change)
    brought = {change.new for change in changes}
    for group in rest.values():
        found += _match_alike(group, free, before, places, brought)
    return found


def _likely_rows(
    changes: Sequence[Change], rows: Sequence[Row], before: Counter[str], places: Places
) -> dict[int, Row]:
    """Find the rows with a change's generated id and text, unless they may be copies of the judged row.

    Returns
    -------
    dict of int to Row
        Rows by ``id()`` of the change.
    """
    now, brought = Counter(row.label for row in rows), {change.new for change in changes}
    by_row = {row.row: row for row in rows}
    at = [(change, by_row[places.row_of(change)]) for change in changes if places.row_of(change) in by_row]
    if _after(changes, before) == before:  # the rows swap labels: either all have done so, or none
        sides = {row.label == change.new for change, row in at if row.label in (change.old, change.new)}
        is_clear = now == before and len(at) == len(changes) and len(sides) == 1
        return {id(change): row for change, row in at} if is_clear else {}
    return {
        id(change): row
        for change, row in at
        if (row.label == change.new and now[row.label] > before[row.label])
        or (
            row.label == change.old
            and (now == before or (now >= before and change.new is not None and change.old not in brought))
        )
    }


def _match_alike(
    changes: Sequence[Change],
    rows: Sequence[Row],
    before: Counter[str],
    places: Places,
    brought: Collection[str | None],
) -> list[Match]:
    """Match changes of one label with the rows that have it. ``brought`` are the new labels of the changes."""
    old, new = changes[0].old, {change.new for change in changes}
    own = [row.row for row in rows if row.label == old]
    if not own:
        return [_match_missing(change, rows, before, places) for change in changes]
    all_alike = len(new) == 1 and len(changes) >= before[old] and len(changes) >= len(own) and old not in brought
    if not all_alike or _added_labels(rows, before) & new:  # a label added since may belong to a change made already
        why: Reason = "several rows" if len(rows) > 1 else "row unclear"
        return [Match(change, why=why) for change in changes]
    missing = (_match_missing(change, rows, before, places) for change in changes[len(own) :])
    return [*(Match(change, row) for change, row in zip(changes, own, strict=False)), *missing]


def _added_labels(rows: Sequence[Row], before: Counter[str]) -> set[str]:
    """Return the labels that more rows have than before."""
    return set(Counter(row.label for row in rows) - before)


def _match_at(change: Change, row: Row) -> Match:
    if row.label == change.new:
        return Match(change)
    return Match(change, row.row) if row.label == change.old else Match(change, None, "label changed", row.label)


def _match_removed(change: Change, rows: Sequence[Row], places: Places) -> Match:
    """Match a change whose row no longer has the text: the row was edited or removed."""
    if places.is_edited(change):
        return Match(change, why="text changed")
    is_done = change.new is None and not any(row.label == change.old for row in rows)
    return Match(change) if is_done else Match(change, why="row gone")


def _match_missing(change: Change, rows: Sequence[Row], before: Counter[str], places: Places) -> Match:
    """Match a change although no row with the text has the judged label."""
    added = _added_labels(rows, before) - {change.old}
    if change.new in added:
        return Match(change)
    if added:
        return Match(change, None, "label changed", added.pop() if len(added) == 1 else None)
    return _match_removed(change, rows, places)
