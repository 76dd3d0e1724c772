"""How many rows to flag: every candidate counts rows by the consensus and the given labels alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from cleanlab.count import compute_confident_joint
from cleanlab.filter import find_label_issues

Labels = npt.NDArray[np.integer]
Chances = npt.NDArray[np.float64]


def given_and_other(labels: Labels, chances: Chances) -> tuple[Chances, Chances]:
    """(N,) probability of the given label, and of the likeliest other one."""
    every = np.arange(len(labels))
    others = chances.copy()
    others[every, labels] = -1
    return chances[every, labels], others.max(axis=1)


def confident_learning(labels: Labels, chances: Chances) -> npt.NDArray[np.bool_]:
    """(N,) cleanlab's own flags, ``prune_by_noise_rate``; they need not be the head of the ranking."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flagged: npt.NDArray[np.bool_] = find_label_issues(labels, chances, n_jobs=1)
    return flagged


def _joint(labels: Labels, chances: Chances) -> float:
    return float(confident_learning(labels, chances).sum())


def _uncalibrated(labels: Labels, chances: Chances) -> float:
    joint = compute_confident_joint(labels, chances, calibrate=False)
    return float(joint.sum() - np.trace(joint))


def _lead(labels: Labels, chances: Chances) -> float:
    given, other = given_and_other(labels, chances)
    return float(np.maximum(other - given, 0).sum())


def _disagreeing(labels: Labels, chances: Chances) -> float:
    given, other = given_and_other(labels, chances)
    return float((other > given).sum())


def _expected(labels: Labels, chances: Chances) -> float:
    given, _ = given_and_other(labels, chances)
    return float((1 - given).sum())


def _relative_lead(labels: Labels, chances: Chances) -> float:
    given, other = given_and_other(labels, chances)
    return float((np.maximum(other - given, 0) / (other + given)).sum())


def _other_where_likelier(labels: Labels, chances: Chances) -> float:
    given, other = given_and_other(labels, chances)
    return float(other[other > given].sum())


def _majority(labels: Labels, chances: Chances) -> float:
    _, other = given_and_other(labels, chances)
    return float((other > 0.5).sum())


def _squared_lead(labels: Labels, chances: Chances) -> float:
    given, other = given_and_other(labels, chances)
    return float((np.maximum(other - given, 0) ** 2).sum())


def _lead_over_half(labels: Labels, chances: Chances) -> float:
    given, other = given_and_other(labels, chances)
    return float((other - given)[other > 0.5].sum())


def _leading_by_half(labels: Labels, chances: Chances) -> float:
    given, other = given_and_other(labels, chances)
    return float((other - given > 0.5).sum())


CHOSEN = "sum of s - p where s > 1/2"
COUNTS: dict[str, Callable[[Labels, Chances], float]] = {
    CHOSEN: _lead_over_half,
    "confident joint, not calibrated": _uncalibrated,
    "sum of max(0, s - p)": _lead,
    "sum of max(0, s - p)²": _squared_lead,
    "sum of max(0, s - p) / (s + p)": _relative_lead,
    "sum of s where s > p": _other_where_likelier,
    "rows with s - p > 1/2": _leading_by_half,
    "rows with s > 1/2": _majority,
    "rows with s > p": _disagreeing,
    "sum of 1 - p": _expected,
    "confident joint": _joint,
}
"""p is the consensus' probability of the given label, s that of the likeliest other one."""
