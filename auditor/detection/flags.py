"""The order in which rows are read, the number of flagged rows, and cleanlab's own flags."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

from auditor.arrays import Codes, Float32, Float64, LabelCodes, Mask, Probabilities, RowIndex


@dataclass(frozen=True)
class Flags:
    """Order and flags of N rows.

    Attributes
    ----------
    is_issue : (N,) bool
        Rows to read again, which are the first of the ranking.
    suspicion : (N,) float32
        1 − the consensus probability of the given label, in [0, 1]; NaN in rows that are not judged.
    rank : (N,) int32
        1 for the most suspect. Ties are broken by loss, then by row; rows that are not judged come last.
    predicted : (N,) int32
        Code of the likeliest label; at a tie, the given one. -1 in rows that are not judged.
    suggested : (N,) int32
        Code of the likeliest label other than the given one. -1 in rows that are not judged.
    """

    is_issue: Mask
    suspicion: Float32
    rank: Codes
    predicted: LabelCodes
    suggested: LabelCodes


@dataclass(frozen=True)
class Judged:
    """The judged rows and their classes, in the form that cleanlab accepts.

    cleanlab breaks some ties (of rounded counts) by the number of a class. The classes are therefore numbered by size,
    smallest first: their order in the dataset does not matter.

    Attributes
    ----------
    rows : (J,) intp
        The judged rows.
    classes : (C,) intp
        Code of each class that has a judged row.
    labels : (J,) intp
        Given labels, as positions in ``classes``.
    probabilities : (J, C) float64
        Probabilities of those classes, not renormalised.
    """

    rows: RowIndex
    classes: RowIndex
    labels: RowIndex
    probabilities: Float64


def judged_rows(labels: LabelCodes, consensus: Probabilities, judgeable: Mask) -> Judged:
    """Select the judgeable rows with probabilities, and their classes."""
    rows = np.flatnonzero(judgeable & ~np.isnan(consensus).any(axis=1))
    given = labels[rows]
    counts = np.bincount(given, minlength=consensus.shape[1])
    confidence = np.bincount(given, weights=consensus[rows, given], minlength=consensus.shape[1])
    order = np.lexsort((confidence, counts))
    classes = order[counts[order] > 0]
    position = np.zeros(consensus.shape[1], dtype=np.intp)
    position[classes] = np.arange(len(classes))
    return Judged(rows, classes, position[given], consensus[np.ix_(rows, classes)].astype(np.float64))


def find_flags(
    labels: LabelCodes, consensus: Probabilities, judgeable: Mask, crowd: Probabilities | None = None
) -> Flags:
    """Rank all rows and flag the first of them.

    The order is that of :func:`cleanlab.rank.get_label_quality_scores` by self-confidence. The number of flagged rows
    is the sum of ``s - p`` over the rows with s above one half, where p is the probability of the given label and s
    that of the likeliest other one. Four rows with p and s of 0.1 and 0.8, 0.3 and 0.6, 0.3 and 0.4, 0.9 and 0.1 flag
    one row, since 0.7 + 0.3 = 1. ``reports/flags`` compares this count with others on labels known to be wrong.

    Parameters
    ----------
    labels : (N,) int32
        Codes of the given labels.
    consensus : (N, K) float32
        Out-of-fold probabilities, floored; NaN in rows that are not judged.
    judgeable : (N,) bool
        Rows whose prediction comes from models that could learn the row's class without the row.
    crowd : (N, K) float32, optional
        Joint probabilities from raters and models (:attr:`auditor.signals.crowd.Crowd.posterior`); if passed, they
        determine order and flags.

    Returns
    -------
    Flags
    """
    trusted = consensus if crowd is None else crowd
    judged = judged_rows(labels, trusted, judgeable)
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
        likeliest = _likeliest(labels[judged.rows], trusted[judged.rows])
        flags.predicted[judged.rows], flags.suggested[judged.rows] = likeliest
    # Self-confidence breaks ties between rows whose 1 - p is equal in float32.
    order = np.lexsort((self_confidence, -flags.suspicion))
    flags.rank[order] = np.arange(1, len(labels) + 1)
    if len(judged.classes) > 1:  # otherwise no row could have another label
        other = trusted[judged.rows, flags.suggested[judged.rows]]
        flags.is_issue[order[: _count(self_confidence[judged.rows], other)]] = True
    return flags


def _count(given: Probabilities, other: Probabilities) -> int:
    """Return the number of rows to flag, from the (J,) probabilities of the given and the likeliest other label."""
    leads = (other.astype(np.float64) - given)[other > 0.5]
    return round(math.fsum(leads))  # exact: the order of the rows does not matter


def confident_learning(labels: LabelCodes, consensus: Probabilities, judgeable: Mask) -> Mask:
    """Return cleanlab's own flags, which need not follow the ranking.

    They are those of :func:`cleanlab.filter.find_label_issues` with its default filter, ``prune_by_noise_rate``
    (Northcutt, Jiang and Chuang 2021). It requires probabilities that do not depend on the given label, so the
    consensus is used even if there are raters.

    Parameters
    ----------
    labels : (N,) int32
    consensus : (N, K) float32
    judgeable : (N,) bool

    Returns
    -------
    (N,) bool
        No row is flagged if all rows are of one class.
    """
    judged = judged_rows(labels, consensus, judgeable)
    flagged = np.zeros(len(labels), dtype=np.bool_)
    if len(judged.classes) > 1:
        with warnings.catch_warnings():
            # cleanlab never flags the only row of a class. The row is still ranked.
            warnings.filterwarnings("ignore", message="May not flag all label issues")
            flagged[judged.rows] = find_label_issues(judged.labels, judged.probabilities, n_jobs=1)
    return flagged


def _likeliest(given: LabelCodes, probabilities: Probabilities) -> tuple[LabelCodes, LabelCodes]:
    """Return the codes of the likeliest label and of the likeliest one other than the given, each (J,) int32."""
    position = np.arange(len(given))
    others = probabilities.copy()
    others[position, given] = -1
    suggested = others.argmax(axis=1).astype(np.int32)
    keeps = probabilities[position, given] >= probabilities[position, suggested]
    return np.where(keeps, given, suggested).astype(np.int32), suggested
