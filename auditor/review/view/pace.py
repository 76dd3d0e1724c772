"""Pace: rows that a reviewer decides per hour, from the time spent on each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.floating]

PAUSE = 300.0
"""Seconds on one row beyond which the reviewer is assumed to have paused."""
WINDOW = 1800.0
"""Seconds of work before the last decision that the rate is measured over."""
LEAST = 0.5
"""Minimum seconds to read a row: less means a wrong clock or a key held down."""
_FEWEST = 5
"""Minimum number of decisions for a rate."""


def rate_per_hour(times: Seconds, seconds: Seconds | None = None) -> float | None:
    """Measure how many decisions per hour a reviewer has made recently.

    A decision counts the seconds recorded while its row was on the screen. The times in the log would not do: decisions
    that the browser kept while the server was down arrive all at once. Without a credible record, the time since the
    reviewer's previous decision counts, unless that was a pause. Going back from the last decision, the seconds add up
    to half an hour at most (plus one decision).

    Parameters
    ----------
    times : (T,) float64
        Times of standing decisions made one by one, in seconds since 1970, in any order.
    seconds : (T,) float, optional
        Recorded seconds of each. Values outside (0, :data:`PAUSE`] count as missing.

    Returns
    -------
    float or None
        None for fewer than five decisions, or if their times are unknown.
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
