"""The last step of making folds: spread every class over several folds, if possible."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor.arrays import Codes, RowIndex

_MOVES = 10_000
"""Most moves: the best folds are as hard to find as a graph colouring."""
_ATTEMPTS = 20
"""Failed searches after which the remaining classes are considered impossible to spread."""


def repaired(table: Any, fold_of: RowIndex, count: int, seed: int) -> RowIndex:
    """Move groups until no class is pinned to one fold, or no further move helps.

    Each step makes the least harmful move, even if it pins another class, whose groups then move in turn. This is a
    tabu search: no group moves twice between two improvements. After a failure, ties are broken at random.

    Parameters
    ----------
    table : (G, K) scipy.sparse.csr_array
        Rows of each group by class.
    fold_of : (G,) int64
        Fold of each group.
    count : int
        Number of folds.
    seed : int

    Returns
    -------
    (G,) int64
        Fold of each group, with the fewest pinned classes found; the number of folds in use is unchanged.
    """
    placement, chance = _Placement(table, fold_of, count), np.random.default_rng(seed)
    pinned = placement.pinned()
    best, fewest, moved, failures = fold_of, len(pinned), set[int](), 0
    for _ in range(_MOVES):
        if not pinned or failures == _ATTEMPTS:
            break
        moves = next(filter(None, (placement.moves(code, moved) for code in pinned)), [])
        if not moves:
            failures, moved = failures + 1, set()
            continue
        ties = chance.random(len(moves)) if failures else np.zeros(len(moves))
        _, move = min((placement.harm(*move, tie), move) for move, tie in zip(moves, ties.tolist(), strict=True))
        placement.move(*move)
        moved.add(move[0])
        pinned = placement.pinned()
        if len(pinned) < fewest:
            best, fewest, moved, failures = placement.fold_of.copy(), len(pinned), set(), 0
    return best


class _Placement:
    """Groups in folds. A class is pinned if it has several groups, all in one fold."""

    def __init__(self, table: Any, fold_of: RowIndex, count: int) -> None:
        self.fold_of = fold_of.copy()
        self._by_group, self._by_class = table, table.tocsc()
        self._group_rows = table.sum(axis=1)
        self._groups = np.diff(self._by_class.indptr)
        self._held = np.zeros((table.shape[1], count), dtype=np.int64)
        np.add.at(self._held, (table.indices, np.repeat(fold_of, np.diff(table.indptr))), 1)
        self._sizes = np.bincount(fold_of, self._group_rows, minlength=count)

    def _classes(self, group: int) -> Codes:
        start, end = self._by_group.indptr[group : group + 2]
        return np.asarray(self._by_group.indices[start:end])

    def pinned(self) -> list[int]:
        """Return the pinned classes."""
        return np.flatnonzero((self._held.max(axis=1) == self._groups) & (self._groups > 1)).tolist()

    def moves(self, code: int, moved: set[int]) -> list[tuple[int, int]]:
        """Return every unmoved group of the class with every other fold."""
        start, end = self._by_class.indptr[code : code + 2]
        groups = [group for group in self._by_class.indices[start:end].tolist() if group not in moved]
        return [(group, fold) for group in groups for fold in range(len(self._sizes)) if fold != self.fold_of[group]]

    def harm(self, group: int, fold: int, tie: float) -> tuple[float, ...]:
        """Return the change in pinned classes, then the tie-breaker, rows moved, and rows in the fold."""
        classes = self._classes(group)
        groups, held = self._groups[classes], self._held[classes]
        pins = (held[:, fold] + 1 == groups) & (groups > 1)
        unpins = (held[:, self.fold_of[group]] == groups) & (groups > 1)
        return int(pins.sum()) - int(unpins.sum()), tie, int(self._group_rows[group]), float(self._sizes[fold])

    def move(self, group: int, fold: int) -> None:
        """Move a group to a fold."""
        for place, sign in ((self.fold_of[group], -1), (fold, 1)):
            self._held[self._classes(group), place] += sign
            self._sizes[place] += sign * self._group_rows[group]
        self.fold_of[group] = fold
