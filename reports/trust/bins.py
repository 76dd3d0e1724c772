"""P(error) from the static order alone, for many audits at once: a quick stand-in for the learnt order.

The product forecasts each blind card with :mod:`auditor.estimate.learning`. Any forecast that is fixed before the draw
keeps the interval valid, and this one costs the same for any number of rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtri

from auditor.arrays import Float64
from auditor.estimate.learning import USUAL

BINS = 64
"""Bins of the static order."""
_SPREAD = (1.0, 1.0)
"""Standard deviations of a and b around what is usual."""
_ROUNDS = 20
_CLOSE = 1e-5


def bin_order(rows: int, bins: int = BINS) -> npt.NDArray[np.int64]:
    """Bin of each place in the static order, the most suspect first: (N,) in 0 … bins − 1."""
    return np.arange(rows, dtype=np.int64) * min(bins, rows) // max(rows, 1)


def fit_bins(judged: npt.NDArray[np.integer], errors: npt.NDArray[np.integer]) -> Float64:
    """P(error) in each bin of the static order: logit P = a + b·z, with z the normal score of the bin.

    The most probable a and b, given a weak prior and the verdicts so far. Counts in bins are all that it needs, so
    that its cost does not depend on the number of rows. Selection by the order itself, as of ranked cards, does not
    bias it; a wrong shape does, which the forecast of the blind stream then corrects
    (:func:`~auditor.estimate.stream.choose_q`).

    Parameters
    ----------
    judged, errors : (..., B) int
        Judged rows in each bin, and how many of them are errors. Leading axes are fitted separately.

    Returns
    -------
    (..., B) float64

    Examples
    --------
    40 of 50 rows at the head are errors, and 1 of 50 at the end.

    >>> np.round(fit_bins(np.array([50, 0, 0, 50]), np.array([40, 0, 0, 1])), 2)
    array([0.78, 0.35, 0.12, 0.02])
    """
    bins = judged.shape[-1]
    z = ndtri(1 - (np.arange(bins) + 0.5) / bins)
    powers = np.stack([np.ones(bins), z, z * z], axis=1)
    judged, errors = judged.astype(np.float64), errors.astype(np.float64)
    a = np.full(judged.shape[:-1], USUAL[0])
    b = np.full(judged.shape[:-1], USUAL[1])
    tight_a, tight_b = (1 / spread**2 for spread in _SPREAD)
    for _ in range(_ROUNDS):
        p = expit(a[..., None] + b[..., None] * z)
        expected = judged * p
        slopes = (errors - expected) @ powers[:, :2]
        curvature = (expected * (1 - p)) @ powers
        slope_a = slopes[..., 0] - tight_a * (a - USUAL[0])
        slope_b = slopes[..., 1] - tight_b * (b - USUAL[1])
        aa, ab, bb = curvature[..., 0] + tight_a, curvature[..., 1], curvature[..., 2] + tight_b
        area = aa * bb - ab * ab
        # Newton's steps, kept short: far away the curvature is next to nothing.
        step_a = np.clip((bb * slope_a - ab * slope_b) / area, -1, 1)
        step_b = np.clip((aa * slope_b - ab * slope_a) / area, -1, 1)
        a, b = a + step_a, b + step_b
        if max(np.abs(step_a).max(initial=0), np.abs(step_b).max(initial=0)) < _CLOSE:
            break
    return np.asarray(expit(a[..., None] + b[..., None] * z))


def mean_p(chances: Float64, unread: npt.NDArray[np.integer]) -> Float64:
    """p̄: mean P(error) over the unread rows, (...,), from the bins' P(error) and their unread rows, (..., B)."""
    return np.asarray((chances * unread).sum(-1) / np.maximum(unread.sum(-1), 1))
