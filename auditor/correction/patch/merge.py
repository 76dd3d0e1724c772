"""Merge: the patches of several people into one, as far as they do not contradict each other."""

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
    """Changes that make different things of the same row, or of rows that cannot be told apart; none is made.

    Attributes
    ----------
    changes : tuple of Change
        Two or more, of which at least two differ in ``new``.
    """

    changes: tuple[Change, ...]


def merge(patches: Iterable[Sequence[Change]]) -> tuple[tuple[Change, ...], tuple[Conflict, ...]]:
    """Bring patches together; their order does not matter.

    A row that several patches change alike has the reviewers of all of them, and the latest verdict.

    Parameters
    ----------
    patches : iterable of sequence of Change

    Returns
    -------
    changes : tuple of Change
        In the order of splits and ids.
    conflicts : tuple of Conflict
    """
    given = [change for patch in patches for change in patch]
    by_row = _unite(given, lambda change: (change.split, change.id, change.hash, change.new))
    # The only row with a text is the same row in every version, whatever its id is there.
    changes = _unite(
        by_row, lambda change: (change.hash, change.new, None if _room(change) == 1 else (change.split, change.id))
    )
    changes.sort(key=_order)
    conflicts = _conflicts(changes)
    disputed = {id(change) for conflict in conflicts for change in conflict.changes}
    return tuple(change for change in changes if id(change) not in disputed), conflicts


def _conflicts(changes: Sequence[Change]) -> tuple[Conflict, ...]:
    """Find what contradicts, each change once.

    Patches of two versions of a dataset may call one row by two ids. That shows when more rows with the same text and
    label are changed than there are.
    """
    found: list[Conflict] = []
    disputed: set[int] = set()
    for key, there in _SAME:
        groups = defaultdict(list)
        for change in changes:
            if id(change) not in disputed:
                groups[key(change)].append(change)
        for group in groups.values():
            rows = len({(change.split, change.id) for change in group})
            differ = len({change.new for change in group}) > 1
            if differ and (there is None or rows > max(map(there, group))):
                found.append(Conflict(tuple(group)))
                disputed.update(map(id, group))
    return tuple(sorted(found, key=lambda conflict: _order(conflict.changes[0])))


def _unite(changes: Iterable[Change], key: Callable[[Change], Hashable]) -> list[Change]:
    """Make one change of those with the same key."""
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
            "copies": _most(change.copies for change in changes),
            "copies_elsewhere": _most(change.copies_elsewhere for change in changes),
        }
    )


def _room(change: Change) -> int:
    """Rows with the text and the label, in all splits."""
    return change.copies[change.old] + change.copies_elsewhere.get(change.old, 0)


def _most(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    most = reduce(or_, map(Counter[str], counts))
    return dict(sorted(most.items()))


def _moment(at: datetime | None) -> tuple[bool, str]:
    return at is not None, "" if at is None else at.isoformat(timespec="microseconds")


def _order(change: Change) -> tuple[Any, ...]:
    """By split, then by id, the numbers in it as numbers; by what is left when these are the same."""
    words = tuple((0, int(word), "") if word.isdecimal() else (1, 0, word) for word in _DIGITS.split(change.id))
    return change.split, words, change.id, change.hash, change.text_hash, change.new is not None, change.new or ""


_DIGITS = re.compile(r"([0-9]{1,18})")
_SAME: tuple[tuple[Callable[[Change], Hashable], Callable[[Change], int] | None], ...] = (
    (lambda change: (change.text_hash, change.old), _room),
    (lambda change: (change.text_hash, change.old, change.split), lambda change: change.copies[change.old]),
    (lambda change: (change.split, change.id, change.hash), None),
)
"""What may be the same row, and how many such rows there are; None: it is one row."""
