"""What more blind cards would show."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from auditor.arrays import Float64, Outcomes
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
    cards, more : int
        Blind cards in all, and those of them that are still to be read.
    rate : tuple of float
        Mean interval for the share of wrong labels, [low, high], if the assumed rate is right.
    certified : float
        The largest share of wrong labels that is left possible if none of the cards to be read is an error.
    minutes : float
        Time to read the cards that are still to be read.
    """

    cards: int
    more: int
    rate: tuple[float, float]
    certified: float
    minutes: float

    @property
    def width(self) -> float:
        """Width of the interval, as a share of the rows."""
        return self.rate[1] - self.rate[0]


@dataclass(frozen=True)
class SoFar:
    """What has been judged before a plan.

    Attributes
    ----------
    draws : Draws
        Of the blind cards, each once and all of them judged.
    judged, found : int
        Rows that have an outcome, and the errors among them.
    """

    draws: Draws = field(default_factory=lambda: Draws.of([]))
    judged: int = 0
    found: int = 0


def plan(
    rows: int,
    rate: float,
    cards: tuple[int, ...] = CARDS,
    seconds_a_card: float = SECONDS_A_CARD,
    alpha: float = ALPHA,
    so_far: SoFar | None = None,
) -> list[Plan]:
    """Predict what more blind cards would show about a dataset, given the verdicts so far.

    Parameters
    ----------
    rows : int
        N.
    rate : float
        Assumed share of wrong labels.
    cards : tuple of int
        Sizes, with the blind cards that are judged. Those above the number of rows that can be drawn are cut to it, and
        those that are reached already are left out.
    seconds_a_card : float
        Median time of a card.
    so_far : SoFar, optional
        Default: nothing.

    Examples
    --------
    500 blind cards without an error: at most 1 % of the labels are wrong, after an hour.

    >>> (found,) = plan(20_000, rate=0.05, cards=(500,))
    >>> round(found.certified, 3), round(found.minutes), [round(end, 3) for end in found.rate]
    (0.01, 60, [0.029, 0.086])
    """
    so_far = so_far or SoFar()
    done = len(so_far.draws)
    most = done + rows - so_far.judged
    sizes = sorted({min(size, most) for size in cards if size > done} or {most})
    return [
        Plan(
            cards=size,
            more=size - done,
            rate=_expected(rows, size - done, rate, alpha, so_far),
            certified=certified(rows, size - done, alpha, so_far),
            minutes=(size - done) * seconds_a_card / 60,
        )
        for size in sizes
    ]


def certified(rows: int, cards: int, alpha: float = ALPHA, so_far: SoFar | None = None) -> float:
    """Largest share of wrong labels that is left possible by more blind cards without an error.

    Parameters
    ----------
    rows, cards : int
        N, and the number of cards to be read.
    """
    so_far = so_far or SoFar()
    return _sample(rows, np.zeros(min(cards, rows - so_far.judged), np.int8), alpha, so_far).rate[1]


def _expected(rows: int, cards: int, rate: float, alpha: float, so_far: SoFar) -> tuple[float, float]:
    """Mean ends of the interval over some samples, the same ones every time."""
    rng = np.random.default_rng(0)
    wrong, unread = round(rows * rate) - so_far.found, rows - so_far.judged
    samples = [(rng.choice(unread, cards, replace=False) < wrong).astype(np.int8) for _ in range(_SAMPLES)]
    ends = np.array([_sample(rows, outcome, alpha, so_far).rate for outcome in samples])
    low, high = ends.mean(axis=0).round(12).tolist()  # equal ends have a mean that is not quite theirs
    return low, high


def _sample(rows: int, outcome: Outcomes, alpha: float, so_far: SoFar) -> Interval:
    """The interval after a sample of blind cards, on top of what was judged before it."""
    drawn, earlier = np.arange(len(outcome)), so_far.draws
    before = so_far.found + np.cumsum(outcome, dtype=np.int64) - outcome
    draws = Draws(
        errors=np.append(earlier.errors, before),
        unknown=np.append(earlier.unknown, np.zeros(len(outcome), np.int64)),
        pool=np.append(earlier.pool, rows - so_far.judged - drawn),
        q=np.append(earlier.q, _forecasts(np.append(earlier.outcome, outcome))[len(earlier) :]),
        outcome=np.append(earlier.outcome, outcome),
    )
    judged, found = so_far.judged + len(outcome), so_far.found + int(outcome.sum())
    return interval(draws, rows=rows, judged=judged, found=found, q=0.5, alpha=alpha)


def _forecasts(outcome: Outcomes) -> Float64:
    """Forecast of each card of a sample, (n,), as the learnt order makes it: fitted after every tenth card."""
    errors, seen = np.cumsum(outcome, dtype=np.int64) - outcome, np.arange(len(outcome)) // EVERY * EVERY
    mean_p = np.where(seen > 0, (errors[seen] + _WRONG) / (seen + _CARDS), _USUAL)
    return choose_q(mean_p, np.cumsum(mean_p) - mean_p, errors)
