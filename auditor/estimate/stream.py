"""The blind stream: cards drawn uniformly from the rows that nobody has judged, and what each draw keeps for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
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
class Stays:
    """When rows were judged in one log: a row enters with its first verdict, and leaves when its last one is undone.

    Attributes
    ----------
    row : (S,) int64
        Place of the row in the dataset. A row that was undone and judged again has several stays.
    entered, left : (S,) int64
        Places in the log; ``left`` is larger than any place in it for a stay that has not ended. A row is judged at
        place p if ``entered < p <= left``.
    """

    row: Counts
    entered: Counts
    left: Counts


def count_pools(
    stays: Stays, places: Counts, outcomes: Outcomes, rows: npt.NDArray[np.bool_] | None = None
) -> tuple[Counts, Counts, Counts]:
    """Count what the pools of draws left out, by the outcomes that stand now.

    Takes O((S + n) log S), so that F of all draws follows a changed outcome at once.

    Parameters
    ----------
    stays : Stays
        Of the log that the draws were made in.
    places : (n,) int64
        Each draw's place in that log.
    outcomes : (N,) int8
        1, 0, or :data:`PENDING` for a row on which no verdict stands. For the interval from blind cards alone, pending
        also for every row that was not judged on a blind card.
    rows : (N,) bool, optional
        Count these rows only: those of a class or a split.

    Returns
    -------
    errors, unknown, judged : (n,) int64
        Of the rows left out: F, those without an outcome now, and all; U is N − ``judged``.

    Examples
    --------
    Row 0 was judged at place 1, row 2 at place 3 and undone at 5. Row 0 is an error, row 2 has no outcome now.

    >>> stays = Stays(np.array([0, 2]), np.array([1, 3]), np.array([99, 5]))
    >>> [counts.tolist() for counts in count_pools(stays, np.array([2, 4, 6]), np.array([1, -1, -1], np.int8))]
    [[1, 1, 1], [0, 1, 0], [1, 2, 1]]
    """
    outcome = outcomes[stays.row]
    counted = np.ones(len(outcome), np.bool_) if rows is None else rows[stays.row]
    return (
        _standing(stays, places, counted & (outcome == 1)),
        _standing(stays, places, counted & (outcome == PENDING)),
        _standing(stays, places, counted),
    )


def _standing(stays: Stays, places: Counts, counted: npt.NDArray[np.bool_]) -> Counts:
    entered, left = (np.sort(ends[counted]) for ends in (stays.entered, stays.left))
    count: Counts = np.searchsorted(entered, places, "left") - np.searchsorted(left, places, "left")
    return count.astype(np.int64)
