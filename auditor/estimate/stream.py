"""The blind stream: cards drawn uniformly from the rows that nobody has judged, and what each draw keeps for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.arrays import Counts, Float64, Outcomes

Floating = float | npt.NDArray[np.floating]

PENDING = -1
"""The outcome of a row on which no verdict stands. 1 is an error, 0 is none."""
KAPPA = 3.0
"""Errors that the model's forecast weighs against those that the blind cards have shown."""
Q_RANGE = (1e-4, 1 - 1e-4)
BLIND_SHARE = 1 / 20
"""Probability that a card of the default queue is blind."""


@dataclass(frozen=True, order=True)
class Draw:
    """One blind draw, with the outcomes that stand now.

    Draws sort by ``(at, draw_id)``, so that the order in which logs were merged plays no part.

    Attributes
    ----------
    at : int
        When the card was served, in microseconds. A log's clock never goes back, also not behind what was merged into
        it: a draw comes after all verdicts that its pool leaves out.
    draw_id : str
        Breaks ties.
    errors : int
        F: errors that stand now among the rows that were judged before the draw.
    unknown : int
        How many of these rows have no outcome now, because their verdict was undone.
    pool : int
        U: rows that the draw could take.
    q : float
        The forecast that the drawn row is an error, made before the draw: :func:`choose_q`.
    error : bool or None
        Outcome of the drawn row, None while it is pending.
    """

    at: int
    draw_id: str
    errors: int
    unknown: int
    pool: int
    q: float
    error: bool | None


@dataclass(frozen=True)
class Draws:
    """Blind draws as arrays, in the order of ``(at, draw_id)``.

    Attributes
    ----------
    errors, unknown, pool : (..., n) int64
        As in :class:`Draw`. Leading axes, if any, stand for audits that are evaluated together.
    q : (..., n) float64
    outcome : (..., n) int8
        1, 0 or :data:`PENDING`.
    """

    errors: Counts
    unknown: Counts
    pool: Counts
    q: Float64
    outcome: Outcomes

    @classmethod
    def of(cls, draws: Iterable[Draw]) -> Draws:
        """Sort draws and put them into arrays."""
        ordered = sorted(draws, key=lambda draw: (draw.at, draw.draw_id))
        return cls(
            errors=np.array([draw.errors for draw in ordered], np.int64),
            unknown=np.array([draw.unknown for draw in ordered], np.int64),
            pool=np.array([draw.pool for draw in ordered], np.int64),
            q=np.array([draw.q for draw in ordered], np.float64),
            outcome=np.array([PENDING if draw.error is None else draw.error for draw in ordered], np.int8),
        )

    def __len__(self) -> int:
        return int(self.q.shape[-1])

    @property
    def settled(self) -> npt.NDArray[np.bool_]:
        """Whether the outcome of the drawn row is known, (..., n)."""
        return np.asarray(self.outcome != PENDING)


def choose_q(mean_p: Floating, expected: Floating = 0.0, errors: float | Counts = 0, kappa: float = KAPPA) -> Float64:
    """Forecast the outcome of the next blind card.

    q = p̄ · (κ + Σe) / (κ + Σp̄): the model's forecast, corrected by how the blind cards so far have turned out. Any
    number that is fixed before the draw keeps the interval valid; a good one makes it narrow.

    Parameters
    ----------
    mean_p : float or array
        p̄: mean P(error) over the rows that the draw can take.
    expected : float or array
        Σp̄ over the earlier blind cards whose verdict is known.
    errors : int or array
        Σe over the same cards.

    Returns
    -------
    float64
        In :data:`Q_RANGE`.

    Examples
    --------
    The model expected 2 errors among the blind cards, and 7 were found: the forecast is doubled.

    >>> float(choose_q(0.05, expected=2.0, errors=7))
    0.1
    """
    forecast: Float64 = np.clip(np.asarray(mean_p) * (kappa + errors) / (kappa + np.asarray(expected)), *Q_RANGE)
    return forecast


