"""How many labels are wrong, with an interval that holds while people watch it.

Let M be the errors among N rows. Before a blind draw, F of the judged rows are errors and U rows are unread, so the
drawn row is an error with probability p(M) = (M − F) / U exactly, whatever decided which rows were judged. A forecast
q, fixed before the draw, bets against M: the wealth K(M) starts at 1 and is multiplied by

    q / p(M)              if the row is an error,
    (1 − q) / (1 − p(M))  if it is not.

At the true M no bet gains on average, E[K(M)] ≤ 1, and by Ville's inequality (1939, *Étude critique de la notion de
collectif*) K(M) ever reaches 1/α with probability α at most. So {M : K(M) < 1/α after every draw} holds the true M
at all times together with probability 1 − α, under any order of the cards that changes with the verdicts. The method
is betting without replacement: Waudby-Smith and Ramdas (2020, *Confidence sequences for sampling without replacement*;
2024, *Estimating means of bounded random variables by betting*).

While something is unknown, a factor takes the smallest of its possible values, for each M separately: of both outcomes
if the drawn row is pending, of all possible F if verdicts on rows outside the pool were undone. What is shown until
then contains what will be shown when everything is known.

The assumption: a row's outcome does not depend on who judges it, when, or what was shown. The interval from blind cards
alone needs it least: there, every row that was not judged on a blind card has an unknown outcome, so that F is between
the blind cards' own errors and these plus all other judged rows. It is as narrow as the other one if few cards were
ranked, as in a sample, and tells little if many were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.arrays import Counts, Float64
from auditor.estimate.search import hull
from auditor.estimate.stream import Draws

ALPHA = 0.05
"""Probability that an interval ever misses."""
ENOUGH_DRAWS = 10
"""Minimum number of draws for a point estimate, and for the rate of a class or a split."""


@dataclass(frozen=True)
class Interval:
    """How many errors there are among N rows.

    Attributes
    ----------
    rows, judged : int
        N, and how many rows have an outcome.
    found : int
        F: errors among the judged rows.
    low, high : int
        Smallest and largest number M of errors that agrees with the draws.
    point : float
        F + U·q, cut to the interval; q is the forecast for the next draw.
    draws, pending, wrong : int
        Number of blind draws, of those that wait for a verdict, and of those whose row is an error.
    drifted : bool
        No M agrees with the draws at all times: outcomes have changed on the way. ``low`` and ``high`` are then those
        of the current wealth alone, and do not hold at all times together.
    alpha : float
        Probability that the interval ever misses.
    """

    rows: int
    judged: int
    found: int
    low: int
    high: int
    point: float
    draws: int
    pending: int
    wrong: int
    drifted: bool
    alpha: float

    @property
    def unread(self) -> int:
        """U: rows without an outcome."""
        return self.rows - self.judged

    @property
    def rate(self) -> tuple[float, float]:
        """Share of the N labels that are wrong, [low, high]."""
        return self._share(self.low), self._share(self.high)

    @property
    def has_point(self) -> bool:
        """Whether ``point`` follows from the draws rather than from the forecast that was made without them.

        F + U·q lies in every interval, even before the first draw, so it is an estimate only if three things hold:

        - The draws include both a wrong label and a right one. While all are alike, the likelihood is largest at an
          end of the interval, and any other value is the forecast's.
        - There are ten draws or more. Before the first fit, which is after the tenth verdict, the forecast is the same
          for every dataset.
        - The interval rules out half of all shares. In a wider one, the forecast decides.

        Once every row has been read, the number is exact.
        """
        settled = self.draws - self.pending
        mixed = 0 < self.wrong < settled and settled >= ENOUGH_DRAWS
        return not self.unread or (mixed and 2 * (self.high - self.low) <= self.rows)

    @property
    def rate_point(self) -> float | None:
        """Estimated share of the N labels that are wrong; None while only the interval is known."""
        return self._share(self.point) if self.has_point else None

    @property
    def left(self) -> tuple[int, int]:
        """Errors among the unread rows, [low, high]."""
        return self.low - self.found, self.high - self.found

    @property
    def left_point(self) -> float | None:
        """Estimated errors among the unread rows; None while only the interval is known."""
        return self.point - self.found if self.has_point else None

    @property
    def found_at_least(self) -> float:
        """Smallest share of all errors that has been found; 1 if there can be none."""
        return self.found / self.high if self.high else 1.0

    def _share(self, errors: float) -> float:
        return errors / self.rows if self.rows else 0.0


class Wealth:
    """Wealth of the bets against each possible M.

    The logarithm of a factor is c − log z, where z is linear in M and an exact integer: M − F for an error, U − M + F
    otherwise. If F may be anything from F to F + m, because m verdicts were undone, the smallest value has
    z = min(U, M − F) and z = min(U, U − M + F + m). All of these are convex in M.

    Parameters
    ----------
    draws : Draws
        (..., n), in their order.

    Attributes
    ----------
    low, high : (..., n) int64
        Smallest and largest M that the rows which the draw left out allow: F, and F + m + U.
    """

    def __init__(self, draws: Draws) -> None:
        self.low = draws.errors
        self.high = draws.errors + draws.unknown + draws.pool
        clean = draws.outcome == 0
        clean_stake, error_stake = (np.log(draws.pool) + log for log in (np.log1p(-draws.q), np.log(draws.q)))
        self._stake = np.where(clean, clean_stake, error_stake)
        self._sign = np.where(clean, -1.0, 1.0)  # counts are exact in float64 up to 2**53
        self._shift = np.where(clean, self.high, -self.low).astype(np.float64)
        unclear = ~draws.settled | (draws.unknown > 0)
        self._unclear = np.flatnonzero(unclear.any(axis=tuple(range(unclear.ndim - 1))))
        self._clean_stake = clean_stake[..., self._unclear]
        self._pool = draws.pool[..., self._unclear]
        self._pending = ~draws.settled[..., self._unclear]

    def log_factors(self, total: int | Counts) -> Float64:
        """Logarithms of all draws' factors at one M (or at several, on leading axes), (..., n).

        M must be possible: no less than the largest ``low``, no more than the smallest ``high``.
        """
        total = np.asarray(total)[..., None]
        z = self._shift + self._sign * total
        unclear = self._unclear
        with np.errstate(divide="ignore"):
            if len(unclear):
                z[..., unclear] = np.minimum(z[..., unclear], self._pool)
            factors: Float64 = self._stake - np.log(z)
            if len(unclear):
                clean = self._clean_stake - np.log(np.minimum(self.high[..., unclear] - total, self._pool))
                least = np.where(self._pending, np.minimum(factors[..., unclear], clean), factors[..., unclear])
                factors[..., unclear] = least
        return factors

    def log_now(self, total: int | Counts) -> Float64:
        """Logarithm of K(M) after all draws."""
        return np.asarray(self.log_factors(total).cumsum(axis=-1)[..., -1])

    def log_largest(self, total: int | Counts) -> Float64:
        """Largest logarithm of K(M) after any draw: M is in the running intersection if it is below log 1/α.

        A maximum of convex functions is convex, so that the whole history is one function to bisect.
        """
        return np.asarray(self.log_factors(total).cumsum(axis=-1).max(axis=-1))

    def turns(self) -> list[int]:
        """For each pending draw, the first M at which an error, not its absence, gives the smaller factor.

        On either side the factor is log-convex; across it, it is not. Found by bisection: the difference of both
        logarithms is monotone in M.
        """
        waiting = self._unclear[self._pending]
        low, high = self.low[waiting], self.high[waiting]
        pool, clean, error = self._pool[self._pending], self._clean_stake[self._pending], self._stake[waiting]
        before, after = low, high
        for _ in range(int(np.max(high - low, initial=0)).bit_length()):
            middle = (before + after) // 2
            with np.errstate(divide="ignore"):
                if_error = error - np.log(np.minimum(middle - low, pool))
                if_clean = clean - np.log(np.minimum(high - middle, pool))
            smaller = if_error <= if_clean
            before, after = np.where(smaller, before, middle), np.where(smaller, middle, after)
        return sorted(set(after.tolist()))


def interval(draws: Draws, *, rows: int, judged: int, found: int, q: float, alpha: float = ALPHA) -> Interval:
    """Estimate how many errors there are, from the judged rows and the blind draws.

    The ends are exact to one row. If all draws are settled, the largest log K(M) is convex in M, and bisection finds
    the ends. Pending draws cut the range into pieces on which it is convex; the pieces are searched from both sides,
    each until one holds an M.

    Parameters
    ----------
    draws : Draws
        (n,), in their order.
    rows, judged : int
        N, and how many rows have an outcome.
    found : int
        F: how many of the judged rows are errors.
    q : float
        Forecast for the next draw, for the point estimate: :func:`~auditor.estimate.stream.choose_q`.
    alpha : float
        Probability that the interval ever misses.

    Returns
    -------
    Interval

    Examples
    --------
    Of 100 rows, 10 were judged, one of them an error; then 60 blind cards were read, 3 of them errors.

    >>> outcome = np.zeros(60, np.int8)
    >>> outcome[[9, 29, 49]] = 1
    >>> before = 1 + np.cumsum(outcome) - outcome
    >>> draws = Draws(before, np.zeros(60, np.int64), 90 - np.arange(60), np.full(60, 0.05), outcome)
    >>> estimate = interval(draws, rows=100, judged=70, found=4, q=0.05)
    >>> estimate.low, estimate.high, estimate.left, round(estimate.found_at_least, 2)
    (4, 11, (0, 7), 0.36)
    """
    low, high = found, found + rows - judged
    point = found + (rows - judged) * q
    held: tuple[int, int] | None = (low, high)
    drifted = False
    if len(draws):
        wealth = Wealth(draws)
        low, high = max(low, int(wealth.low.max())), min(high, int(wealth.high.min()))
        limit, turns = -float(np.log(alpha)), wealth.turns()
        held = hull(wealth.log_largest, limit, low, high, turns, round(point))
        if drifted := held is None:
            held = hull(wealth.log_now, limit, low, high, turns, round(point))
    first, last = held or (low, high)
    return Interval(
        rows=rows,
        judged=judged,
        found=found,
        low=first,
        high=last,
        point=float(np.clip(point, first, last)),
        draws=len(draws),
        pending=int(np.count_nonzero(~draws.settled)),
        wrong=int(np.count_nonzero(draws.outcome == 1)),
        drifted=drifted,
        alpha=alpha,
    )
