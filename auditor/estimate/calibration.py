"""How well P(error) is calibrated on unread rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.arrays import Float64
from auditor.estimate.shares import Share, share

ENOUGH_CARDS = 200
"""Minimum number of blind cards for a statement on the calibration."""


@dataclass(frozen=True)
class Bin:
    """Blind cards with similar P(error).

    Attributes
    ----------
    forecast : float
        Mean P(error), as it was before each draw.
    errors : Share
        Errors among the cards.
    """

    forecast: float
    errors: Share


def calibration(
    forecast: Float64, error: npt.NDArray[np.bool_], bins: int = 3, alpha: float = 0.05
) -> list[Bin] | None:
    """Compare P(error) on unread rows with what blind cards have shown, in bins of as many cards each.

    Parameters
    ----------
    forecast : (n,) float64
        P(error) of each drawn row, as it was before the draw.
    error : (n,) bool

    Returns
    -------
    list of Bin or None
        From the lowest P(error) to the highest; None below 200 cards.
    """
    if len(forecast) < ENOUGH_CARDS:
        return None
    parts = np.array_split(np.argsort(forecast, kind="stable"), bins)
    return [
        Bin(float(forecast[part].mean()), share(int(np.count_nonzero(error[part])), len(part), alpha)) for part in parts
    ]