def draw_row(judged: npt.NDArray[np.bool_], seed: str) -> int:
    """Draw one of the rows that nobody has judged, each with the same probability.

    The draw is a function of its seed alone, on every machine and with every version of the libraries: the 256 bits
    of a SHA-256 of the seed, modulo the size of the pool (no row's probability is off by more than 2⁻²³⁰).

    Parameters
    ----------
    judged : (N,) bool
        Rows that the draw leaves out. Rows that are pending or leased to somebody are not among them.
    seed : str
        128 random bits or more from the operating system, such as ``secrets.token_hex(16)``.

    Returns
    -------
    int
        Place of the row.

    Raises
    ------
    ValueError
        If every row is judged.

    Examples
    --------
    >>> draw_row(np.array([True, False, True]), "any")
    1
    """
    places = np.flatnonzero(~judged)
    if not len(places):
        raise ValueError("every row is judged: none is left to draw")
    return int(places[_bits("row", seed) % len(places)])


def coin(seed: str, probability: float) -> bool:
    """Toss a coin that anyone can toss again: whether the next card is blind, for one.

    Examples
    --------
    >>> sum(coin(str(seed), 0.05) for seed in range(1000))
    49
    """
    return _bits("coin", seed) < probability * 2**256


def _bits(purpose: str, seed: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{purpose} {seed}".encode()).digest())


@dataclass(frozen=True)
class Change:
    """The rows that a draw's pool leaves out, as a change to those of an earlier draw.

    Attributes
    ----------
    parent : int
        Place of the earlier draw among all draws; -1 for none.
    judged, reopened : (j,) and (r,) int64
        Rows left out since the parent, and rows no longer left out.
    """

    parent: int
    judged: Counts
    reopened: Counts


def count_pools(
    changes: Sequence[Change], outcomes: Outcomes, rows: npt.NDArray[np.bool_]
) -> tuple[Counts, Counts, Counts]:
    """Count what the pools of draws left out, by the outcomes that stand now.

    A draw's counts are its parent's, plus those of the rows judged since, less those reopened since. So F of all draws
    follows a changed outcome at once, and no merge changes what a draw left out.

    Parameters
    ----------
    changes : sequence of Change
        Of each draw, each after its parent.
    outcomes : (N,) int8
        1, 0, or :data:`PENDING` for a row on which no verdict stands. For the interval from blind cards alone, pending
        also for every row that was not judged on a blind card.
    rows : (N,) bool
        Count these rows only: the audited ones, or those of a class or a split.

    Returns
    -------
    errors, unknown, judged : (n,) int64
        Of the rows left out: F, those without an outcome now, and all; U is the number of ``rows`` − ``judged``.

    Examples
    --------
    The first draw left out row 0. Then row 2 was judged, and before the third draw it was undone.

    >>> nothing = np.empty(0, np.int64)
    >>> changes = [
    ...     Change(-1, np.array([0]), nothing),
    ...     Change(0, np.array([2]), nothing),
    ...     Change(1, nothing, np.array([2])),
    ... ]
    >>> found = count_pools(changes, np.array([1, -1, -1], np.int8), np.ones(3, bool))
    >>> [counts.tolist() for counts in found]
    [[1, 1, 1], [0, 1, 0], [1, 2, 1]]
    """
    states = np.stack([(outcomes == 1) & rows, (outcomes == PENDING) & rows, rows]).astype(np.int64)
    found = np.zeros((len(changes) + 1, 3), np.int64)  # the last is that of no parent
    for place, change in enumerate(changes):
        found[place] = found[change.parent]
        if len(change.judged) or len(change.reopened):
            found[place] += states[:, change.judged].sum(axis=1) - states[:, change.reopened].sum(axis=1)
    errors, unknown, judged = found[:-1].T
    return errors, unknown, judged
