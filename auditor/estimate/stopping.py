"""When reviewing can stop, and which claims hold together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.estimate.interval import ENOUGH_DRAWS, Interval
from auditor.estimate.shares import Share, share

LEFT = 0.02
"""ε: share of the unread rows that may still be wrong."""
FOUND = 0.8
"""ρ: share of all errors that has been found."""
RANKED, BLIND = 100, 30
"""Cards that the hint looks at: ranked ones, the last; blind ones, at least."""


@dataclass(frozen=True)
class Stop:
    """Whether reviewing can stop, each condition at the interval's end, so that it holds whenever it is looked at.

    Attributes
    ----------
    left_at_most : int
        Errors among the unread rows.
    left_allowed : float
        ε·U: errors that may be left.
    found_at_least : float
        Share of all errors.
    found_wanted : float
        ρ.
    interval_holds : bool
        False if outcomes have drifted: then the interval does not hold at all times, and neither does a condition.
    """

    left_at_most: int
    left_allowed: float
    found_at_least: float
    found_wanted: float
    interval_holds: bool

    @property
    def left_reached(self) -> bool:
        """Few enough errors are left."""
        return self.interval_holds and self.left_at_most <= self.left_allowed

    @property
    def found_reached(self) -> bool:
        """Enough of the errors have been found."""
        return self.interval_holds and self.found_at_least >= self.found_wanted

    @property
    def reached(self) -> bool:
        """One of the two conditions is met."""
        return self.left_reached or self.found_reached


def stop(estimate: Interval, left: float = LEFT, found: float = FOUND) -> Stop:
    """Apply the stop rule.

    Both conditions are read from one interval that holds at all times, so that either of them can be chosen, and
    changed, at any moment.

    Parameters
    ----------
    estimate : Interval
    left : float
        ε: share of the unread rows that may still be wrong.
    found : float
        ρ: share of all errors that must have been found.
    """
    return Stop(
        left_at_most=estimate.left[1],
        left_allowed=left * estimate.unread,
        found_at_least=estimate.found_at_least,
        found_wanted=found,
        interval_holds=not estimate.drifted,
    )


@dataclass(frozen=True)
class Hint:
    """Whether the order still finds more than chance does. A hint: it bounds nothing.

    Attributes
    ----------
    ranked, blind : Share
        Errors among the last ranked cards, and among the blind ones.
    """

    ranked: Share
    blind: Share

    @property
    def exhausted(self) -> bool:
        """The ranked cards found no more than the blind ones."""
        return self.ranked.count * self.blind.of <= self.blind.count * self.ranked.of


def hint(ranked: npt.NDArray[np.bool_], blind: npt.NDArray[np.bool_]) -> Hint | None:
    """Compare the last ranked cards with the blind ones.

    Parameters
    ----------
    ranked, blind : (n,) bool
        Whether each card was an error, in the order in which they were read; cards without a verdict left out.

    Returns
    -------
    Hint or None
        None below 100 ranked cards or 30 blind ones.
    """
    if len(ranked) < RANKED or len(blind) < BLIND:
        return None
    last = ranked[-RANKED:]
    return Hint(share(int(last.sum()), RANKED), share(int(blind.sum()), len(blind)))


def joint_alpha(claims: int, alpha: float = 0.05) -> float:
    """α/K: the level of each of K claims that are to hold together (Bonferroni).

    Examples
    --------
    >>> joint_alpha(5)
    0.01
    """
    return alpha / max(claims, 1)


def enough(estimates: Mapping[str, Interval]) -> dict[str, Interval | None]:
    """Replace the intervals of classes or splits with fewer than 10 settled draws by None: not enough."""
    return {
        name: estimate if estimate.draws - estimate.pending >= ENOUGH_DRAWS else None
        for name, estimate in estimates.items()
    }
