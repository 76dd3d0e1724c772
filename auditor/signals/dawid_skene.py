"""Dawid and Skene's model of raters, with the models' probabilities as what is known before anybody votes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from auditor.arrays import Codes, Float64, LabelCodes, RowIndex
from auditor.config import PROBABILITY_FLOOR

_ROUNDS = 50
_ENOUGH = 1e-4
"""Rounds end when no probability changes by more."""
_USUAL = 10.0
"""Votes that the usual is worth: a rater, or a class, with few votes of its own is taken for a usual one."""
_SHARPEST = 5.0
_FLOOR = 1e-3
"""Nobody is always right, nor always wrong."""


@dataclass(frozen=True)
class _Counted:
    """V votes on R rows: who voted on what (R × M), and for which label (R × K)."""

    by_rater: sparse.csr_array
    by_label: sparse.csr_array
    row: RowIndex
    rater: Codes
    label: LabelCodes


@dataclass(frozen=True)
class _Habits:
    """How raters vote.

    Attributes
    ----------
    right : (M, K)
        Log-probability that a rater names class k where it is true.
    wrong : (M, K)
        That the rater names another.
    confused : (K, K)
        Log-probability of each label where class k is true and the vote is wrong; 0 on the diagonal.
    accuracy : (M,)
        Of each rater, over all classes.
    """

    right: Float64
    wrong: Float64
    confused: Float64
    accuracy: Float64


def dawid_skene(
    row: RowIndex, rater: Codes, label: LabelCodes, prior: Float64, num_raters: int
) -> tuple[Float64, Float64]:
    """Estimate by expectation and maximisation who votes how, and which label each row has.

    After Dawid and Skene (1979, *Maximum likelihood estimation of observer error-rates using the EM algorithm*), with
    the models' probabilities as each row's prior, as in Raykar and others (2010, *Learning from crowds*). What is
    confused with what is common to all raters; each has an own accuracy, as the odds of being right, so that a rater
    with few votes has few numbers to estimate. One temperature makes the models as sure as the votes show them to be.

    Parameters
    ----------
    row, rater, label : (V,) int
        The votes, by place among R rows, M raters and K labels.
    prior : (R, K) float64
    num_raters : int
        M.

    Returns
    -------
    posterior : (R, K) float64
        In rows without a vote, the prior at the temperature found.
    quality : (M,) float64
        Accuracy of each rater as estimated; NaN for one without a vote.
    """
    counted = _count(row, rater, label, prior.shape, num_raters)
    logs = np.log(np.maximum(prior, PROBABILITY_FLOOR))
    logs -= logs.max(axis=1, keepdims=True)
    voted = np.flatnonzero(np.bincount(row, minlength=len(prior)))
    known = logs[voted]
    sureness = 1.0
    likely = _normalised(logs + np.log(counted.by_label.toarray() + 0.5))
    for _ in range(_ROUNDS):
        before = likely
        habits = _habits(counted, likely)
        sureness = _sharper(sureness, known, likely[voted])
        likely = _normalised(sureness * logs + _evidence(counted, habits))
        if np.abs(likely - before).max() < _ENOUGH:
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
    """The step of maximisation: everybody's habits, given how likely each label of each row is."""
    classes = likely.shape[1]
    table = (counted.by_label.T @ likely).T  # votes for l where k is true
    usual = _open(np.trace(table) / table.sum())
    total = table.sum(axis=1)
    of_class = _open((table.diagonal() + _USUAL * usual) / (total + _USUAL))
    confused = table * (1 - np.eye(classes))
    common = confused.sum(axis=0) + 1.0  # what is named in error, whatever is true
    common = np.where(np.eye(classes, dtype=bool), 0.0, common)
    confused += _USUAL * (1 - usual) * common / np.maximum(common.sum(axis=1, keepdims=True), 1e-12)
    confused /= np.maximum(confused.sum(axis=1, keepdims=True), 1e-12)
    np.fill_diagonal(confused, 1.0)
    agreed = np.bincount(counted.rater, weights=likely[counted.row, counted.label], minlength=counted.by_rater.shape[1])
    votes = np.bincount(counted.rater, minlength=len(agreed))
    accuracy = _open((agreed + _USUAL * usual) / (votes + _USUAL))
    odds = (of_class / (1 - of_class))[None, :] * (accuracy / (1 - accuracy) * (1 - usual) / usual)[:, None]
    return _Habits(np.log(odds / (1 + odds)), -np.log1p(odds), np.log(confused), accuracy)


def _evidence(counted: _Counted, habits: _Habits) -> Float64:
    """(R, K) log-likelihood of each row's votes, for each class that could be true."""
    evidence: Float64 = counted.by_rater @ habits.wrong + counted.by_label @ habits.confused.T
    gain = (habits.right - habits.wrong)[counted.rater, counted.label]
    evidence += sparse.csr_array((gain, (counted.row, counted.label)), shape=evidence.shape).toarray()
    return evidence


def _sharper(sureness: float, logs: Float64, likely: Float64) -> float:
    """One step of Newton's towards the power of the prior under which what is likely is most likely."""
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
