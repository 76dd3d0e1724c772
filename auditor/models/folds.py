"""Folds that keep duplicates together and leave rows of every class to learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array

from auditor.arrays import Codes, Counts, FoldNumbers, LabelCodes, Mask, RowIndex
from auditor.errors import InputError
from auditor.models.repair import repaired
from auditor.wording import counted

ALWAYS_TRAINED_ON = -1
"""Fold number of rows that are always trained on and never judged."""
LEFT_OUT = -2
"""Fold number of rows that are neither trained on nor judged."""


def make_folds(labels: LabelCodes, groups: Codes, count: int, seed: int) -> FoldNumbers:
    """Make stratified folds that never split a group.

    Groups are assigned from largest to smallest, each to the fold with the smallest share of the group's classes, then
    to the one with the fewest rows. A class whose groups are all in one fold cannot be learned when that fold is held
    out. Groups are therefore moved until every class with several groups is in several folds, if the other classes
    permit; :func:`judgeable` returns the rows that can be judged.

    scikit-learn's ``StratifiedGroupKFold`` refuses classes with fewer rows than folds, or warns of them.

    Parameters
    ----------
    labels, groups : (N,) int32
        Codes from 0.
    count : int
        Number of folds, at least 2. With fewer groups, each group is a fold.
    seed : int
        Seed for the order of groups of equal size.

    Returns
    -------
    (N,) int16
        Folds 0, 1, …, none of them empty.

    Raises
    ------
    InputError
        If there are fewer than two groups.
    """
    names, group_of = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise InputError(
            what="Cross-validation needs at least two distinct texts, where near duplicates count as one; "
            f"found {len(names)} in {counted(len(labels), 'row')}.",
            todo="Add rows with other texts.",
        )
    ones = np.ones(len(labels), dtype=np.int64)
    table = coo_array((ones, (group_of, labels)), shape=(len(names), int(labels.max()) + 1)).tocsr()
    count = min(count, len(names))
    fold_of = repaired(table, _assigned(table, count, seed), count, seed)
    numbers: FoldNumbers = np.unique(fold_of, return_inverse=True)[1].astype(np.int16)
    return numbers[group_of]


def _assigned(table: Any, count: int, seed: int) -> RowIndex:
    """Return the (G,) fold of each group, assigned one by one, from the (G, K) sparse counts of rows by class."""
    group_rows, class_rows = table.sum(axis=1), table.sum(axis=0)
    order = np.random.default_rng(seed).permutation(len(group_rows))
    order = order[np.argsort(-group_rows[order], kind="stable")]
    starts, classes, rows = table.indptr.tolist(), table.indices.tolist(), table.data.tolist()
    # Rows are weighted by their share of the class: a rare class counts as much as a common one.
    shares = (table.data / class_rows[table.indices]).tolist()
    held = [[0] * count for _ in range(table.shape[1])]
    sizes = [0] * count
    fold_of = np.empty(len(order), dtype=np.int64)
    for group in order.tolist():
        cells = range(starts[group], starts[group + 1])
        costs = [sum(shares[cell] * held[classes[cell]][fold] for cell in cells) for fold in range(count)]
        best = min(range(count), key=lambda fold: (costs[fold], sizes[fold]))
        fold_of[group] = best
        for cell in cells:
            held[classes[cell]][best] += rows[cell]
            sizes[best] += rows[cell]
    return fold_of


def split_stuck_groups(labels: LabelCodes, exact: Codes, near: Codes) -> Codes:
    """Split near groups that would make a class impossible to judge; keep the others.

    A class whose rows are all in one near group (a dozen variants of one template) would have no training rows when it
    is held out. If it has at least two distinct texts, its group is split into exact groups: a prediction by a model
    that saw a similar text is better than none.

    Parameters
    ----------
    labels, exact, near : (N,) int32
        Each exact group is within one near group.

    Returns
    -------
    (N,) int32
        Groups, numbered by first occurrence.
    """
    stuck = (_groups_by_class(labels, near) == 1) & (_groups_by_class(labels, exact) > 1)
    split = np.isin(near, near[stuck[labels]])
    mixed = np.where(split, exact + near.max(initial=0) + np.int64(1), near)
    codes, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
    by_occurrence = np.empty(len(codes), dtype=np.int32)
    by_occurrence[np.argsort(first)] = np.arange(len(codes), dtype=np.int32)
    return by_occurrence[inverse]


def _groups_by_class(labels: LabelCodes, groups: Codes) -> Counts:
    """Return the (K,) number of groups that each class occurs in."""
    width = np.int64(groups.max(initial=0)) + 1
    return np.bincount(np.unique(labels * width + groups) // width)


def folds_by_split(
    splits: npt.NDArray[np.str_], groups: Codes, train_on: tuple[str, ...], audit: tuple[str, ...]
) -> FoldNumbers:
    """Make a single fold that trains on some splits and judges others.

    A training row whose group also has a row to judge is omitted; otherwise the prediction would not be out-of-fold.

    Parameters
    ----------
    splits : (N,) str
        Split of each row.
    groups : (N,) int32
    train_on, audit : tuple of str
        Names of splits.

    Returns
    -------
    (N,) int16
        0: judged; -1: trained on; -2: neither.

    Raises
    ------
    InputError
        If a split is unknown or has both roles, a role has no split, or no training row remains.
    """
    check_splits(splits, train_on, audit)
    folds = np.full(len(splits), LEFT_OUT, dtype=np.int16)
    judged = np.isin(splits, audit)
    folds[np.isin(splits, train_on) & ~np.isin(groups, groups[judged])] = ALWAYS_TRAINED_ON
    folds[judged] = 0
    if ALWAYS_TRAINED_ON not in folds:
        raise InputError(
            what=f"Each text of {', '.join(train_on)} has a duplicate in {', '.join(audit)}; none remains to train on.",
            todo="Train on another split, or omit the splits to audit all rows by cross-validation.",
        )
    return folds


def check_splits(splits: npt.NDArray[np.str_], train_on: tuple[str, ...], audit: tuple[str, ...]) -> None:
    """Refuse splits that are unknown, have both roles, or leave a role without a split.

    Raises
    ------
    InputError
        The message lists the dataset's splits.
    """
    existing = np.unique(splits).tolist()
    if what := _wrong_splits(existing, train_on, audit):
        raise InputError(
            what=f"{what} The dataset has these splits: {', '.join(existing)}.",
            todo="Choose at least one split to train on and another one to audit.",
        )


def _wrong_splits(existing: list[str], train_on: tuple[str, ...], audit: tuple[str, ...]) -> str | None:
    unknown = [name for name in (*train_on, *audit) if name not in existing]
    both = [name for name in train_on if name in audit]
    if unknown:
        return f"There is no split {', '.join(unknown)}."
    if both:
        return f"Splits named both to train on and to audit: {', '.join(both)}."
    if not train_on or not audit:
        return f"No split is named to {'audit' if train_on else 'train on'}."
    return None


def held_out(folds: FoldNumbers, fold: int) -> Mask:
    """Return a mask of the rows that ``fold`` judges, (N,)."""
    return np.asarray(folds == fold)


def trained_on(folds: FoldNumbers, fold: int) -> Mask:
    """Return a mask of the training rows of ``fold``, (N,)."""
    return np.asarray((folds != fold) & (folds != LEFT_OUT))


def fold_numbers(folds: FoldNumbers) -> range:
    """Return the fold numbers 0, 1, … up to the last fold."""
    return range(int(folds.max(initial=-1)) + 1)


def judgeable(labels: LabelCodes, folds: FoldNumbers, num_classes: int) -> Mask:
    """Return a mask of the rows that are held out while other rows of their class are trained on, (N,).

    Other rows are never judged: a model always rejects a class that it has not seen.
    """
    judged = np.zeros(len(labels), dtype=np.bool_)
    for fold in fold_numbers(folds):
        learned = np.bincount(labels[trained_on(folds, fold)], minlength=num_classes) > 0
        judged |= held_out(folds, fold) & learned[labels]
    return judged
