"""Dawid and Skene's model of raters, with the models' probabilities as the prior of each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from auditor.arrays import Codes, Float64, LabelCodes, RowIndex
from auditor.config import PROBABILITY_FLOOR

_ROUNDS = 50
_TOLERANCE = 1e-4
"""Iteration stops when no probability changes by more than this."""
_PRIOR_VOTES = 10.0
"""Strength of the priors, in votes: a rater, or a class, with few votes is estimated close to the average.

If 80 % of all votes are correct and a rater has 2 votes, both wrong, the rater's accuracy is (0 + 10 × 0.8) / (2 + 10)
= 67 %, not 0 %. With 100 votes, all wrong, it is (0 + 10 × 0.8) / (100 + 10) = 7 %: the prior hardly matters.
"""
_SHARPEST = 5.0
_FLOOR = 1e-3
"""Least accuracy and least error rate."""


@dataclass(frozen=True)
class _Counted:
    """V votes on R rows, as lists and as counts by rater (R × M) and by label (R × K)."""

    by_rater: sparse.csr_array
    by_label: sparse.csr_array
    row: RowIndex
    rater: Codes
    label: LabelCodes


@dataclass(frozen=True)
class _Habits:
    """How raters vote, estimated.

    Attributes
    ----------
    right : (M, K)
        Log-probability that a rater chooses class k if it is true.
    wrong : (M, K)
        Log-probability that the rater chooses another class.
    confused : (K, K)
        Log-probability of each label if class k is true and the vote is wrong; 0 on the diagonal.
    accuracy : (M,)
        Accuracy of each rater over all classes.
    """

    right: Float64
    wrong: Float64
    confused: Float64
    accuracy: Float64


def dawid_skene(
    row: RowIndex, rater: Codes, label: LabelCodes, prior: Float64, num_raters: int
) -> tuple[Float64, Float64]:
    """Estimate raters' habits and rows' labels by expectation maximisation.

    After Dawid and Skene (1979, *Maximum likelihood estimation of observer error-rates using the EM algorithm*), with
    the models' probabilities as each row's prior, as in Raykar and others (2010, *Learning from crowds*). All raters
    share one confusion matrix, and each has an accuracy, expressed as odds: few parameters suffice for a rater with few
    votes. One temperature calibrates the models' probabilities to the votes.

    Parameters
    ----------
    row, rater, label : (V,) int
        The votes, as positions among R rows, M raters and K labels.
    prior : (R, K) float64
    num_raters : int
        M.

    Returns
    -------
    posterior : (R, K) float64
        Joint probabilities; in rows without a vote, the prior at the estimated temperature.
    quality : (M,) float64
        Estimated accuracy of each rater; NaN without a vote.
    """
    counted = _count(row, rater, label, prior.shape, num_raters)
    logs = np.log(np.maximum(prior, PROBABILITY_FLOOR))
    logs -= logs.max(axis=1, keepdims=True)
    voted = np.flatnonzero(np.bincount(row, minlength=len(prior)))
    voted_logs = logs[voted]
    sureness = 1.0
    likely = _normalised(logs + np.log(counted.by_label.toarray() + 0.5))
    for _ in range(_ROUNDS):
        before = likely
        habits = _habits(counted, likely)
        sureness = _sharper(sureness, voted_logs, likely[voted])
        likely = _normalised(sureness * logs + _evidence(counted, habits))
        if np.abs(likely - before).max() < _TOLERANCE:
            break
    votes = np.bincount(rater, minlength=num_raters)
    return likely, np.where(votes > 0, _habits(counted, likely).accuracy, np.nan)


def _count(row: RowIndex, rater: Codes, label: LabelCodes, shape: tuple[int, ...], num_raters: int) -> _Counted:
    ones = np.ones(len(row))
    return _Counted(
        by_rater=sparse.csr_array((ones, (row, rater)), shape=(shape[0], num_raters)),
        by_label=sparse.csr_array((ones, (row, label)), shape=shape),
        row=row,
        rater=rater,
        label=label,
    )


def _habits(counted: _Counted, likely: Float64) -> _Habits:
    """Maximisation step: estimate all habits from the probability of each row's labels."""
    classes = likely.shape[1]
    table = (counted.by_label.T @ likely).T  # table[k, l]: expected votes for l where k is true
    usual = _open(np.trace(table) / table.sum())
    total = table.sum(axis=1)
    of_class = _open((table.diagonal() + _PRIOR_VOTES * usual) / (total + _PRIOR_VOTES))
    confused = table * (1 - np.eye(classes))
    common = confused.sum(axis=0) + 1.0  # wrong votes for each label, whatever is true
    common = np.where(np.eye(classes, dtype=bool), 0.0, common)
    confused += _PRIOR_VOTES * (1 - usual) * common / np.maximum(common.sum(axis=1, keepdims=True), 1e-12)
    confused /= np.maximum(confused.sum(axis=1, keepdims=True), 1e-12)
    np.fill_diagonal(confused, 1.0)
    agreed = np.bincount(counted.rater, weights=likely[counted.row, counted.label], minlength=counted.by_rater.shape[1])
    votes = np.bincount(counted.rater, minlength=len(agreed))
    accuracy = _open((agreed + _PRIOR_VOTES * usual) / (votes + _PRIOR_VOTES))
    odds = (of_class / (1 - of_class))[None, :] * (accuracy / (1 - accuracy) * (1 - usual) / usual)[:, None]
    return _Habits(np.log(odds / (1 + odds)), -np.log1p(odds), np.log(confused), accuracy)


def _evidence(counted: _Counted, habits: _Habits) -> Float64:
    """Return the (R, K) log-likelihood of each row's votes under each class."""
    evidence: Float64 = counted.by_rater @ habits.wrong + counted.by_label @ habits.confused.T
    gain = (habits.right - habits.wrong)[counted.rater, counted.label]
    evidence += sparse.csr_array((gain, (counted.row, counted.label)), shape=evidence.shape).toarray()
    return evidence


def _sharper(sureness: float, logs: Float64, likely: Float64) -> float:
    """Take a Newton step towards the exponent of the prior that fits ``likely`` best."""
    chances = _normalised(sureness * logs)
    mean = (chances * logs).sum(axis=1)
    slope = float((likely * logs).sum(axis=1).mean() - mean.mean())
    curvature = float(((chances * logs**2).sum(axis=1) - mean**2).mean())
    return float(np.clip(sureness + slope / max(curvature, 1e-9), 1 / _SHARPEST, _SHARPEST))


def _normalised(logs: Float64) -> Float64:
    chances: Float64 = np.exp(logs - logs.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    return chances


def _open(share: npt.ArrayLike) -> Float64:
    return np.clip(np.asarray(share, dtype=np.float64), _FLOOR, 1 - _FLOOR)
