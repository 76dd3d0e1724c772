"""Versions of the labels, and which rows are trained and tested on: the same for every version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.errors import InputError
from auditor.models.classifier import Classifier, Labels, Progress
from auditor.models.crossval import Candidate
from auditor.models.folds import make_folds
from auditor.models.logistic import take

Flags = npt.NDArray[np.bool_]

TRAIN = {"train", "training"}
TESTS: tuple[set[str], ...] = ({"test", "testing", "eval", "evaluation"}, {"val", "valid", "validation", "dev"})
"""Names of splits to test on; the second ones where a dataset has none of the first."""
PARTS = 5
"""Of a dataset without splits, one part in so many is tested on."""


@dataclass(frozen=True)
class Version:
    """One version of the labels of N rows.

    Attributes
    ----------
    labels : (N,) int32
    kept : (N,) bool
        Rows that this version has; the labels of the others mean nothing.
    """

    labels: Labels
    kept: Flags

    @classmethod
    def whole(cls, labels: Labels) -> Version:
        """A version that has every row."""
        return cls(labels, np.ones(len(labels), dtype=np.bool_))

    def tested(self, split: Split) -> Labels:
        """(T,) int32: labels of the test rows; -1 where this version lacks the row."""
        return np.asarray(np.where(self.kept, self.labels, -1)[split.test], dtype=np.int32)


@dataclass(frozen=True)
class Split:
    """Which of N rows are trained on, and which tested on; no row of one has a duplicate in the other.

    Attributes
    ----------
    train, test : (N,) bool
    how : str
        Where it comes from, to be told.
    leaks : int
        Rows of the training split that are left out, since they have a duplicate among the test rows.
    """

    train: Flags
    test: Flags
    how: str
    leaks: int = 0


def split_rows(splits: npt.NDArray[np.str_], labels: Labels, duplicates: Labels, seed: int) -> Split:
    """Choose the test rows: the dataset's own, else a fifth that keeps duplicates together.

    Nothing that an audit finds has a say in it.

    Parameters
    ----------
    splits : (N,) str
        Split of each row.
    labels : (N,) int32
        Given labels, which the fifth is stratified by.
    duplicates : (N,) int32
        Equal where rows are near duplicates.
    seed : int

    Raises
    ------
    InputError
        If no row is left to train on, or the rows are all duplicates of each other.
    """
    names = {name: name.casefold() for name in np.unique(splits).tolist()}
    own = [name for name, known in names.items() if known in TRAIN]
    held = next((found for tests in TESTS if (found := [n for n, known in names.items() if known in tests])), [])
    if not own or not held:
        folds = make_folds(labels, duplicates, PARTS, seed)
        test = folds == folds.max()  # the largest groups of duplicates are in the first ones
        share = f"{100 * test.mean():.0f} % of all rows, drawn by seed {seed} whatever the audit found"
        return Split(~test, test, f"{share}: stratified by given label, duplicates together")
    test, train = np.isin(splits, held), np.isin(splits, own)
    leaks = train & np.isin(duplicates, duplicates[test])
    if not (train & ~leaks).any():
        raise InputError(
            f"Every row of {', '.join(own)} has a duplicate in {', '.join(held)}: none is left to train on.",
            "Audit the splits under names that are none of train, test or validation: a fifth is drawn then.",
        )
    how = f"the dataset's own splits: trained on {', '.join(own)}, tested on {', '.join(held)}"
    return Split(train & ~leaks, test, how, int(leaks.sum()))


def train_on(candidate: Candidate, version: Version, split: Split, seed: int, progress: Progress) -> Classifier:
    """Train a model on one version of the labels.

    Raises
    ------
    InputError
        If the version has no row to train on.
    """
    rows = np.flatnonzero(split.train & version.kept)
    if not len(rows):
        raise InputError(
            "A version of the labels has no row to train on: all of them are left out.",
            "Leave fewer rows out.",
        )
    groups = None if candidate.groups is None else candidate.groups[rows]
    inputs = take(candidate.inputs, rows)
    return candidate.make(progress).fit(inputs, version.labels[rows], seed, None, groups)


def predict_tests(classifier: Classifier, candidate: Candidate, split: Split) -> npt.NDArray[np.float32]:
    """(T, K) probabilities of the test rows."""
    return classifier.predict_proba(take(candidate.inputs, np.flatnonzero(split.test)))


def every_seed(candidate: Candidate, version: Version, split: Split, seeds: Sequence[int]) -> npt.NDArray[np.float32]:
    """(S, T, K) probabilities of the test rows by S models that are trained on one version of the labels."""
    models = (train_on(candidate, version, split, seed, _unheard) for seed in seeds)
    return np.stack([predict_tests(model, candidate, split) for model in models])


def _unheard(done: int, total: int) -> None:
    """Nobody listens."""
