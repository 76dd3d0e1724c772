"""Logistic regression with a shift for each class and each pair within it, all shrunk towards none.

The shifts are many, one for each given label and one for each pair given → suggested, and each row has just one of
either. Their part of the Hessian is therefore diagonal once the rows are sorted: eliminating it leaves a system of the
size of the design, so a fit costs the same with 150 classes as with two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from auditor.arrays import Float64, Integers

UNIT = 2.0**-20
"""Coefficients are multiples of it: what two machines' arithmetic differs by is smaller."""
_STEPS, _ENOUGH, _LONGEST = 30, 2.0**-14, 4.0
"""Newton's steps square what is left: after one as short as this, it is far less than a unit."""
_LEAST_WEIGHT = 1e-6
_RIGID = 1e9
"""Precision of shifts that are none."""


@dataclass(frozen=True)
class Strengths:
    """Precisions of the normal priors, each around zero: the larger, the stronger the shrinkage.

    Attributes
    ----------
    design : (d,) float64
        Of each column's coefficient.
    group, pair : float
        Of the shift of a class, and of a pair within its class.
    """

    design: Float64
    group: float
    pair: float


@dataclass(frozen=True)
class Coefficients:
    """A fitted model: logit = design @ weights + shift of the class + shift of the pair.

    Attributes
    ----------
    weights : (d,) float64
    groups, pairs : (K,), (Q,) float64
        Shifts by code; 0 where nothing was observed.
    """

    weights: Float64
    groups: Float64
    pairs: Float64

    def logits(self, design: npt.NDArray[np.floating], groups: Integers, pairs: Integers) -> Float64:
        """(n,) logits of rows by their design (n, d) and their codes.

        Where the design's entries are multiples of 2**-10 below 2**3, every product and every sum is exact in float64:
        a row has the same logit, to the last bit, whichever rows are computed with it.
        """
        logits: Float64 = design.astype(np.float64) @ self.weights
        logits += self.groups[groups]
        logits += self.pairs[pairs]
        return logits


@dataclass(frozen=True)
class Observed:
    """Verdicts to learn from, sorted by pair.

    Attributes
    ----------
    order : (n,) int
        Where each row stood before.
    design : (n, d) float64
    wrong : (n,) float64
        1 where the given label was not upheld.
    of_pair, of_group : (n,), (q,) int
        Position of each row's pair, and of each pair's class, among those that occur.
    pair_starts, group_starts : (q,), (k,) int
        First row of each pair, and first pair of each class.
    pairs, groups : (q,), (k,) int
        Their codes.
    """

    order: Integers
    design: Float64
    wrong: Float64
    of_pair: Integers
    of_group: Integers
    pair_starts: Integers
    group_starts: Integers
    pairs: Integers
    groups: Integers

    @classmethod
    def of(cls, design: npt.NDArray[np.floating], groups: Integers, pairs: Integers, wrong: npt.NDArray[Any]) -> Self:
        """Sort rows, given in a fixed order, by pair. A pair's rows are all of one class."""
        order = np.lexsort((pairs, groups))
        pairs, groups = pairs[order], groups[order]
        first = np.diff(pairs, prepend=-1) != 0
        starts = np.flatnonzero(first)
        of_each = groups[starts]
        first_of_group = np.diff(of_each, prepend=-1) != 0
        return cls(
            order=order,
            design=design[order].astype(np.float64),
            wrong=wrong[order].astype(np.float64),
            of_pair=np.cumsum(first) - 1,
            of_group=np.cumsum(first_of_group) - 1,
            pair_starts=starts,
            group_starts=np.flatnonzero(first_of_group),
            pairs=pairs[starts],
            groups=of_each[first_of_group],
        )

    def by_pair(self, values: Float64, axis: int = -1) -> Float64:
        """Sums of the rows' values over each pair."""
        sums: Float64 = np.add.reduceat(values, self.pair_starts, axis=axis)
        return sums

    def by_group(self, values: Float64, axis: int = -1) -> Float64:
        """Sums of the pairs' values over each class."""
        sums: Float64 = np.add.reduceat(values, self.group_starts, axis=axis)
        return sums


