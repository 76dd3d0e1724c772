"""Shares of counts, and differences of two shares, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri


@dataclass(frozen=True)
class Share:
    """A share of a count: a fixed-sample estimate with the Wilson interval.

    Attributes
    ----------
    count, of : int
    low, high : float
        In [0, 1]; [0, 1] if ``of`` is 0.
    """

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """Count / of; None if ``of`` is 0."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True)
class Difference:
    """The first share minus the second one, with the Newcombe interval.

    Attributes
    ----------
    first, second : Share
    low, high : float
        In [-1, 1].
    """

    first: Share
    second: Share
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """Difference of the two values; None if one of them is None."""
        first, second = self.first.value, self.second.value
        return None if first is None or second is None else first - second


def share(count: int, of: int, alpha: float = 0.05) -> Share:
    """Estimate a share with its score interval.

    After Wilson (1927, *Probable inference, the law of succession, and statistical inference*). It holds for a sample
    whose size was fixed beforehand, not at all times together.

    Examples
    --------
    >>> found = share(8, 100)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.08, 0.041, 0.15)
    """
    return Share(count, of, *score_ends(count / of, of, alpha)) if of else Share(count, of, 0.0, 1.0)


def score_ends(value: float, of: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the ends of the score interval of a share of ``of`` cards, which may be an effective number."""
    z2 = float(ndtri(1 - alpha / 2)) ** 2
    centre = (of * value + z2 / 2) / (of + z2)
    margin = math.sqrt(z2 * (of * value * (1 - value) + z2 / 4)) / (of + z2)
    # At no count and at a full one, the end is exact; rounding must not move it.
    low = 0.0 if value == 0 else max(0.0, centre - margin)
    high = 1.0 if value == 1 else min(1.0, centre + margin)
    return low, high


def difference(first: Share, second: Share) -> Difference:
    """Subtract two independent shares, with the hybrid score interval.

    Method 10 of Newcombe (1998, *Interval estimation for the difference between independent proportions*): with the
    Wilson intervals [l, u] of both shares, the ends are d − √((p₁ − l₁)² + (u₂ − p₂)²) and d + √((u₁ − p₁)² + (p₂ −
    l₂)²).

    Examples
    --------
    Newcombe's first example: 56 of 70 against 48 of 80.

    >>> found = difference(share(56, 70), share(48, 80))
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    left, right = first.value, second.value
    if left is None or right is None:
        return Difference(first, second, first.low - second.high, first.high - second.low)
    return Difference(first, second, *difference_ends(left, right, (first.low, first.high), (second.low, second.high)))


def difference_ends(
    left: float, right: float, ends_left: tuple[float, float], ends_right: tuple[float, float]
) -> tuple[float, float]:
    """Return the ends of the hybrid score interval of a difference, from both shares and their intervals."""
    below = math.hypot(left - ends_left[0], ends_right[1] - right)
    above = math.hypot(ends_left[1] - left, right - ends_right[0])
    return left - right - below, left - right + above
