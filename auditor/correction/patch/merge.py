"""Merge: combine the patches of several people, and find the changes that contradict each other.

For example, three patches of one dataset, each with a change of the row ``train-7``, given label *joy*:

    ann  joy → love       bob  joy → love       one change, with the reviewers ann and bob
    ann  joy → love       cy   joy → anger      a conflict: neither change is made
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from auditor.correction.patch.patch import Change


@dataclass(frozen=True)
class Conflict:
    """Changes that treat the same row, or indistinguishable rows, differently. None of them is made.

    Attributes
    ----------
    changes : tuple of Change
        Two or more changes, at least two of which differ in ``new``.
    """

    changes: tuple[Change, ...]


def merge(patches: Iterable[Sequence[Change]]) -> tuple[tuple[Change, ...], tuple[Conflict, ...]]:
    """Combine patches. Their order does not matter.

    If several patches change a row in the same way, the change lists all their reviewers and the latest verdict.

    Parameters
    ----------
    patches : iterable of sequence of Change

    Returns
    -------
    changes : tuple of Change
        Changes in the order of splits and ids.
    conflicts : tuple of Conflict
    """
    given = [change for patch in patches for change in patch]
    by_row = _unite(given, lambda change: (change.split, change.id, change.hash, change.new))
    # A row with a unique text is the same row in every version, whatever its id.
    changes = _unite(
        by_row, lambda change: (change.hash, change.new, None if _capacity(change) == 1 else (change.split, change.id))
    )
    changes.sort(key=_order)
    conflicts = _conflicts(changes)
    disputed = {id(change) for conflict in conflicts for change in conflict.changes}
    return tuple(change for change in changes if id(change) not in disputed), conflicts


def _conflicts(changes: Sequence[Change]) -> tuple[Conflict, ...]:
    """Find groups of contradicting changes. Each change is in one group at most.

    Patches of two versions of a dataset may use two ids for one row. This shows when they change more rows of a text
    and label than exist:

        version 1: train-7 "so sad" joy → love      one row has this text and label,
        version 2: train-8 "so sad" joy → anger     yet two are changed: a conflict
    """
    found: list[Conflict] = []
    disputed: set[int] = set()
    for key, capacity in _SAME_ROW:
        groups = defaultdict(list)
        for change in changes:
            if id(change) not in disputed:
                groups[key(change)].append(change)
        for group in groups.values():
            rows = len({(change.split, change.id) for change in group})
            differ = len({change.new for change in group}) > 1
            if differ and (capacity is None or rows > max(map(capacity, group))):
                found.append(Conflict(tuple(group)))
                disputed.update(map(id, group))
    return tuple(sorted(found, key=lambda conflict: _order(conflict.changes[0])))


def _unite(changes: Iterable[Change], key: Callable[[Change], Hashable]) -> list[Change]:
    """Combine changes with the same key into one."""
    groups = defaultdict(list)
    for change in changes:
        groups[key(change)].append(change)
    return [_united(group) for group in groups.values()]


def _united(changes: Sequence[Change]) -> Change:
    if len(changes) == 1:
        return changes[0]
    last = max(changes, key=lambda change: (*_moment(change.decided_at), change.verdict or "", _order(change)))
    return last.model_copy(
        update={
            "reviewers": tuple(sorted({name for change in changes for name in change.reviewers})),
            "new_class": any(change.new_class for change in changes),
            "copies": _largest(change.copies for change in changes),
            "copies_elsewhere": _largest(change.copies_elsewhere for change in changes),
        }
    )


def _capacity(change: Change) -> int:
    """Count the rows with the change's text and label, in all splits."""
    return change.copies[change.old] + change.copies_elsewhere.get(change.old, 0)


def _largest(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    largest = reduce(or_, map(Counter[str], counts))
    return dict(sorted(largest.items()))


def _moment(at: datetime | None) -> tuple[bool, str]:
    return at is not None, "" if at is None else at.isoformat(timespec="microseconds")


def _order(change: Change) -> tuple[Any, ...]:
    """Return a sort key: split, then id with its numbers compared as numbers, then the rest."""
    words = tuple((0, int(word), "") if word.isdecimal() else (1, 0, word) for word in _DIGITS.split(change.id))
    return change.split, words, change.id, change.hash, change.text_hash, change.new is not None, change.new or ""


_DIGITS = re.compile(r"([0-9]{1,18})")
_SAME_ROW: tuple[tuple[Callable[[Change], Hashable], Callable[[Change], int] | None], ...] = (
    (lambda change: (change.text_hash, change.old), _capacity),
    (lambda change: (change.text_hash, change.old, change.split), lambda change: change.copies[change.old]),
    (lambda change: (change.split, change.id, change.hash), None),
)
"""Keys of changes that may concern the same row, and the number of such rows; None for a single row."""
