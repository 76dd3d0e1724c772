"""Raters: how well they agree with each other, and how reliable each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import stdtrit

from auditor.arrays import Float64, LabelCodes
from auditor.data.labels.votes import Votes
from auditor.signals import Crowd

_FEW = 5
"""Votes added to each class before error rates are compared; they keep one wrong vote from making a worst class."""
ENOUGH_ROWS = 10
"""Minimum number of rows with two votes for an interval of alpha."""


def rater_health(votes: Votes, crowd: Crowd | None, labels: LabelCodes, label_names: Sequence[str]) -> dict[str, Any]:
    """Summarise the raters: the entries ``raters`` and ``votes`` of ``health.json``.

    Raters who agree no more than by chance may all be guessing, or all be right about different things: which of them
    errs, and how often, follows from the votes only where the interval of alpha lies above 0. Elsewhere these values
    are null.

    Parameters
    ----------
    votes : Votes
    crowd : Crowd or None
        Joint probabilities of votes and models; None if raters cannot be compared.
    labels : (N,) int32
        Codes of the given labels.
    label_names : sequence of K str

    Returns
    -------
    dict
        Only JSON types; unknown values are null. ``raters``, worst first: ``name``, ``votes``, ``agreement`` (share of
        the votes that equal the likeliest label by votes and models), ``quality`` (see
        :class:`auditor.signals.crowd.Crowd`), ``worst_class`` (the likeliest label that the rater most often replaces
        by another; null without errors). ``votes``: ``number``, ``rows``, ``alpha`` (Krippendorff's; null if no row has
        two votes, or all votes are one class), ``alpha_low`` and ``alpha_high`` (its 95 % interval; also null with
        fewer than ten rows with two votes), ``weighed`` (whether the votes enter the ranking), ``expected_errors`` (sum
        of the probabilities that the given label is wrong, over the rows with a vote).
    """
    count = len(votes.raters)
    number = np.bincount(votes.rater, minlength=count)
    low, high = alpha_interval(votes) or (None, None)
    about: dict[str, Any] = {
        "number": len(votes),
        "rows": len(np.unique(votes.row)),
        "alpha": krippendorff_alpha(votes),
        "alpha_low": low,
        "alpha_high": high,
        "weighed": crowd is not None,
        "expected_errors": None,
    }
    nothing = {"agreement": None, "quality": None, "worst_class": None}
    found = [{"name": votes.raters[m], "votes": int(number[m]), **nothing} for m in range(count)]
    if crowd is not None and low is not None and low > 0:
        given = crowd.posterior[np.arange(len(labels)), labels]
        about["expected_errors"] = float((1 - given[crowd.voted]).sum(dtype=np.float64))
        for rater, measures in zip(found, _measured(votes, crowd, label_names), strict=True):
            rater |= measures
    found.sort(key=lambda rater: (rater["quality"] is None, rater["quality"] or 0.0, rater["name"]))
    return {"raters": found, "votes": about}


def _measured(votes: Votes, crowd: Crowd, label_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return agreement, quality and worst class of each rater, in the order of the raters."""
    shape = (len(votes.raters), len(label_names))
    weighed = crowd.voted[votes.row]
    true, rater = crowd.label[votes.row[weighed]], votes.rater[weighed]
    wrong = (votes.label[weighed] != true).astype(np.float64)
    place = rater * shape[1] + true
    of_class = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    errors = np.bincount(place, weights=wrong, minlength=shape[0] * shape[1]).reshape(shape)
    worst = (errors / (of_class + _FEW)).argmax(axis=1)
    votes_of, errors_of = of_class.sum(axis=1), errors.sum(axis=1)
    return [
        {
            "agreement": float(1 - errors_of[m] / votes_of[m]) if votes_of[m] else None,
            "quality": None if np.isnan(crowd.quality[m]) else float(crowd.quality[m]),
            "worst_class": label_names[worst[m]] if errors_of[m] else None,
        }
        for m in range(shape[0])
    ]


def krippendorff_alpha(votes: Votes) -> float | None:
    """Return the agreement of all raters beyond chance: 1 if all agree, 0 if they agree as often as by chance.

    Krippendorff's alpha for nominal data (Krippendorff 2011, *Computing Krippendorff's Alpha-Reliability*), over the
    rows with two votes or more.

    Returns
    -------
    float or None
        None without such a row, or if all votes are one label.
    """
    found = _Shared.of(votes)
    return None if found is None else found.alpha


def alpha_interval(votes: Votes) -> tuple[float, float] | None:
    """Return the 95 % interval of :func:`krippendorff_alpha`, by a jackknife over the rows.

    Rows are left out in turn; after Efron and Tibshirani (1993, *An Introduction to the Bootstrap*, chapter 11), with
    the t distribution.

    Returns
    -------
    (float, float) or None
        None where alpha is, and with fewer than ten rows with two votes.
    """
    found = _Shared.of(votes)
    if found is None or len(found.votes) < ENOUGH_ROWS:
        return None
    rows, without = len(found.votes), found.without_each
    error = np.sqrt((rows - 1) / rows * ((without - without.mean()) ** 2).sum())
    margin = float(stdtrit(rows - 1, 0.975) * error)
    return found.alpha - margin, min(1.0, found.alpha + margin)


@dataclass(frozen=True)
class _Shared:
    """The R rows with two votes or more, n votes in all, not all of them one label.

    Attributes
    ----------
    votes, differ : (R,) float64
        Votes on each row, and pairs of votes with different labels divided by the number of other voters.
    chance, own : (R,) float64
        Pairs of a vote on the row and any vote with the same label, and those of which both are on the row.
    """

    votes: Float64
    differ: Float64
    chance: Float64
    own: Float64

    @classmethod
    def of(cls, votes: Votes) -> Self | None:
        number = np.bincount(votes.row)
        here = number[votes.row] > 1
        if not here.any():
            return None
        _, row = np.unique(votes.row[here], return_inverse=True)
        total = np.bincount(votes.label[here]).astype(np.float64)
        if np.count_nonzero(total) < 2:
            return None
        pairs, same = np.unique(row.astype(np.int64) * len(total) + votes.label[here], return_counts=True)
        place, label = np.divmod(pairs, len(total))
        on_row = np.bincount(row).astype(np.float64)
        own, chance = (np.bincount(place, weights=of).astype(np.float64) for of in (same**2, total[label] * same))
        return cls(on_row, (on_row**2 - own) / (on_row - 1), chance, own)

    @property
    def alpha(self) -> float:
        size = self.votes.sum()
        return float(1 - (size - 1) * self.differ.sum() / (size**2 - self.chance.sum()))

    @property
    def without_each(self) -> Float64:
        """(R,) alpha of the other rows; 1 if all votes on them are one label."""
        size = self.votes.sum() - self.votes
        by_chance = size**2 - (self.chance.sum() - 2 * self.chance + self.own)
        ratio = np.zeros(len(size))
        np.divide((size - 1) * (self.differ.sum() - self.differ), by_chance, out=ratio, where=by_chance > 0)
        return 1 - ratio
