"""Whether rows of numbers are distributions over the labels: what is asked of probabilities that others have made."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-3
"""A row's sum may be so far from 1."""


def wrong_row(probabilities: npt.NDArray[np.floating]) -> tuple[int, str] | None:
    """Find the first row that is no distribution; None if all of them are.

    Parameters
    ----------
    probabilities : (N, K) array

    Returns
    -------
    (int, str) or None
        The row, and what is wrong with it, as the end of a sentence.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        sums = probabilities.sum(axis=1, dtype=np.float64)
        finite = np.isfinite(probabilities).all(axis=1)
        negative = np.any(probabilities < 0, axis=1)
        wrong = np.flatnonzero(~finite | negative | (np.abs(sums - 1) > TOLERANCE))
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
