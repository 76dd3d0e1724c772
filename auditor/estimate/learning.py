"""The learnt order: P(error) of every row, learnt from the verdicts so far, and how far to follow it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from auditor.arrays import Counts, Float32, Float64
from auditor.estimate.facts import CONSTANT, FOLDS, STATIC, STEP, Facts
from auditor.estimate.gate import Gate
from auditor.estimate.logistic import (
    UNIT,
    Coefficients,
    Observed,
    Strengths,
    fit,
    fit_plain,
    learn_strengths,
    logits_from_parts,
)
from auditor.estimate.nearest import Nearest

EVERY = 10
"""Verdicts between two fits."""
USUAL = (-2.5, 0.8)
"""a and b of a + b·z before the tenth verdict: 10 % errors on average, more of them at the head of the order."""
_SURE = 2.0**-10
"""No error is less likely than this, nor more likely than the rest."""
_BLOCK = 1 << 16
_AT_ONCE = 3 * EVERY


@dataclass(frozen=True)
class Settings:
    """What the model believes before any verdict; ``reports/trust`` compares it with other settings.

    Attributes
    ----------
    own : float
        Precision of the constant, and of the static order's slope.
    signals, label, pair : float
        Precisions to begin with, of the signals' coefficients and of the shifts of labels and of pairs.
    believed : float
        How many coefficients of that size have been seen before, so to say.
    rounds : int
        Rounds in which the precisions are learnt.
    nearby : float
        Precision of the two coefficients of the verdicts nearby.
    shrink : float
        Verdicts without a surprise that every row is thought to have nearby.
    """

    own: float = 0.1
    signals: float = 4.0
    label: float = 0.25
    pair: float = 4.0
    believed: float = 2.0
    rounds: int = 4
    nearby: float = 0.1
    shrink: float = 2.0


@dataclass(frozen=True)
class Fitted:
    """Both models, as fitted to the same verdicts.

    Attributes
    ----------
    verdicts : int
        How many they are.
    static : (2,) float64
        a and b of a + b·z.
    learnt : Coefficients
        Of all; the last two columns are those of the verdicts nearby, where there are vectors.
    judged : (n,) int64
        Counts, ascending.
    surprise : (n,) float32
        Of each: verdict minus what was expected without the verdicts nearby, in units of 2**-20.
    """

    verdicts: int
    static: Float64
    learnt: Coefficients
    judged: Counts
    surprise: Float32


def fit_both(
    facts: Facts, rows: Counts, wrong: npt.NDArray[np.bool_], near: Nearest | None, settings: Settings
) -> Fitted:
    """Fit the learnt model and its opponent.

    ``logit P(error) = a + b z + c·signals + shift[given] + shift[given → suggested] + d·nearby``, by maximum posterior
    density; the precisions of c and of the shifts by marginal likelihood (:func:`learn_strengths`). *Nearby* are two
    numbers, from the 15 most similar judged texts of any given label and of the same: the sum of their surprises,
    divided by their number + 2. A surprise is a verdict minus the probability that a model without *nearby* gives it.
    Where the model learns what *nearby* is worth, a row's own verdict has no part in it: it is not among its nearest
    rows, and theirs are surprises to a model that was fitted without the fifth of the rows that it belongs to.

    Parameters
    ----------
    facts : Facts
    rows : (n,) int64
        Judged rows, ascending; n > 0.
    wrong : (n,) bool
    near : Nearest, optional
        Holds exactly these rows; None where there are no vectors.
    settings : Settings
    """
    design, codes = facts.design[rows], (facts.given[rows], facts.pair[rows])
    static = fit_plain(design[:, [CONSTANT, STATIC]], wrong, settings.own)
    precision = np.where(np.arange(design.shape[1]) <= STATIC, settings.own, settings.signals)
    how = Strengths(precision, settings.label, settings.pair)
    surprise = np.zeros(len(rows), np.float32)
    if near is not None:
        surprise, nearby = surprises_nearby(facts, rows, wrong, near, how, settings.shrink)
        design = np.concatenate([design, nearby], axis=1)
        how = replace(how, design=np.append(precision, [settings.nearby] * 2))
    seen = Observed.of(design, *codes, wrong)
    ridge = np.isin(np.arange(design.shape[1]), np.arange(STATIC + 1, facts.design.shape[1]))
    how = learn_strengths(seen, how, ridge, settings.believed, settings.rounds)
    return Fitted(len(rows), static, fit(seen, how, facts.labels, facts.pairs), rows, surprise)


def surprises_nearby(
    facts: Facts, rows: Counts, wrong: npt.NDArray[np.bool_], near: Nearest, how: Strengths, shrink: float
) -> tuple[Float32, npt.NDArray[np.float32]]:
    """Surprises, and what they amount to nearby.

    Returns
    -------
    (n,) float32
        Float32 to the model of all verdicts, in units of 2**-20.
    (n, 2) float32
        Shrunk means nearby, no row's of which depends on its own verdict.
    """
    seen, fold = Observed.of(facts.design[rows], facts.given[rows], facts.pair[rows], wrong), facts.fold[rows]
    parts = np.stack([*(fold != number for number in range(FOLDS)), np.ones(len(rows), np.bool_)])
    surprises = np.rint((wrong - expit(logits_from_parts(seen, how, parts))) / UNIT).astype(np.float32)
    nearby = np.zeros((len(rows), 2), np.float32)
    for number in np.unique(fold).tolist():
        mine = fold == number
        nearby[mine] = _means(near, _everywhere(facts, rows, surprises[number]), rows[mine], shrink)
    return surprises[-1], nearby


def _everywhere(facts: Facts, rows: Counts, surprise: Float32) -> Float32:
    """(N + 1,) surprises of all rows, 0 where nothing was judged; the last stands for nobody."""
    everywhere = np.zeros(len(facts) + 1, np.float32)
    everywhere[rows] = surprise
    return everywhere


def _means(near: Nearest, everywhere: Float32, rows: Counts | slice, shrink: float) -> npt.NDArray[np.float32]:
    """(n, 2) shrunk means of the surprises nearby, multiples of 2**-10."""
    means = near.sums(everywhere, rows).astype(np.float64) * UNIT / (near.counts(rows) + shrink)
    rounded: npt.NDArray[np.float32] = (np.rint(means / STEP) * STEP).astype(np.float32)
    return rounded


def chances(logits: Float64) -> Float64:
    """P(error), multiples of 2**-20, from 2**-10 to 1 - 2**-10."""
    found: Float64 = np.clip(np.rint(expit(logits) / UNIT) * UNIT, _SURE, 1 - _SURE)
    return found


@dataclass(frozen=True)
class Nearby:
    """What verdicts on similar texts have done to a row.

    Attributes
    ----------
    shift : float
        By how much they have raised the logit of its P(error).
    rows : (n,) int64
        Judged rows among its 15 nearest of any given label, or of the same; the nearest first.
    """

    shift: float
    rows: Counts


class LearntOrder:
    """P(error) of N rows, kept up to date with the verdicts.

    Its state is a function of the verdicts that stand, in the order given to :meth:`learn`: what stood before and was
    taken back has left no trace, and it makes no difference whether they came one by one or all at once.

    Parameters
    ----------
    facts : Facts
    settings : Settings, optional

    Attributes
    ----------
    gate : Gate
        How far the learnt order is to be followed now.
    fitted : Fitted or None
        None before the tenth verdict. Another object after each fit.

    Examples
    --------
    Texts of label 1 are wrong, whatever the static order says; after twelve verdicts they are first.

    >>> given = np.arange(100) % 2
    >>> facts = Facts.of(np.arange(100), given, 1 - given, np.zeros((100, 0)))
    >>> learnt = LearntOrder(facts)
    >>> learnt.learn(range(12), given[:12] == 1)
    >>> set(given[learnt.order[:40]].tolist())
    {1}
    """

    def __init__(self, facts: Facts, settings: Settings | None = None) -> None:
        self._facts, self._settings = facts, settings or Settings()
        self._near = None if facts.vectors is None else Nearest(facts.vectors, facts.given)
        self._verdicts: list[tuple[int, bool]] = []
        self.fitted: Fitted | None = None
        self.gate = self._gate_at_fit = Gate()
        self._predict()

    def learn(self, rows: Iterable[int], wrong: Iterable[bool]) -> None:
        """Take note of the verdicts that stand now.

        What continues the verdicts of the last call, or differs from them only after the last fit, is learnt at once.
        Anything else is learnt from the beginning, on the judged rows alone, which takes some milliseconds a verdict.
        The result is the same.

        Parameters
        ----------
        rows : iterable of int
            Judged rows, each once, by the (time, id) of the verdict that is its outcome.
        wrong : iterable of bool
            Whether the outcome does not uphold the given label.

        Raises
        ------
        ValueError
            If a row is given twice.
        """
        verdicts = [(int(row), bool(error)) for row, error in zip(rows, wrong, strict=True)]
        if len(dict(verdicts)) < len(verdicts):
            raise ValueError("A row has two outcomes.")
        begin, fitted = len(self._verdicts), self.fitted.verdicts if self.fitted else 0
        if verdicts[:begin] != self._verdicts:
            begin, self.gate = fitted, self._gate_at_fit
        if verdicts[:fitted] != self._verdicts[:fitted] or len(verdicts) - fitted > _AT_ONCE:
            self._learn_again(verdicts)
            return
        for number, (row, error) in enumerate(verdicts[begin:], begin + 1):
            if self.fitted:
                at = np.array([row])
                static, learnt = chances(self._static_logits(at)), chances(self._logits[at])
                self.gate = self.gate.after(float(static[0]), float(learnt[0]), error)
            if number % EVERY == 0:
                self._fit(verdicts[:number])
        self._verdicts = verdicts
        self._hold(verdicts)

    def first(self, number: int, among: npt.NDArray[np.bool_]) -> Counts:
        """Take the first rows of the learnt order among some, without sorting them all.

        Parameters
        ----------
        number : int
        among : (N,) bool
        """
        rows = np.flatnonzero(among)
        if 0 < number < len(rows):
            logits = self._logits[rows]
            rows = rows[logits >= np.partition(logits, len(rows) - number)[len(rows) - number]]
        return rows[self._sorted(rows)][:number]

    @cached_property
    def probabilities(self) -> Float64:
        """(N,) P(error) by the learnt model; before the tenth verdict, what is usual at each place of the order."""
        return chances(self._logits)

    @cached_property
    def static_probabilities(self) -> Float64:
        """(N,) P(error) by the static order alone, a + b·z."""
        return chances(self._static_logits(slice(None)))

    @cached_property
    def order(self) -> Counts:
        """(N,) all rows, the likeliest error first; equal ones as in the static order."""
        return self._sorted(slice(None))

    def nearby(self, row: int) -> Nearby:
        """What verdicts on similar texts have done to a row, as of the last fit."""
        if not (self._near and self.fitted):
            return Nearby(0.0, np.empty(0, np.int64))
        everywhere = _everywhere(self._facts, self.fitted.judged, self.fitted.surprise)
        means = _means(self._near, everywhere, np.array([row]), self._settings.shrink)
        return Nearby(float(means[0] @ self.fitted.learnt.weights[-2:]), self._near.rows(row))

    def _sorted(self, rows: Counts | slice) -> Counts:
        return np.lexsort((-self._facts.design[rows, STATIC], -self._logits[rows]))

    def _learn_again(self, verdicts: list[tuple[int, bool]]) -> None:
        """Learn all on the judged rows alone, where nothing costs much; then predict the others once."""
        rows = np.array(sorted(row for row, _ in verdicts), np.int64)
        part = LearntOrder(self._facts.take(rows), self._settings)
        places = np.searchsorted(rows, [row for row, _ in verdicts])
        for end in range(EVERY, len(verdicts) + EVERY, EVERY):
            part.learn(places[:end], [error for _, error in verdicts[:end]])
        self.gate, self._gate_at_fit, self._verdicts = part.gate, part._gate_at_fit, verdicts
        self.fitted = part.fitted and replace(part.fitted, judged=rows[part.fitted.judged])
        self._hold(verdicts[: self.fitted.verdicts if self.fitted else 0])
        self._predict()
        self._hold(verdicts)

    def _hold(self, verdicts: list[tuple[int, bool]]) -> None:
        if self._near:
            self._near.hold(np.array([row for row, _ in verdicts], np.int64))

    def _fit(self, verdicts: list[tuple[int, bool]]) -> None:
        self._hold(verdicts)
        rows, wrong = zip(*sorted(verdicts), strict=True)
        self.fitted = fit_both(self._facts, np.array(rows), np.array(wrong), self._near, self._settings)
        self._gate_at_fit = self.gate
        self._predict()

    def _predict(self) -> None:
        """All rows, some at a time, by the models as they are now; the nearest are those of the same verdicts."""
        for found in ("order", "probabilities", "static_probabilities"):
            self.__dict__.pop(found, None)
        if self.fitted is None:
            self._logits = self._static_logits(slice(None))
            return
        self._logits = np.empty(len(self._facts))
        everywhere = _everywhere(self._facts, self.fitted.judged, self.fitted.surprise)
        for start in range(0, len(self._facts), _BLOCK):
            at = slice(start, start + _BLOCK)
            design = self._facts.design[at]
            if self._near:
                design = np.concatenate([design, _means(self._near, everywhere, at, self._settings.shrink)], axis=1)
            self._logits[at] = self.fitted.learnt.logits(design, self._facts.given[at], self._facts.pair[at])

    def _static_logits(self, rows: Counts | slice) -> Float64:
        a, b = self.fitted.static if self.fitted else USUAL
        logits: Float64 = a + b * self._facts.design[rows, STATIC].astype(np.float64)
        return logits
