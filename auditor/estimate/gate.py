"""The gate: how far the learnt order is followed, by how well it has predicted the verdicts so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from auditor.arrays import Float64
from auditor.estimate.shares import Share, difference_ends, score_ends, share

Head = Literal["static", "learnt"]

BEGIN = 0.1
"""Weight of the learnt order before any verdict."""
SHARE = 1 / 50
LEAST, MOST = 0.05, 0.95


@dataclass(frozen=True)
class Gate:
    """Bayes weights of two forecasters of verdicts, either of which may be the better one at any time.

    Each verdict multiplies a forecaster's weight by the probability that it had given to it; then each passes a
    fiftieth of its weight on to the other (the fixed share of Herbster and Warmuth 1998). So the weights are the
    posterior of a process in which the better forecaster changes with probability 1/50 after each verdict, and one
    that was wrong for long is believed again soon after it is right. There is no other arithmetic in it than products,
    sums and quotients, which every machine rounds alike.

    For example, with weights of 0.9 and 0.1 and a verdict to which static gave 0.3 and learnt 0.6: the products 0.27
    and 0.06 become 9/11 and 2/11, and after the share static has 0.98 * 9/11 + 0.02 * 2/11 = 0.805.

    Attributes
    ----------
    learnt : float
        Weight of the learnt order; the static one has the rest.
    """

    learnt: float = BEGIN

    def after(self, static: float, learnt: float, wrong: bool) -> Gate:
        """The gate after a verdict, from the probabilities of an error that either order gave before it."""
        by_static = (1 - self.learnt) * (static if wrong else 1 - static)
        by_learnt = self.learnt * (learnt if wrong else 1 - learnt)
        posterior = by_learnt / (by_static + by_learnt)
        return Gate((1 - SHARE) * posterior + SHARE * (1 - posterior))

    @property
    def chance(self) -> float:
        """Probability with which the next ranked card is the head of the learnt order, from 0.05 to 0.95."""
        return min(max(self.learnt, LEAST), MOST)

    def head(self, coin: float) -> Head:
        """Whose head the next ranked card is, by a number drawn evenly from [0, 1), which is logged."""
        return "learnt" if coin < self.chance else "static"


@dataclass(frozen=True)
class Heads:
    """Errors a card: the learnt order's head minus the static order's.

    Attributes
    ----------
    first, second : Share
        Errors among the cards of the learnt order, and of the static one, as they were dealt.
    value : float or None
        Difference on the same cards: each card counts by the inverse of the probability that the coin gave to its
        order. None without cards of both.
    low, high : float
        Ends of its interval.
    """

    first: Share
    second: Share
    value: float | None
    low: float
    high: float


def compare_heads(
    learnt: npt.NDArray[np.bool_], wrong: npt.NDArray[np.bool_], follow: Float64, alpha: float = 0.05
) -> Heads:
    """Compare errors a card of the learnt order's head with those of the static order's.

    At each ranked card a coin alone decided whose head was read, but not always the same coin: the learnt order comes
    more often later, when the easiest errors have been found. Weighting by the inverse of its probability (Horvitz and
    Thompson 1952) makes the two comparable. For example, a card that the coin gave to the learnt order with
    probability 0.1 stands for ten cards. Wilson's interval of each share uses the effective number of cards,
    (Σw)² / Σw².

    Parameters
    ----------
    learnt : (n,) bool
        Of the ranked cards that were judged: whose head the coin chose.
    wrong : (n,) bool
        Whether the given label was not upheld.
    follow : (n,) float64
        Probability with which the coin chose the learnt order; cards with 0 or 1 were dealt without a coin and left
        out.
    """
    tossed = (follow > 0) & (follow < 1)
    arms = learnt & tossed, ~learnt & tossed
    first, second = (share(int(wrong[arm].sum()), int(arm.sum()), alpha) for arm in arms)
    if not first.of or not second.of:
        return Heads(first, second, None, -1.0, 1.0)
    weights = 1 / follow[arms[0]], 1 / (1 - follow[arms[1]])
    left, right = (float(weight[wrong[arm]].sum() / weight.sum()) for arm, weight in zip(arms, weights, strict=True))
    cards = [float(weight.sum() ** 2 / (weight**2).sum()) for weight in weights]
    ends = score_ends(left, cards[0], alpha), score_ends(right, cards[1], alpha)
    return Heads(first, second, left - right, *difference_ends(left, right, *ends))
