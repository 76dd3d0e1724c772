"""How accurate a version of a model is on the whole dataset, by blind rows, from which no version has learnt.

A version is wrong on a row if it predicts another label than the row was judged to have. Before a blind draw, it is
wrong on W of the judged rows, and U rows are unread. N − W − U·[wrong on the drawn row] estimates without bias on how
many of the N rows it is right; the accuracy is the mean of these estimates over the draws, divided by N.

The interval is that of :mod:`auditor.estimate.interval`, with wrong predictions instead of wrong labels. It needs
versions that do not depend on the outcomes of the blind rows: training leaves these rows and their duplicates out.
That blind outcomes change the order of later cards, and so what a version has learnt from, is neglected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.arrays import Counts, Float64, Outcomes
from auditor.estimate.interval import ALPHA, Interval, interval
from auditor.estimate.stream import Draws, choose_q

FORECAST = 0.1
"""Share of the rows that the first draw is made with."""


@dataclass(frozen=True)
class Counted:
    """On how many rows something is the case: a version is wrong, or one is right where another is wrong.

    Attributes
    ----------
    before, unknown : (n,) int64
        Of the rows judged before each draw: on how many it is the case, and how many have no outcome now. See
        :func:`~auditor.estimate.stream.count_pools`.
    pool : (n,) int64
        U of each draw.
    outcome : (n,) int8
        Whether it is the case on the drawn row: 1, 0, or :data:`~auditor.estimate.stream.PENDING`.
    rows, judged, found : int
        N, how many rows have an outcome now, and on how many of these it is the case.
    """

    before: Counts
    unknown: Counts
    pool: Counts
    outcome: Outcomes
    rows: int
    judged: int
    found: int


@dataclass(frozen=True)
class Estimate:
    """A share of the N rows, or the difference of two.

    Attributes
    ----------
    value : float or None
        Mean over the draws; None if none is settled. Cut to the interval.
    low, high : float
    """

    value: float | None
    low: float
    high: float


def accuracy(wrong: Counted, alpha: float = ALPHA) -> Estimate:
    """Estimate the accuracy of a version on all N rows.

    Parameters
    ----------
    wrong : Counted
        On which rows the version is wrong; draws in their order.
    alpha : float
        Probability that the interval misses.

    Examples
    --------
    1,000 rows, 100 blind cards and nothing else; the version is wrong on every tenth of them.

    >>> outcome = (np.arange(100) % 10 == 9).astype(np.int8)
    >>> before = np.cumsum(outcome, dtype=np.int64) - outcome
    >>> wrong = Counted(before, 0 * before, 1000 - np.arange(100), outcome, rows=1000, judged=100, found=10)
    >>> found = accuracy(wrong)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.901, 0.815, 0.959)
    """
    total = _total(wrong, alpha)
    return _estimate(1 - _terms(wrong), 1 - total.rate[1], 1 - total.rate[0])


def gain(won: Counted, lost: Counted, alpha: float = ALPHA) -> Estimate:
    """Estimate by how much one version is more accurate than another, on all N rows.

    The ends are those of the two totals, each at α/2 (Bonferroni). Rows on which both versions are right, or both are
    wrong, add nothing to its width.

    Parameters
    ----------
    won, lost : Counted
        Rows on which the new version alone is right, and those on which the old one alone is; of the same draws.
    alpha : float
        Probability that the interval misses.
    """
    more, less = _total(won, alpha / 2), _total(lost, alpha / 2)
    return _estimate(_terms(won) - _terms(lost), more.rate[0] - less.rate[1], more.rate[1] - less.rate[0])


def _terms(counted: Counted) -> Float64:
    """What each settled draw estimates for the share of all rows."""
    settled = (counted.outcome >= 0) & (counted.unknown == 0)
    terms: Float64 = (counted.before + counted.pool * counted.outcome.astype(np.int64))[settled] / counted.rows
    return terms


def _total(counted: Counted, alpha: float) -> Interval:
    settled = counted.outcome >= 0
    cases = np.where(settled, counted.outcome, 0)
    earlier, expected = np.cumsum(cases) - cases, (np.cumsum(settled) - settled) * FORECAST
    q = choose_q(FORECAST, expected, earlier)
    draws = Draws(counted.before, counted.unknown, counted.pool, q, counted.outcome)
    return interval(draws, rows=counted.rows, judged=counted.judged, found=counted.found, q=FORECAST, alpha=alpha)


def _estimate(terms: Float64, low: float, high: float) -> Estimate:
    value = min(max(float(terms.mean()), low), high) if len(terms) else None
    return Estimate(value, low, high)
