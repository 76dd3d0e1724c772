"""The rows that the models of a fold learn from."""

from __future__ import annotations

import numpy as np

from auditor.arrays import Codes, FoldNumbers, LabelCodes, RowIndex
from auditor.models.folds import trained_on

_MANY, _ENOUGH = 100_000, 50_000
"""A dataset of more rows than the first has a limit on training rows by default: the second."""


def limit(train_rows: int | None, rows: int) -> int:
    """Return the most rows that a model learns from: as configured, by default 50,000 of more than 100,000 rows."""
    return train_rows or (_ENOUGH if rows > _MANY else rows)


def training_rows(
    folds: FoldNumbers, fold: int, labels: LabelCodes, groups: Codes | None, most: int, seed: int
) -> RowIndex:
    """Return the rows that the models of a fold learn from, in order.

    Of more rows than ``most``, the seed draws a sample: whole groups, and of each class its share. Every class keeps at
    least one group, even beyond ``most``, so that the same rows can be judged.

    Parameters
    ----------
    folds : (N,) int16
    fold : int
    labels : (N,) int32
    groups : (N,) int32, optional
        Equal for duplicates.
    most : int
    seed : int
    """
    rows = np.flatnonzero(trained_on(folds, fold))
    if len(rows) <= most:
        return rows
    names, group = np.unique(rows if groups is None else groups[rows], return_inverse=True)
    sizes, counts = np.bincount(group), np.bincount(labels[rows])
    # A group with several labels counts for the rarest of them, which could otherwise be lost.
    by_group = np.lexsort((counts[labels[rows]], group))
    label = labels[rows][by_group[np.cumsum(sizes) - sizes]]
    order = np.lexsort((np.random.default_rng(seed).permutation(len(names)), label))
    first = np.unique(label[order], return_index=True)[1]
    filled = np.cumsum(sizes[order])
    filled -= np.repeat(filled[first] - sizes[order[first]], np.diff(np.append(first, len(order))))
    quota = np.bincount(label, sizes) * most / len(rows)
    chosen = filled <= quota[label[order]]
    chosen[first] = True
    kept = np.isin(group, order[chosen])
    for lost in np.setdiff1d(labels[rows], labels[rows[kept]]):
        kept |= group == group[labels[rows] == lost][0]
    return rows[kept]
