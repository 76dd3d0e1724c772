"""Checks that rows of numbers are distributions over the labels."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from auditor.arrays import Float32, Float64

TOLERANCE = 1e-3
"""Largest deviation of a row's sum from 1."""
_FURTHEST = 0.25
"""Largest deviation for rounded values, whatever the number of classes."""
_DECIMALS = 4
"""Most decimals that count as rounded; with five, sums of up to 200 classes are within ``TOLERANCE``."""


def rounding(blocks: Iterable[npt.NDArray[np.floating]]) -> tuple[int, float] | None:
    """Detect probabilities rounded to few decimals, and return the tolerance of their sums.

    Each value may be off by half a unit of its last decimal, and a sum of K values by K times as much.

    Parameters
    ----------
    blocks : iterable of (n, K) arrays
        Blocks of rows; they are read only as far as needed.

    Returns
    -------
    (int, float) or None
        Decimals, and the tolerance of a row's sum, at least ``TOLERANCE``. None if values are below 0, above 1, or not
        rounded to at most four decimals.
    """
    decimals, classes = 1, 0
    for block in blocks:
        values, classes = block[~np.isnan(block)].astype(np.float64), block.shape[1]
        if ((values < 0) | (values > 1)).any():
            return None
        while decimals <= _DECIMALS and not _are_whole(values * 10**decimals):
            decimals += 1
        if decimals > _DECIMALS:
            return None
    return decimals, max(TOLERANCE, min(_FURTHEST, classes * 0.5 * 10.0**-decimals + 1e-6))


def _are_whole(values: Float64) -> bool:
    """Return whether all values are whole numbers, within the precision of float32."""
    return bool((np.abs(values - np.rint(values)) < 1e-3).all())


def wrong_row(probabilities: npt.NDArray[np.floating], tolerance: float = TOLERANCE) -> tuple[int, str] | None:
    """Find the first row that is not a distribution; None if all are.

    Parameters
    ----------
    probabilities : (N, K) array
    tolerance : float
        Tolerance of a row's sum.

    Returns
    -------
    (int, str) or None
        The row, and a predicate that says what is wrong with it.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        sums = probabilities.sum(axis=1, dtype=np.float64)
        finite = np.isfinite(probabilities).all(axis=1)
        negative = np.any(probabilities < 0, axis=1)
        wrong = np.flatnonzero(~finite | negative | (np.abs(sums - 1) > tolerance))
    if not len(wrong):
        return None
    row = int(wrong[0])
    if not finite[row]:
        return row, "has a value that is not finite"
    return row, f"has the value {probabilities[row].min():.4g}" if negative[row] else f"sums to {sums[row]:.6g}"


def normalised(probabilities: npt.NDArray[np.floating]) -> Float32:
    """Divide each row by its sum. Return (N, K) float32; rows of NaN stay NaN."""
    sums = probabilities.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.asarray(probabilities / sums, dtype=np.float32)
