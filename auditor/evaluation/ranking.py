"""Metrics of a ranking when the wrong labels are known."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score

from auditor.arrays import Mask, Suspicion


def average_precision(suspicion: Suspicion, wrong: Mask) -> float:
    """Return the area under the step-wise precision-recall curve, as in scikit-learn. NaN ranks last.

    Parameters
    ----------
    suspicion : (N,) float
    wrong : (N,) bool
        Labels known to be wrong; at least one.
    """
    lowest = np.nan_to_num(suspicion, nan=-np.inf, neginf=-np.inf)
    ranks = np.unique(lowest, return_inverse=True)[1]  # equal suspicion stays equal
    return float(average_precision_score(wrong, ranks))


def precision_at(suspicion: Suspicion, wrong: Mask, first: int | None = None) -> float:
    """Return the share of wrong labels among the first rows; by default as many as there are wrong labels.

    Rows of equal suspicion are in the order of the dataset.
    """
    first = int(wrong.sum()) if first is None else first
    order = np.argsort(-np.nan_to_num(suspicion, nan=-np.inf), kind="stable")[:first]
    return float(wrong[order].mean()) if len(order) else 0.0
