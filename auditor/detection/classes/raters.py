"""Raters: how well they agree with each other, and how reliable each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from auditor.arrays import LabelCodes
from auditor.data.labels.votes import Votes
from auditor.signals import Crowd

_FEW = 5
"""Votes added to each class before error rates are compared; they keep one wrong vote from making a worst class."""


def rater_health(votes: Votes, crowd: Crowd | None, labels: LabelCodes, label_names: Sequence[str]) -> dict[str, Any]:
    """Summarise the raters: the entries ``raters`` and ``votes`` of ``health.json``.

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
        two votes, or all votes are one class), ``expected_errors`` (sum of the probabilities that the given label is
        wrong, over the rows with a vote).
    """
    count = len(votes.raters)
    number = np.bincount(votes.rater, minlength=count)
    about: dict[str, Any] = {
        "number": len(votes),
        "rows": len(np.unique(votes.row)),
        "alpha": krippendorff_alpha(votes),
        "expected_errors": None,
    }
    nothing = {"agreement": None, "quality": None, "worst_class": None}
    found = [{"name": votes.raters[m], "votes": int(number[m]), **nothing} for m in range(count)]
    if crowd is not None:
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
    if not len(votes):
        return None
    number = np.bincount(votes.row)
    here = number[votes.row] > 1
    row, label = votes.row[here].astype(np.int64), votes.label[here]
    total = np.bincount(label).astype(np.float64)
    expected = len(row) ** 2 - float((total**2).sum())
    if expected <= 0:
        return None
    pairs, same = np.unique(row * len(total) + label, return_counts=True)
    of_row = number[pairs // len(total)]
    # Pairs of votes on a row with different labels, divided by the number of other voters on the row.
    observed = float((same * (of_row - same) / (of_row - 1)).sum())
    return 1 - (len(row) - 1) * observed / expected
