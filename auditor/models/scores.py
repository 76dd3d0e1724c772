"""Losses and scores of probabilities, for every model and the consensus."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from sklearn.metrics import confusion_matrix, f1_score

from auditor.arrays import Float32, LabelCodes
from auditor.config import PROBABILITY_FLOOR


class Scores(BaseModel):
    """How well out-of-fold probabilities fit the given labels; ``model_dump`` is its entry in ``scores.json``.

    Attributes
    ----------
    accuracy : float or None
        Share of the rows whose likeliest label is the given one. This and the next three are None without rows.
    weighted_f1 : float or None
        Mean F1 of the classes, weighted by their rows.
    macro_f1 : float or None
        Unweighted mean F1 of the classes with rows.
    log_loss : float or None
        Mean loss, in nats.
    rows : int
        Rows with probabilities.
    f1_by_class : tuple of float or None
        K values; None for a class without rows.
    confusion : tuple of tuple of int
        K × K counts, given × predicted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    accuracy: float | None
    weighted_f1: float | None
    macro_f1: float | None
    log_loss: float | None
    rows: int
    f1_by_class: tuple[float | None, ...]
    confusion: tuple[tuple[int, ...], ...]


def floored(probabilities: npt.NDArray[np.floating]) -> Float32:
    """Raise lower probabilities to ``PROBABILITY_FLOOR`` and renormalise each row.

    Parameters
    ----------
    probabilities : (N, K) array
        Each row sums to 1, or is NaN and stays NaN.

    Returns
    -------
    (N, K) float32 array
    """
    raised: Float32 = np.maximum(probabilities, PROBABILITY_FLOOR, dtype=np.float32)
    sums = raised.sum(axis=1, keepdims=True, dtype=np.float64)
    np.divide(raised, sums, out=raised, casting="same_kind")
    return raised


def losses(probabilities: npt.NDArray[np.floating], labels: LabelCodes) -> Float32:
    """Return the cross-entropy of the given labels, in nats.

    Parameters
    ----------
    probabilities : (N, K) array
    labels : (N,) array
        Codes of the given labels.

    Returns
    -------
    (N,) float32 array
        From 0 to ``largest_loss(K)``; NaN where the probabilities are NaN.
    """
    given = floored(probabilities)[np.arange(len(labels)), labels]
    loss: Float32 = np.abs(np.log(given))  # -log(1) would be -0
    return loss


def largest_loss(num_classes: int) -> float:
    """Return the largest possible loss, in nats: the given label, and all others but one, are at the floor."""
    return math.log(1.0 / PROBABILITY_FLOOR + num_classes)


def score(probabilities: npt.NDArray[np.floating], labels: LabelCodes, num_classes: int) -> Scores:
    """Score probabilities against the given labels, over the rows with probabilities.

    Parameters
    ----------
    probabilities : (N, K) array
        Rows of NaN are ignored.
    labels : (N,) array
        Codes of the given labels.
    num_classes : int
        K; classes without rows are allowed.

    Returns
    -------
    Scores
    """
    judged = np.flatnonzero(~np.isnan(probabilities).any(axis=1))
    if not len(judged):
        return Scores(
            accuracy=None,
            weighted_f1=None,
            macro_f1=None,
            log_loss=None,
            rows=0,
            f1_by_class=(None,) * num_classes,
            confusion=((0,) * num_classes,) * num_classes,
        )
    probabilities, labels = probabilities[judged], labels[judged]
    predicted = probabilities.argmax(axis=1)
    classes = np.arange(num_classes)
    f1 = f1_score(labels, predicted, labels=classes, average=None, zero_division=0.0)
    rows = np.bincount(labels, minlength=num_classes)
    return Scores(
        accuracy=float((predicted == labels).mean()),
        weighted_f1=float(np.average(f1, weights=rows)),
        macro_f1=float(f1[rows > 0].mean()),
        log_loss=float(losses(probabilities, labels).mean(dtype=np.float64)),
        rows=len(judged),
        f1_by_class=tuple(value if number else None for value, number in zip(f1.tolist(), rows, strict=True)),
        confusion=tuple(tuple(row) for row in confusion_matrix(labels, predicted, labels=classes).tolist()),
    )
