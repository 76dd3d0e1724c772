"""Which rows are issues, and in which order all rows are looked at: confident learning on the consensus."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

Labels = npt.NDArray[np.int32]
Rows = npt.NDArray[np.bool_]
Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Flags:
    """What confident learning says of each of N rows.

    Attributes
    ----------
    is_issue : (N,) bool
        Flagged. Flags and ranking are not nested.
    suspicion : (N,) float32
        One minus the consensus' self-confidence, in [0, 1]; NaN where the row is not judged.
    rank : (N,) int32
        1 for the most suspect. Equal suspicions go by loss, then by row; rows that are not judged come last.
    predicted : (N,) int32
        Code of the most likely label; the given one where it is as likely as any. -1 where not judged.
    suggested : (N,) int32
        Code of the most likely label other than the given one. -1 where not judged.
    """

    is_issue: Rows
    suspicion: npt.NDArray[np.float32]
    rank: npt.NDArray[np.int32]
    predicted: npt.NDArray[np.int32]
    suggested: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Judged:
    """The judged rows, over the classes that have one, in float64: what cleanlab can work on.

    cleanlab breaks some ties (of rounded counts) by the number of a class. The classes are therefore numbered by what
    is in them, the smallest first, so that their order in the dataset does not matter.

    Attributes
    ----------
    rows : (J,) intp
        The judged rows.
    classes : (C,) intp
        Code of each class that has a judged row.
    labels : (J,) intp
        Given labels, as positions in ``classes``.
    probabilities : (J, C) float64
        Of those classes alone, not renormalised.
    """

    rows: npt.NDArray[np.intp]
    classes: npt.NDArray[np.intp]
    labels: npt.NDArray[np.intp]
    probabilities: npt.NDArray[np.float64]


def judged_rows(labels: Labels, consensus: Probabilities, judgeable: Rows) -> Judged:
    """Pick the rows that are judgeable and have probabilities, and the classes among them."""
    rows = np.flatnonzero(judgeable & ~np.isnan(consensus).any(axis=1))
    given = labels[rows]
    counts = np.bincount(given, minlength=consensus.shape[1])
    confidence = np.bincount(given, weights=consensus[rows, given], minlength=consensus.shape[1])
    order = np.lexsort((confidence, counts))
    classes = order[counts[order] > 0]
    position = np.zeros(consensus.shape[1], dtype=np.intp)
    position[classes] = np.arange(len(classes))
    return Judged(rows, classes, position[given], consensus[np.ix_(rows, classes)].astype(np.float64))


def find_flags(labels: Labels, consensus: Probabilities, judgeable: Rows) -> Flags:
    """Flag and rank rows by the consensus.

    Issues are those of :func:`cleanlab.filter.find_label_issues` with its default filter, ``prune_by_noise_rate``
    (Northcutt, Jiang and Chuang 2021): for each pair given → true as many rows as the calibrated confident joint
    counts, those with the largest margin. So the number of issues agrees with the estimated noise.

    The order is that of :func:`cleanlab.rank.get_label_quality_scores` by self-confidence.

    Parameters
    ----------
    labels : (N,) int32
        Codes of the given labels.
    consensus : (N, K) float32
        Out-of-fold, floored; NaN rows are not judged.
    judgeable : (N,) bool
        Rows whose prediction is honest.

    Returns
    -------
    Flags
    """
    judged = judged_rows(labels, consensus, judgeable)
    flags = Flags(
        is_issue=np.zeros(len(labels), dtype=np.bool_),
        suspicion=np.full(len(labels), np.nan, dtype=np.float32),
        rank=np.empty(len(labels), dtype=np.int32),
        predicted=np.full(len(labels), -1, dtype=np.int32),
        suggested=np.full(len(labels), -1, dtype=np.int32),
    )
    self_confidence = np.full(len(labels), np.nan, dtype=np.float32)
    if len(judged.rows):
        quality = get_label_quality_scores(judged.labels, judged.probabilities, method="self_confidence")
        self_confidence[judged.rows] = quality
        flags.suspicion[judged.rows] = 1 - quality
        flags.is_issue[judged.rows] = _issues(judged)
        flags.predicted[judged.rows], flags.suggested[judged.rows] = _likeliest(
            labels[judged.rows], consensus[judged.rows]
        )
    # A smaller self-confidence is a larger loss: it tells rows apart that are equal in float32 after the 1 - p.
    order = np.lexsort((self_confidence, -flags.suspicion))
    flags.rank[order] = np.arange(1, len(labels) + 1)
    return flags


def with_votes(flags: Flags, labels: Labels, crowd: Probabilities, voted: Rows, judgeable: Rows) -> Flags:
    """Flag and rank rows by what raters and models together say, where there are raters.

    The order is that of the given label's probability by votes and models, in all rows. Where somebody voted, an issue
    is a row whose given label is not the most likely one: confident learning asks for probabilities that know nothing
    of the given label, which votes do. The other rows' flags stay.

    Parameters
    ----------
    flags : Flags
        By the models alone.
    labels : (N,) int32
    crowd : (N, K) float32
        :attr:`auditor.signals.crowd.Crowd.posterior`.
    voted, judgeable : (N,) bool
    """
    order = find_flags(labels, crowd, judgeable)
    differs = (order.predicted >= 0) & (order.predicted != labels)
    return replace(order, is_issue=np.where(voted, differs, flags.is_issue))


def _issues(judged: Judged) -> Rows:
    """(J,) flags; none where all rows are of one class, since there is no other to be of."""
    if len(judged.classes) < 2:
        return np.zeros(len(judged.rows), dtype=np.bool_)
    with warnings.catch_warnings():
        # A class of one row keeps it: nothing would be left of the class. It is still ranked.
        warnings.filterwarnings("ignore", message="May not flag all label issues")
        flagged: Rows = find_label_issues(judged.labels, judged.probabilities, n_jobs=1)
    return flagged


def _likeliest(given: Labels, probabilities: Probabilities) -> tuple[Labels, Labels]:
    """Codes of the most likely label, and of the most likely one other than the given, each (J,) int32."""
    each = np.arange(len(given))
    others = probabilities.copy()
    others[each, given] = -1
    suggested = others.argmax(axis=1).astype(np.int32)
    keeps = probabilities[each, given] >= probabilities[each, suggested]
    return np.where(keeps, given, suggested).astype(np.int32), suggested
