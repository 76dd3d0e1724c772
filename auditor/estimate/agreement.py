"""Agreement between people: Krippendorff's alpha and Cohen's kappa for verdicts, which have no order.

Both are a few lines on counts. The package ``krippendorff`` computes the same alpha, but is under the GPL, which
auditor's own licence does not allow it to depend on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from auditor.arrays import Float64, Mask

ENOUGH = 10
"""Fewest rows for an interval."""
RESAMPLES = 1_000
"""Number of bootstrap samples."""


@dataclass(frozen=True)
class Opinions:
    """T opinions, one per person and row.

    Attributes
    ----------
    row, person, opinion : (T,) int64
        Equal numbers in ``opinion`` are equal opinions.
    at : (T,) float64
        Time of each, in seconds since 1970.
    """

    row: npt.NDArray[np.int64]
    person: npt.NDArray[np.int64]
    opinion: npt.NDArray[np.int64]
    at: Float64

    def take(self, which: Mask) -> Opinions:
        """Return some of the opinions."""
        return Opinions(self.row[which], self.person[which], self.opinion[which], self.at[which])

    def shared(self) -> Opinions:
        """Return the opinions on rows that two or more people have judged."""
        _, place, people = np.unique(self.row, return_inverse=True, return_counts=True)
        return self.take(people[place] > 1)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(np.unique(self.row))

    @property
    def unanimous(self) -> int:
        """Number of rows on which all say the same."""
        different = np.unique(np.column_stack([self.row, self.opinion]), axis=0)
        return int(np.count_nonzero(np.unique(different[:, 0], return_counts=True)[1] == 1))


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha: 1 where all agree, 0 where they agree no more than by chance, negative below.

    Attributes
    ----------
    value : float
    low, high : float or None
        95 % bootstrap interval; None for fewer than :data:`ENOUGH` rows, or if nobody disagrees: resampling rows on
        which all agree shows no uncertainty at all.
    """

    value: float
    low: float | None
    high: float | None


def alpha(opinions: Opinions, *, resamples: int = RESAMPLES, seed: int = 0) -> Alpha | None:
    """Compute Krippendorff's alpha for opinions without an order, with an interval from resampled rows.

    After Krippendorff (2011, *Computing Krippendorff's alpha-reliability*). With n opinions in all, n_c of them c, and
    m_u on row u, n_uc of them c::

        α = 1 − (n − 1) · Σ_u (m_u² − Σ_c n_uc²) / (m_u − 1)  /  (n² − Σ_c n_c²)

    Parameters
    ----------
    opinions : Opinions
        Rows that one person alone has judged do not count.
    resamples, seed : int

    Returns
    -------
    Alpha or None
        None if all opinions are the same, or no row has two: there is nothing to agree on.
    """
    counts, number = _patterns(opinions.shared())
    value = _alpha(number[None], counts)[0] if len(counts) else np.nan
    if np.isnan(value):
        return None
    rows = int(number.sum())
    low = high = None
    if rows >= ENOUGH and (np.count_nonzero(counts, axis=1) > 1).any():
        drawn = np.random.default_rng(seed).multinomial(rows, number / rows, size=resamples)
        # A draw in which all verdicts are the same has no alpha, but is one of perfect agreement.
        low, high = np.quantile(np.nan_to_num(_alpha(drawn, counts), nan=1.0), (0.025, 0.975)).tolist()
    return Alpha(float(value), low, high)


