"""Versions of the labels, and the rows to train and test on, equal for every version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from auditor.arrays import Codes, Float32, LabelCodes, Mask, RowIndex
from auditor.errors import InputError
from auditor.models.classifier import Classifier, Progress
from auditor.models.crossval import Candidate
from auditor.models.folds import make_folds
from auditor.models.logistic import take

TRAIN = {"train", "training"}
TESTS: tuple[set[str], ...] = ({"test", "testing", "eval", "evaluation"}, {"val", "valid", "validation", "dev"})
"""Names of splits to test on; the second set if the dataset has none of the first."""
PARTS = 5
"""Number of parts of a dataset without splits, one of which is tested on."""


@dataclass(frozen=True)
class Version:
    """One version of the labels of N rows.

    Attributes
    ----------
    labels : (N,) int32
    kept : (N,) bool
        Rows that this version has. Labels of other rows are meaningless.
    """

    labels: LabelCodes
    kept: Mask

    @classmethod
    def of(cls, labels: LabelCodes) -> Version:
        """Return the version with these labels, which lacks the rows labelled -1."""
        return cls(labels, labels >= 0)

    def tested(self, split: Split) -> LabelCodes:
        """Return the labels of the test rows, (T,) int32; -1 where this version lacks the row."""
        return np.asarray(np.where(self.kept, self.labels, -1)[split.test], dtype=np.int32)


@dataclass(frozen=True)
class Split:
    """Rows to train and to test on, of N. No row of one has a duplicate in the other.

    Attributes
    ----------
    train, test : (N,) bool
    how : str
        Origin of the split, in words.
    leaks : int
        Number of training rows left out, because they have a duplicate among the test rows.
    blind : int
        Number of training rows left out, because they were drawn blind or are duplicates of such rows.
    """

    train: Mask
    test: Mask
    how: str
    leaks: int = 0
    blind: int = 0

    def without(self, rows: Mask) -> Split:
        """Omit rows drawn blind from the training, unless they are more than half of it."""
        omitted = self.train & rows
        if 2 * omitted.sum() > self.train.sum():
            return self
        return replace(self, train=self.train & ~rows, blind=int(omitted.sum()))


def split_rows(splits: npt.NDArray[np.str_], labels: LabelCodes, duplicates: Codes, seed: int) -> Split:
    """Choose the test rows: the dataset's own, or a fifth that keeps duplicates together.

    The choice does not depend on the audit's findings.

    Parameters
    ----------
    splits : (N,) str
        Split of each row.
    labels : (N,) int32
        Given labels, by which the fifth is stratified.
    duplicates : (N,) int32
        Group of near duplicates of each row.
    seed : int

    Raises
    ------
    InputError
        If no row is left to train on, or the rows are all duplicates of each other.
    """
    names = {name: name.casefold() for name in np.unique(splits).tolist()}
    own = [name for name, folded in names.items() if folded in TRAIN]
    held = next((found for tests in TESTS if (found := [n for n, folded in names.items() if folded in tests])), [])
    if not own or not held:
        folds = make_folds(labels, duplicates, PARTS, seed)
        test = folds == folds.max()  # the first folds hold the largest groups of duplicates
        share = f"{100 * test.mean():.0f} % of all rows, drawn with seed {seed}, independently of the audit"
        return Split(~test, test, f"{share}: stratified by given label, duplicates together")
    test, train = np.isin(splits, held), np.isin(splits, own)
    leaks = train & np.isin(duplicates, duplicates[test])
    if not (train & ~leaks).any():
        raise InputError(
            f"Every row of {', '.join(own)} has a duplicate in {', '.join(held)}: so none is left to train on.",
            "Rename the splits to other names than train, test or validation: a fifth is then drawn.",
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
            "A version of the labels has no rows to train on: all of them are left out.",
            "Leave fewer rows out.",
        )
    groups = None if candidate.groups is None else candidate.groups[rows]
    inputs = take(candidate.inputs, rows)
    return candidate.make(progress).fit(inputs, version.labels[rows], seed, None, groups)


def predict_tests(classifier: Classifier, candidate: Candidate, split: Split) -> Float32:
    """Return the (T, K) probabilities of the test rows."""
    return classifier.predict_proba(take(candidate.inputs, np.flatnonzero(split.test)))


def predict_labels(classifier: Classifier, candidate: Candidate, rows: RowIndex) -> LabelCodes:
    """Return the most likely label of each of some rows, (R,) int32."""
    if not len(rows):
        return np.empty(0, np.int32)
    probabilities = classifier.predict_proba(take(candidate.inputs, rows))
    return np.asarray(probabilities.argmax(axis=1), np.int32)


def every_seed(candidate: Candidate, version: Version, split: Split, seeds: Sequence[int]) -> Float32:
    """Return the (S, T, K) probabilities of the test rows by S models trained on one version of the labels."""
    models = (train_on(candidate, version, split, seed, _no_progress) for seed in seeds)
    return np.stack([predict_tests(model, candidate, split) for model in models])


def _no_progress(done: int, total: int) -> None:
    """Ignore progress."""