@dataclass(frozen=True)
class _Point:
    """Coefficients while they are sought: of the design, the classes and the pairs that occur, (..., d or k or q)."""

    weights: Float64
    groups: Float64
    pairs: Float64

    def logits(self, seen: Observed) -> Float64:
        shifts = self.pairs + self.groups[..., seen.of_group]
        logits: Float64 = self.weights @ seen.design.T + shifts[..., seen.of_pair]
        return logits

    def plus(self, step: _Point, part: Float64 | float) -> _Point:
        return _Point(
            self.weights + part * step.weights, self.groups + part * step.groups, self.pairs + part * step.pairs
        )

    def rounded(self) -> _Point:
        return _Point(*(np.rint(values / UNIT) * UNIT for values in (self.weights, self.groups, self.pairs)))

    @property
    def longest(self) -> Float64:
        every = np.concatenate([self.weights, self.groups, self.pairs], axis=-1)
        longest: Float64 = np.abs(every).max(axis=-1, keepdims=True)
        return longest


class _System:
    """The Hessian at a point, with pairs and then classes eliminated.

    Pairs: u = (g_u - s c - B_u b) / D_u, where s are the weights' sums over a pair, B_u those of weight × design, c
    the step of its class and b that of the design. What is left for the classes is diagonal too, since every pair lies
    in one class. Leading axes are models of their own, each of which takes part of the rows.
    """

    def __init__(self, seen: Observed, at: _Point, how: Strengths, part: Float64 | float = 1.0) -> None:
        self.seen, self.at, self.how = seen, at, how
        chances = expit(at.logits(seen))
        weights = part * (chances * (1 - chances) + _LEAST_WEIGHT)
        weighted = weights[..., None] * seen.design
        self.residuals = part * (seen.wrong - chances)
        self.sums, self.pair_design = seen.by_pair(weights), seen.by_pair(weighted, axis=-2)
        self.pair_diagonal = self.sums + how.pair
        left = how.pair / self.pair_diagonal  # of a pair's weight, what its own shift does not take up
        self.group_diagonal = how.group + seen.by_group(self.sums * left)
        self.group_design = seen.by_group(left[..., None] * self.pair_design, axis=-2)
        self.slopes = self.group_design / self.group_diagonal[..., None]
        hessian = seen.design.T @ weighted + np.diag(how.design)
        hessian -= self.pair_design.mT @ (self.pair_design / self.pair_diagonal[..., None])
        self.inverse = np.linalg.inv(hessian - self.group_design.mT @ self.slopes)

    def step(self) -> _Point:
        """Newton's step."""
        seen, at, how = self.seen, self.at, self.how
        plain = seen.by_pair(self.residuals)
        pairs = plain - how.pair * at.pairs
        taken = pairs / self.pair_diagonal
        groups = seen.by_group(plain - self.sums * taken) - how.group * at.groups
        design = self.residuals @ seen.design - how.design * at.weights - _times(self.pair_design.mT, taken)
        weights = _times(self.inverse, design - _times(self.slopes.mT, groups))
        of_groups = (groups - _times(self.group_design, weights)) / self.group_diagonal
        shifted = self.sums * of_groups[..., seen.of_group] + _times(self.pair_design, weights)
        return _Point(weights, of_groups, taken - shifted / self.pair_diagonal)

    def variances(self) -> _Point:
        """Posterior variances by Laplace's approximation: the diagonal of the inverse Hessian."""
        between = -self.slopes @ self.inverse  # covariance of a class's shift with the design
        groups = 1 / self.group_diagonal - (between * self.slopes).sum(axis=1)
        of = self.seen.of_group
        cross = self.sums * (self.pair_design * between[of]).sum(axis=1)
        inner = ((self.pair_design @ self.inverse) * self.pair_design).sum(axis=1)
        spread = self.sums**2 * groups[of] + 2 * cross + inner
        pairs = 1 / self.pair_diagonal + spread / self.pair_diagonal**2
        return _Point(np.diag(self.inverse), groups, pairs)


