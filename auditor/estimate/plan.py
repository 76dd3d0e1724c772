"""What blind cards would tell, before anybody has read one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.arrays import Outcomes
from auditor.estimate.interval import ALPHA, Interval, interval
from auditor.estimate.stream import Draws, choose_q

SECONDS_A_CARD = 7.2
"""Until somebody has reviewed: 100 cards in 12 minutes."""
CARDS = (50, 100, 200, 300, 500, 1000)
FORECAST = 0.01
"""Mean P(error) that an error-free sample is planned with."""
_SAMPLES = 20


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
    500 blind cards without an error: at most 1.2 % of the labels are wrong, after an hour.

    >>> (found,) = plan(20_000, rate=0.05, cards=(500,))
    >>> round(found.certified, 3), round(found.minutes), [round(end, 3) for end in found.rate]
    (0.012, 60, [0.032, 0.08])
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


def certified(rows: int, cards: int, forecast: float = FORECAST, alpha: float = ALPHA) -> float:
    """Largest share of wrong labels that is left possible by blind cards without an error.

    Parameters
    ----------
    rows, cards : int
        N, and the number of blind cards.
    forecast : float
        Mean P(error) that the draws are made with: the lower, the more they certify if there is indeed no error.
    """
    return _sample(rows, np.zeros(min(cards, rows), np.int8), forecast, alpha).rate[1]


def _expected(rows: int, cards: int, rate: float, alpha: float) -> tuple[float, float]:
    """Mean ends of the interval over some samples, the same ones every time."""
    rng = np.random.default_rng(0)
    wrong = round(rows * rate)
    samples = [(rng.choice(rows, cards, replace=False) < wrong).astype(np.int8) for _ in range(_SAMPLES)]
    ends = np.array([_sample(rows, outcome, rate, alpha).rate for outcome in samples])
    low, high = ends.mean(axis=0).tolist()
    return low, high


def _sample(rows: int, outcome: Outcomes, forecast: float, alpha: float) -> Interval:
    """The interval after a sample of blind cards alone."""
    drawn = np.arange(len(outcome))
    before = np.cumsum(outcome, dtype=np.int64) - outcome
    q = choose_q(forecast, drawn * forecast, before)
    draws = Draws(before, np.zeros(len(outcome), np.int64), rows - drawn, q, outcome)
    return interval(draws, rows=rows, judged=len(outcome), found=int(outcome.sum()), q=forecast, alpha=alpha)
