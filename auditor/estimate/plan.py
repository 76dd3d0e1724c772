"""What blind cards would show, before anybody has read one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.arrays import Counts, Float64, Outcomes
from auditor.estimate.interval import ALPHA, Interval, interval
from auditor.estimate.learning import EVERY
from auditor.estimate.stream import Draws, choose_q

SECONDS_A_CARD = 7.2
"""Until somebody has reviewed: 100 cards in 12 minutes."""
CARDS = (50, 100, 200, 300, 500, 1000)
_SAMPLES = 20
_USUAL = 0.095
"""Mean P(error) before the tenth verdict."""
_WRONG, _CARDS = 0.45, 2.0
"""Errors among so many cards that the learnt order's mean P(error) begins with."""


@dataclass(frozen=True)
class Plan:
    """What a number of blind cards would tell.

    Attributes
    ----------
    cards : int
    rate : tuple of float
        Mean interval for the share of wrong labels, [low, high], if the assumed rate is right.
    certified : float
        The largest share of wrong labels that is left possible if none of the cards is an error.
    minutes : float
        To read the cards.
    """

    cards: int
    rate: tuple[float, float]
    certified: float
    minutes: float

    @property
    def width(self) -> float:
        """Width of the interval, as a share of the rows."""
        return self.rate[1] - self.rate[0]


def plan(
    rows: int,
    rate: float,
    cards: tuple[int, ...] = CARDS,
    seconds_a_card: float = SECONDS_A_CARD,
    alpha: float = ALPHA,
) -> list[Plan]:
    """Tell what samples of blind cards alone would tell about a dataset that nobody has judged.

    Parameters
    ----------
    rows : int
        N.
    rate : float
        Assumed share of wrong labels.
    cards : tuple of int
        Sizes; those above N are cut to N.
    seconds_a_card : float
        Median time of a card.

    Examples
    --------
    500 blind cards without an error: at most 1 % of the labels are wrong, after an hour.

    >>> (found,) = plan(20_000, rate=0.05, cards=(500,))
    >>> round(found.certified, 3), round(found.minutes), [round(end, 3) for end in found.rate]
    (0.01, 60, [0.029, 0.086])
    """
    sizes = sorted({min(size, rows) for size in cards})
    return [
        Plan(
            cards=size,
            rate=_expected(rows, size, rate, alpha),
            certified=certified(rows, size, alpha=alpha),
            minutes=size * seconds_a_card / 60,
        )
        for size in sizes
    ]


def certified(rows: int, cards: int, alpha: float = ALPHA) -> float:
    """Largest share of wrong labels that is left possible by blind cards without an error.

    Parameters
    ----------
    rows, cards : int
        N, and the number of blind cards.
    """
    return _sample(rows, np.zeros(min(cards, rows), np.int8), alpha).rate[1]


def _expected(rows: int, cards: int, rate: float, alpha: float) -> tuple[float, float]:
    """Mean ends of the interval over some samples, the same ones every time."""
    rng = np.random.default_rng(0)
    wrong = round(rows * rate)
    samples = [(rng.choice(rows, cards, replace=False) < wrong).astype(np.int8) for _ in range(_SAMPLES)]
    ends = np.array([_sample(rows, outcome, alpha).rate for outcome in samples])
    low, high = ends.mean(axis=0).tolist()
    return low, high


def _sample(rows: int, outcome: Outcomes, alpha: float) -> Interval:
    """The interval after a sample of blind cards alone."""
    drawn = np.arange(len(outcome))
    before = np.cumsum(outcome, dtype=np.int64) - outcome
    forecast = _forecasts(before)
    q = choose_q(forecast, np.cumsum(forecast) - forecast, before)
    draws = Draws(before, np.zeros(len(outcome), np.int64), rows - drawn, q, outcome)
    return interval(draws, rows=rows, judged=len(outcome), found=int(outcome.sum()), q=0.5, alpha=alpha)


def _forecasts(errors: Counts) -> Float64:
    """Mean P(error) before each card of a sample, (n,), as the learnt order has it: fitted after every tenth card.

    Parameters
    ----------
    errors : (n,) int64
        Errors among the cards before it.
    """
    seen = np.arange(len(errors)) // EVERY * EVERY
    return np.where(seen > 0, (errors[seen] + _WRONG) / (seen + _CARDS), _USUAL)
