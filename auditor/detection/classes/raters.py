"""Raters: how well they agree with each other, and how good each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.data.labels.votes import Votes
from auditor.signals import Crowd

Labels = npt.NDArray[np.int32]
_FEW = 5
"""Votes added to those of a class before its errors are compared, so that one wrong vote makes no worst class."""


def rater_health(votes: Votes, crowd: Crowd | None, labels: Labels, label_names: Sequence[str]) -> dict[str, Any]:
    """Sum up what the votes say of the raters: what ``health.json`` holds under ``raters`` and ``votes``.

    Parameters
    ----------
    votes : Votes
    crowd : Crowd or None
        What votes and models come to; None where nobody can be weighed.
    labels : (N,) int32
        Codes of the given labels.
    label_names : sequence of K str

    Returns
    -------
    dict
        JSON types alone. ``raters``, the worst first: ``name``, ``votes``, ``agreement`` (share of the votes that are
        the label most likely by votes and models), ``quality`` (see :class:`auditor.signals.crowd.Crowd`),
        ``worst_class`` (of the classes by votes and models, that which the rater most often takes for another; null
        where the rater errs nowhere). ``votes``: their number, of how many rows, ``alpha`` (Krippendorff's; null where
        no row has two votes, or all votes are one class), ``expected_errors`` (sum of the probabilities that the given
        label is wrong, over the rows with a vote). What is not known is null.
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
        for one, more in zip(found, _measured(votes, crowd, label_names), strict=True):
            one |= more
    found.sort(key=lambda one: (one["quality"] is None, one["quality"] or 0.0, one["name"]))
    return {"raters": found, "votes": about}


def _measured(votes: Votes, crowd: Crowd, label_names: Sequence[str]) -> list[dict[str, Any]]:
    """Agreement, quality and worst class of each rater, in the order of the raters."""
    shape = (len(votes.raters), len(label_names))
    known = crowd.voted[votes.row]
    true, rater = crowd.label[votes.row[known]], votes.rater[known]
    wrong = (votes.label[known] != true).astype(np.float64)
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
    """Agreement of all raters beyond chance: 1 where all agree, 0 where they do as if they drew lots.

    Krippendorff's alpha for nominal data (Krippendorff 2011, *Computing Krippendorff's Alpha-Reliability*), over the
    rows with two votes or more.

    Returns
    -------
    float or None
        None where there is no such row, or but one label in them.
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
    # Of each row's pairs of votes, those of different labels, by the number of the others who voted on it.
    observed = float((same * (of_row - same) / (of_row - 1)).sum())
    return 1 - (len(row) - 1) * observed / expected
