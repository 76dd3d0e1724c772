"""Stability of flags over repeats, and the tiers derived from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from auditor.arrays import Float32, Mask

TIERS = ("high", "medium", "low")


def stability(flagged: Sequence[Mask], judged: Sequence[Mask]) -> Float32:
    """Return, for each row, the share of the repeats that judged it that also flag it, (N,); NaN if none did.

    Parameters
    ----------
    flagged, judged : sequence of (N,) bool
        One array per repeat; at least one.
    """
    counts = np.sum(judged, axis=0)
    share = np.full(counts.shape, np.nan, np.float32)
    np.divide(np.sum(flagged, axis=0), counts, out=share, where=counts > 0, casting="same_kind")
    return share


def tiers(is_issue: Mask, stable: Float32) -> npt.NDArray[np.int8]:
    """Return the (N,) position in :data:`TIERS`, -1 for none.

    ``high``: an issue that every repeat flags. ``medium``: any other issue, also one of unknown stability. ``low``: a
    row that is not an issue, but that some repeat flags.
    """
    issues = np.where(stable == 1, TIERS.index("high"), TIERS.index("medium"))
    others = np.where(stable > 0, TIERS.index("low"), -1)
    return np.where(is_issue, issues, others).astype(np.int8)