def _patterns(opinions: Opinions) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the different ways in which rows were judged, (U, V) people per opinion, and the rows of each, (U,).

    Rows judged in the same way are interchangeable, so that resampling them is a multinomial draw.
    """
    names, code = np.unique(opinions.opinion, return_inverse=True)
    order = np.lexsort((code, opinions.row))
    ends = np.flatnonzero(np.diff(opinions.row[order])) + 1
    found = Counter(part.tobytes() for part in np.split(code[order], ends)) if len(order) else Counter()
    ways = [np.bincount(np.frombuffer(way, code.dtype), minlength=len(names)) for way in found]
    return np.array(ways, np.int64).reshape(len(ways), len(names)), np.array(list(found.values()), np.int64)


def _alpha(number: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> Float64:
    """Return alpha for (B, U) numbers of rows judged in each of U ways; NaN where all verdicts are the same."""
    people = counts.sum(axis=1)
    differ = (people**2 - (counts**2).sum(axis=1)) / (people - 1)
    totals = (number @ counts).astype(np.float64)
    size = totals.sum(axis=1)
    by_chance = size**2 - (totals**2).sum(axis=1)
    ratio = np.full(len(number), np.nan)
    np.divide((size - 1) * (number @ differ), by_chance, out=ratio, where=by_chance > 0)
    return np.asarray(1 - ratio)


@dataclass(frozen=True)
class Pair:
    """Agreement of two people.

    Attributes
    ----------
    first, second : int
        Numbers of the people.
    rows, same : int
        Rows that both have judged, and those on which they say the same.
    kappa : float or None
    """

    first: int
    second: int
    rows: int
    same: int
    kappa: float | None


def pairs(opinions: Opinions) -> Iterator[Pair]:
    """Compare every two people who have judged the same rows."""
    of_person = {person: np.flatnonzero(opinions.person == person) for person in np.unique(opinions.person).tolist()}
    for first, second in combinations(of_person, 2):
        places = of_person[first], of_person[second]
        first_rows, second_rows = (opinions.row[place] for place in places)
        rows, *shared = np.intersect1d(first_rows, second_rows, assume_unique=True, return_indices=True)
        if len(rows):
            left, right = (opinions.opinion[place[some]] for place, some in zip(places, shared, strict=True))
            yield Pair(first, second, len(rows), int(np.count_nonzero(left == right)), kappa(left, right))


def kappa(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> float | None:
    """Compute Cohen's kappa of two people's opinions on the same n rows.

    After Cohen (1960, *A coefficient of agreement for nominal scales*). None if both always say the same one thing.

    Examples
    --------
    >>> round(kappa(np.array([1, 1, 2, 2]), np.array([1, 1, 2, 1])), 2)
    0.5
    """
    rows = len(first)
    codes = np.unique(np.concatenate([first, second]), return_inverse=True)[1]
    size = int(codes.max(initial=-1)) + 1
    counts = [np.bincount(half, minlength=size) for half in (codes[:rows], codes[rows:])]
    by_chance = float(counts[0] @ counts[1]) / rows**2 if rows else 1.0
    return None if by_chance == 1 else float((np.mean(first == second) - by_chance) / (1 - by_chance))


@dataclass(frozen=True)
class Specific:
    """Agreement on one opinion.

    Attributes
    ----------
    opinion : int
    rows : int
        Rows on which somebody has it.
    same : float
        Probability that another person who judged the row has it, too.
    """

    opinion: int
    rows: int
    same: float


def specific(opinions: Opinions) -> list[Specific]:
    """Measure the agreement on each opinion about shared rows, the most frequent first.

    The positive agreement of Spitzer and Fleiss (1974), for any number of people: Σ n_u (n_u − 1) / (m_u − 1) over
    Σ n_u, where n_u of the m_u people who judged row u have it.
    """
    shared = opinions.shared()
    _, place, people = np.unique(shared.row, return_inverse=True, return_counts=True)
    held, number = np.unique(np.column_stack([shared.opinion, place]), axis=0, return_counts=True)
    names, start = np.unique(held[:, 0], return_index=True)
    if not len(names):
        return []
    others = number * (number - 1) / (people[held[:, 1]] - 1)
    same = np.add.reduceat(others, start) / np.add.reduceat(number, start)
    rows = np.diff(np.append(start, len(held)))
    order = np.argsort(-rows, kind="stable").tolist()
    return [Specific(int(names[at]), int(rows[at]), float(same[at])) for at in order]
