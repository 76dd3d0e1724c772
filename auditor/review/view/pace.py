"""Pace: how many rows an hour somebody decides, by the time that they looked at each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.floating]

PAUSE = 300.0
"""Seconds on one row after which somebody was doing something else."""
WINDOW = 1800.0
"""Seconds of work, back from the last decision, that a rate is measured over."""
LEAST = 0.5
"""Seconds below which nobody reads a row: less is a fault of the clock, or a key that was held down."""
_FEWEST = 5
"""Decisions that a rate needs."""


def rate_per_hour(times: Seconds, seconds: Seconds | None = None) -> float | None:
    """Measure how many decisions an hour one reviewer has taken lately.

    A decision counts the seconds that were recorded while its row was on the screen. The log's own times would not do:
    decisions that were kept in the browser while the server was away arrive all at once. Where nothing credible was
    recorded, the time since the reviewer's decision before stands in for it, unless that was a pause. Going back from
    the last decision, the seconds add up to half an hour at most (and one decision more).

    Parameters
    ----------
    times : (T,) float64
        Seconds since 1970 of decisions that stand and were taken one by one, in any order.
    seconds : (T,) float, optional
        As recorded with each; what is not above 0 and at most :data:`PAUSE` counts as missing.

    Returns
    -------
    float or None
        None from fewer than five decisions, or where nothing tells how long they took.
    """
    recorded = np.zeros(len(times)) if seconds is None else np.asarray(seconds, np.float64)
    order = np.lexsort((recorded, times))
    recorded, waited = recorded[order], np.diff(times[order], prepend=-np.inf)
    credible = (recorded > 0) & (recorded <= PAUSE)
    taken = np.where(credible, np.maximum(recorded, LEAST), waited)
    taken = taken[credible | (waited <= PAUSE)][::-1]
    taken = taken[: int(np.searchsorted(np.cumsum(taken), WINDOW)) + 1]
    total = float(taken.sum())
    enough = len(times) >= _FEWEST and len(taken) + 1 >= _FEWEST and total >= LEAST * len(taken)
    return 3600 * len(taken) / total if enough else None
