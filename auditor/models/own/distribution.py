"""Whether rows of numbers are distributions over the labels: what is asked of probabilities that others have made."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-3
"""A row's sum may be so far from 1."""
_FURTHEST = 0.25
"""And so far where values are rounded, of however many classes."""
_DECIMALS = 4
"""From five on, rounding stays within ``TOLERANCE`` for up to 200 classes."""


def rounding(blocks: Iterable[npt.NDArray[np.floating]]) -> tuple[int, float] | None:
    """Whether all values are probabilities that were rounded to few decimals, and how far off a sum may be then.

    Each value may be off by half a unit of its last decimal, and so a sum of K values by K times that.

    Parameters
    ----------
    blocks : iterable of (n, K) arrays
        They are looked at as far as is needed.

    Returns
    -------
    (int, float) or None
        Decimals; and the tolerance of a row's sum, ``TOLERANCE`` at least. None if values are below 0, above 1, or not
        rounded to four decimals or fewer.
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


def _are_whole(values: npt.NDArray[np.float64]) -> bool:
    """Whether all are whole numbers, but for what float32 has of them."""
    return bool((np.abs(values - np.rint(values)) < 1e-3).all())


def wrong_row(probabilities: npt.NDArray[np.floating], tolerance: float = TOLERANCE) -> tuple[int, str] | None:
    """Find the first row that is no distribution; None if all of them are.

    Parameters
    ----------
    probabilities : (N, K) array
    tolerance : float
        Of a row's sum.

    Returns
    -------
    (int, str) or None
        The row, and what is wrong with it, as the end of a sentence.
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
        return row, "holds a value that is not finite"
    return row, f"holds {probabilities[row].min():.4g}" if negative[row] else f"sums to {sums[row]:.6g}"


def normalised(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Divide each row by its sum: (N, K) float32, rows of NaN as they were."""
    sums = probabilities.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.asarray(probabilities / sums, dtype=np.float32)
