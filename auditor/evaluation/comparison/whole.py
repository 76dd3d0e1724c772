"""Whole: accuracy of each version of a model on all audited rows, by cards drawn at random.

No training sees a row that was drawn blind, nor a duplicate of one. The other judged rows were chosen for review, and
the corrected version would know their new labels by rote. So two more trainings a version each leave out half of them,
and predict that half: every judged row is predicted by a model that has not seen it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.arrays import Codes, Counts, Mask, Outcomes
from auditor.correction.decide.corrections import Corrections
from auditor.estimate.accuracy import Counted, Estimate, accuracy, gain
from auditor.estimate.stream import PENDING
from auditor.review.feed.blind import Blind
from auditor.review.view.opinion import leading_vote

ENOUGH = 30
"""Minimum number of judged blind cards for an estimate."""
HALVES = (0, 1)


@dataclass(frozen=True)
class Truth:
    """The R rows that people have judged one by one, and the labels that fit them.

    Attributes
    ----------
    rows : (R,) int64
        Ascending.
    fits : (R, K) bool
        In the classes as they are now; see :class:`auditor.correction.decide.comparable.Comparable`.
        No label fits a row that was excluded, that no class fits, or whose class is left out: every version is wrong
        on it.
    """

    rows: Counts
    fits: Mask


def find_truth(corrections: Corrections) -> Truth:
    """Find the labels that fit the judged rows: by the majority of the one-by-one verdicts, or the first at a tie."""
    names, labels = corrections.texts.label_names, corrections.comparable
    outcomes = corrections.outcomes.by_row
    opinions = {row: vote for row, outcome in outcomes.items() if (vote := leading_vote(outcome.decisions))}
    fits = np.zeros((len(opinions), len(labels.label_names)), np.bool_)
    for place, (row, vote) in enumerate(opinions.items()):
        given = (names[corrections.texts.labels[row]],) if vote.verdict == "keep" else ()
        codes = [labels.code_of.get(label, -1) for label in (*given, *vote.new_labels)]
        fits[place, [code for code in codes if code >= 0]] = True
    return Truth(np.array(list(opinions), np.int64), fits)


def halve(rows: Counts, trained_on: Mask, duplicates: Codes) -> Codes:
    """Assign the judged rows that are trained on to two halves, duplicates together; -1 for the other rows, (R,)."""
    half = np.full(len(rows), -1, np.int32)
    inside = trained_on[rows]
    _, group = np.unique(duplicates[rows[inside]], return_inverse=True)
    half[inside] = group % len(HALVES)
    return half


def settled(blind: Blind, truth: Truth) -> int:
    """Count the blind cards that people have judged; two draws may have met the same card."""
    return len(np.intersect1d(blind.rows, truth.rows))


def estimate_accuracy(
    blind: Blind, truth: Truth, original: Codes, corrected: Codes
) -> tuple[Estimate, Estimate, Estimate]:
    """Estimate the accuracy of both versions on all audited rows, and their difference.

    Parameters
    ----------
    blind : Blind
    truth : Truth
    original, corrected : (R,) int32
        Codes that the versions predict for the judged rows.
    """
    rank = np.arange(len(truth.rows))
    right = truth.fits[rank, original], truth.fits[rank, corrected]

    def count(cases: Mask) -> Counted:
        return _count(blind, truth.rows, cases)

    by_version = (accuracy(count(~correct)) for correct in right)
    difference = gain(count(right[1] & ~right[0]), count(right[0] & ~right[1]))
    before, after = by_version
    return before, after, difference


def _count(blind: Blind, rows: Counts, cases: Mask) -> Counted:
    outcomes: Outcomes = np.full(len(blind.population), PENDING, np.int8)
    outcomes[rows] = cases
    outcomes[~blind.population] = PENDING
    draws = blind.draws(outcomes)
    return Counted(
        before=draws.errors,
        unknown=draws.unknown,
        pool=draws.pool,
        outcome=draws.outcome,
        rows=int(np.count_nonzero(blind.population)),
        judged=int(np.count_nonzero(outcomes != PENDING)),
        found=int(np.count_nonzero(outcomes == 1)),
    )
