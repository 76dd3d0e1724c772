"""How surely a flag stays, and the tier that a row is in for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from auditor.arrays import Float32, Mask

TIERS = ("high", "medium", "low")


def stability(flagged: Sequence[Mask], judged: Sequence[Mask]) -> Float32:
    """(N,) share of the repeats that judged a row which flag it; NaN where none did.

    Parameters
    ----------
    flagged, judged : sequence of (N,) bool
        By repeat; one at least.
    """
    counts = np.sum(judged, axis=0)
    share = np.full(counts.shape, np.nan, np.float32)
    np.divide(np.sum(flagged, axis=0), counts, out=share, where=counts > 0, casting="same_kind")
    return share


def tiers(is_issue: Mask, stable: Float32) -> npt.NDArray[np.int8]:
    """(N,) position in :data:`TIERS`, -1 for none.

    ``high``: an issue, and flagged in every repeat. ``medium``: an issue that is not stable, or of which nothing says
    that it is. ``low``: no issue, but flagged in some repeat.
    """
    issues = np.where(stable == 1, TIERS.index("high"), TIERS.index("medium"))
    others = np.where(stable > 0, TIERS.index("low"), -1)
    return np.where(is_issue, issues, others).astype(np.int8)
