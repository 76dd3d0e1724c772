"""The gate: how far the learnt order is followed, by how well it has predicted the verdicts so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

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
        return replace(self, learnt=(1 - SHARE) * posterior + SHARE * (1 - posterior))

    @property
    def chance(self) -> float:
        """Probability with which the next ranked card is the head of the learnt order, from 0.05 to 0.95."""
        return min(max(self.learnt, LEAST), MOST)

    def head(self, coin: float) -> Head:
        """Whose head the next ranked card is, by a number drawn evenly from [0, 1), which is logged."""
        return "learnt" if coin < self.chance else "static"


@dataclass(frozen=True)
class Heads:
    """What the cards of either head turned out to be.

    Attributes
    ----------
    static, learnt : tuple of (int, int)
        Errors found, and cards judged.
    difference : tuple of float or None
        Learnt minus static, in errors a card: lower end, estimate, upper end. None before either has a card.
    """

    static: tuple[int, int]
    learnt: tuple[int, int]
    difference: tuple[float, float, float] | None


def compare_heads(learnt: npt.NDArray[np.bool_], wrong: npt.NDArray[np.bool_], confidence: float = 0.95) -> Heads:
    """Count the errors a card of each head.

    Parameters
    ----------
    learnt : (n,) bool
        Of the ranked cards that were judged: whether the coin chose the learnt order.
    wrong : (n,) bool
        Whether the given label was not upheld.
    confidence : float
        Of the interval of the difference, :func:`newcombe`.
    """
    (x0, n0), (x1, n1) = ((int(wrong[of].sum()), int(of.sum())) for of in (~learnt, learnt))
    return Heads((x0, n0), (x1, n1), newcombe(x1, n1, x0, n0, confidence) if n0 and n1 else None)


def newcombe(
    first: int, of_first: int, second: int, of_second: int, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Interval of the difference of two independent proportions, first minus second.

    Method 10 of Newcombe (1998), *Interval estimation for the difference between independent proportions*, Statistics
    in Medicine 17: Wilson's intervals of the two, (l1, u1) and (l2, u2), are put together at right angles. Its example:
    56 of 70 and 48 of 80 differ by 0.2, with a 95 % interval from 0.0524 to 0.3339.

    Returns
    -------
    tuple of float
        Lower end, difference, upper end.
    """
    p1, p2 = first / of_first, second / of_second
    (l1, u1), (l2, u2) = (_wilson(x, n, confidence) for x, n in ((first, of_first), (second, of_second)))
    lower = p1 - p2 - float(np.hypot(p1 - l1, u2 - p2))
    upper = p1 - p2 + float(np.hypot(u1 - p1, p2 - l2))
    return lower, p1 - p2, upper


def _wilson(hits: int, cards: int, confidence: float) -> tuple[float, float]:
    z = float(ndtri((1 + confidence) / 2))
    middle = (hits + z * z / 2) / (cards + z * z)
    half = z * float(np.sqrt(hits * (cards - hits) / cards + z * z / 4)) / (cards + z * z)
    return middle - half, middle + half
