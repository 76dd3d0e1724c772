"""How many of a set of unread rows a bulk change would get wrong, tested on a few of them.

Everything is fixed before the first card: the set, the change, and how many cards are read. The n cards are drawn
uniformly from the rows of the set that nobody has judged, and x of them turn out not to be as the change would make
them. By inversion of the hypergeometric test, the set has at most

    W = the largest number with P(Hypergeometric(size, W, n) ≤ x) > α

such rows with probability 1 − α, of which W − x are among the size − n that nobody reads.

Nested sets A₁ ⊂ A₂ ⊂ … are tested in turn until one fails, and the last one that passed is changed. No further
correction is needed: a test is reached only if all before it have passed (fixed sequence; Maurer, Hothorn and
Lehmacher 1995, *Multiple comparisons in drug clinical trials and preclinical assays*).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom

from auditor.arrays import Counts
from auditor.estimate.plan import SECONDS_A_CARD

SIZES = (250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000)
"""Rows of the nested sets, as far as there are so many."""
_BLOCK = 256


def upper_bound(size: int, cards: int, misses: int, alpha: float = 0.05) -> int:
    """W: most rows of a set that can be wrong, after a sample without replacement.

    Parameters
    ----------
    size, cards, misses : int
        Rows of the set, rows drawn from it, and how many of these are wrong.
    alpha : float

    Examples
    --------
    Of 1,000 rows, 60 were drawn, and none is wrong: at most 47 are.

    >>> upper_bound(1000, 60, 0)
    47
    """
    low, high = misses, size - (cards - misses)  # the smallest W that is possible has probability 1
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeom.cdf(misses, size, middle, cards) > alpha:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(frozen=True)
class Certificate:
    """What a test says of the rows of a set that nobody has read.

    Attributes
    ----------
    size, cards, misses : int
        Rows of the set, cards read, and how many of these are wrong.
    most : int
        W.
    alpha : float
        Probability that there are more.
    """

    size: int
    cards: int
    misses: int
    most: int
    alpha: float

    @property
    def rest(self) -> int:
        """Rows that nobody has read."""
        return self.size - self.cards

    @property
    def most_in_rest(self) -> int:
        """Most rows that are wrong among those that nobody has read."""
        return self.most - self.misses

    @property
    def share_at_most(self) -> float:
        """Largest share of the rest that is wrong."""
        return self.most_in_rest / self.rest if self.rest else 0.0

    def passes(self, wrong_at_most: float) -> bool:
        """Whether no larger share of the rest than this is wrong."""
        return self.most_in_rest <= _allowed(self.rest, wrong_at_most)


def certify(size: int, cards: int, misses: int, alpha: float = 0.05) -> Certificate:
    """Test one set: for a group verdict, or as one of nested sets."""
    return Certificate(size, cards, misses, upper_bound(size, cards, misses, alpha), alpha)


def cards_needed(size: int, wrong_at_most: float, misses: int = 0, alpha: float = 0.05) -> int:
    """Smallest number of cards with which a set passes despite some misses; ``size`` if nothing less will do.

    Examples
    --------
    >>> cards_needed(1000, 0.05), cards_needed(1000, 0.05, misses=2)
    (60, 129)
    """
    for start in range(misses, size, _BLOCK):
        cards = np.arange(start, min(start + _BLOCK, size))
        one_too_many = np.array([misses + _allowed(size - int(n), wrong_at_most) + 1 for n in cards])
        # It passes if one more than what is allowed would hardly be found so rarely, or cannot be.
        passes = (one_too_many > size - cards + misses) | (hypergeom.cdf(misses, size, one_too_many, cards) <= alpha)
        if passes.any():
            return int(cards[passes.argmax()])
    return size


def _allowed(rest: int, wrong_at_most: float) -> int:
    """How many of the rest may be wrong; 5 % of 20 is 1, whatever the rounding."""
    return math.floor(wrong_at_most * rest + 1e-9)


@dataclass(frozen=True)
class Step:
    """One of the nested sets, as it is planned.

    Attributes
    ----------
    size : int
        Rows of the set.
    cards : int
        Cards to read, if nobody judges its rows otherwise.
    misses_allowed : int
        Most misses with which it passes.
    minutes : float
    """

    size: int
    cards: int
    misses_allowed: int
    minutes: float


def plan_steps(
    sizes: Iterable[int],
    wrong_at_most: float,
    misses_allowed: int = 2,
    seconds_a_card: float = SECONDS_A_CARD,
    alpha: float = 0.05,
) -> list[Step]:
    """Fix how many cards are read of each nested set, before the first one.

    Parameters
    ----------
    sizes : iterable of int
        Unread rows of each set, ascending.
    wrong_at_most : float
        Share of the changed rows that may be wrong.
    misses_allowed : int
        With how many misses a set still passes. More misses cost more cards, and let a set pass whose share of wrong
        rows is nearer to the limit.

    Examples
    --------
    >>> [(step.size, step.cards) for step in plan_steps((250, 500, 1000), 0.05, misses_allowed=0)]
    [(250, 64), (500, 60), (1000, 60)]
    """
    steps = []
    for size in sizes:
        cards = cards_needed(size, wrong_at_most, misses_allowed, alpha)
        steps.append(Step(size, cards, misses_allowed, cards * seconds_a_card / 60))
    return steps


def plan_nested(
    rows: int,
    wrong_at_most: float,
    misses_allowed: int = 2,
    seconds_a_card: float = SECONDS_A_CARD,
    alpha: float = 0.05,
    *,
    nested: bool = True,
) -> list[Step]:
    """Plan tests of nested sets: the first 250, 500, 1,000 … rows, and all of them.

    The rows read for the smaller sets are not unread any more when a larger one is tested: its step has fewer rows.
    Without ``nested``, there is one set, of all rows.

    Examples
    --------
    >>> [(step.size, step.cards) for step in plan_nested(600, 0.05, misses_allowed=0)]
    [(250, 64), (436, 63), (473, 62)]
    """
    steps: list[Step] = []
    read = 0
    for size in [*(size for size in SIZES if nested and size < rows), rows]:
        if size <= read:
            continue
        steps += plan_steps([size - read], wrong_at_most, misses_allowed, seconds_a_card, alpha)
        read += steps[-1].cards
    return steps


def draw_samples(sets: Sequence[int], cards: Sequence[int], seed: str) -> list[Counts]:
    """Draw the cards of each of some nested sets uniformly from its rows that no smaller set's sample has.

    A function of its arguments alone: the rows with the smallest SHA-256 of seed and place.

    Parameters
    ----------
    sets, cards : sequence of int
        Number of rows of each set, ascending, and number of rows to draw from it.
    seed : str
        128 random bits or more from the operating system.

    Returns
    -------
    list of (n,) int64
        Places in the largest set.

    Examples
    --------
    >>> [sample.tolist() for sample in draw_samples((4, 8), (2, 3), "any")]
    [[2, 3], [6, 7, 4]]
    """
    keys = [hashlib.sha256(f"card {seed} {place}".encode()).digest() for place in range(sets[-1] if sets else 0)]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    drawn: set[int] = set()
    samples = []
    for size, number in zip(sets, cards, strict=True):
        sample = [place for place in order if place < size and place not in drawn][:number]
        drawn.update(sample)
        samples.append(np.array(sample, np.int64))
    return samples