def fit(seen: Observed, how: Strengths, groups: int, pairs: int) -> Coefficients:
    """Find the coefficients of greatest posterior density, by Newton's method from zero.

    Parameters
    ----------
    seen : Observed
    how : Strengths
    groups, pairs : int
        K and Q: how many codes there are of either.

    Returns
    -------
    Coefficients
        Multiples of 2**-20. Finite for any verdicts, since all priors are proper.
    """
    point = _solve(seen, how)
    by_group, by_pair = np.zeros(groups), np.zeros(pairs)
    by_group[seen.groups], by_pair[seen.pairs] = point.groups, point.pairs
    return Coefficients(point.weights, by_group, by_pair)


def logits_from_parts(seen: Observed, how: Strengths, parts: npt.NDArray[np.bool_]) -> Float64:
    """(m, n) logits of all rows, by a model for each of m parts of the rows that knows of no other verdicts.

    Parameters
    ----------
    seen : Observed
    how : Strengths
    parts : (m, n) bool
        Rows of each part, in the order that they were given in, as are the logits.
    """
    logits = np.empty(parts.shape)
    logits[:, seen.order] = _solve(seen, how, parts[:, seen.order].astype(np.float64)).logits(seen)
    return logits


def _solve(seen: Observed, how: Strengths, part: Float64 | float = 1.0) -> _Point:
    point = _start(seen, np.shape(part)[:-1])
    sought = np.ones((*np.shape(part)[:-1], 1))
    for _ in range(_STEPS):
        step = _System(seen, point, how, part).step()
        longest = step.longest
        # A model that has been found stays, however long the others take: it must not depend on them.
        point = point.plus(step, sought * _LONGEST / np.maximum(longest, _LONGEST))
        sought = sought * (longest >= _ENOUGH)
        if not sought.any():
            break
    return point.rounded()


def fit_plain(design: npt.NDArray[np.floating], wrong: npt.NDArray[Any], precision: float) -> Float64:
    """(d,) coefficients of a model without shifts, all with one precision; ``wrong`` may hold parts of verdicts."""
    nobody = np.zeros(len(wrong), np.int32)
    how = Strengths(np.full(design.shape[1], precision), _RIGID, _RIGID)
    return fit(Observed.of(design, nobody, nobody, wrong), how, 1, 1).weights


def learn_strengths(
    seen: Observed, how: Strengths, ridge: npt.NDArray[np.bool_], believed: float, rounds: int
) -> Strengths:
    """Learn how strongly to shrink: the precisions of greatest marginal likelihood, held near what they begin with.

    MacKay's (1992) fixed point, a precision = (well-determined coefficients) / (sum of their squares), with a gamma
    prior: each precision is believed as if ``believed`` coefficients of its size had been seen before. So with a
    class or two, from which nothing can be learnt, it stays where it begins.

    Parameters
    ----------
    seen : Observed
    how : Strengths
        To begin with.
    ridge : (d,) bool
        Columns of the design that share a precision, which is learnt; that of the others stays.
    believed : float
        Above 0.
    rounds : int
        Newton's step and fixed point take turns so many times.
    """
    begun, point = how, _start(seen)
    for _ in range(rounds):
        for _ in range(2):
            step = _System(seen, point, how).step()
            point = point.plus(step, _LONGEST / np.maximum(step.longest, _LONGEST))
        spread = _System(seen, point, how).variances()
        design = how.design.copy()
        if ridge.any():
            shared = design[ridge][0], begun.design[ridge][0]
            design[ridge] = _precision(point.weights[ridge], spread.weights[ridge], *shared, believed)
        how = Strengths(
            design,
            _precision(point.groups, spread.groups, how.group, begun.group, believed),
            _precision(point.pairs, spread.pairs, how.pair, begun.pair, believed),
        )
    return how


def _precision(values: Float64, variances: Float64, now: float, begun: float, believed: float) -> float:
    determined = max(len(values) - now * float(variances.sum()), 0.0)
    return float((determined + believed) / (float((values**2).sum()) + believed / begun))


def _start(seen: Observed, models: tuple[int, ...] = ()) -> _Point:
    return _Point(*(np.zeros((*models, size)) for size in (seen.design.shape[1], len(seen.groups), len(seen.pairs))))


def _times(matrix: Float64, vector: Float64) -> Float64:
    product: Float64 = (matrix @ vector[..., None])[..., 0]
    return product
