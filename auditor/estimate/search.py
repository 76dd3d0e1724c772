"""Where a piecewise convex function of an integer is below a limit: the two ends, exact to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from auditor.arrays import Counts, Float64

Value = Callable[[int | Counts], Float64]
"""One value for each number."""
_TOGETHER = 4
"""Pieces whose ends are evaluated together."""


def hull(
    value: Value, limit: float, low: int, high: int, turns: Iterable[int] = (), guess: int = 0
) -> tuple[int, int] | None:
    """Smallest and largest number in [low, high] whose value is below the limit.

    Parameters
    ----------
    value : callable
        Convex between turns; takes one number, or several as an array.
    limit : float
    low, high : int
    turns : iterable of int
        The first numbers of new convex pieces, ascending.
    guess : int
        A number that is probably inside; a bad guess costs time alone.

    Returns
    -------
    (int, int) or None
        None if no value is below the limit.

    Examples
    --------
    >>> hull(lambda m: (np.asarray(m) - 70.0) ** 2, 30.0, 0, 1000)
    (65, 75)
    """
    starts = [low, *(turn for turn in turns if low < turn <= high)]
    ends = [*(start - 1 for start in starts[1:]), high]
    first = _first(value, limit, list(zip(starts, ends, strict=True)), guess)
    if first is None:
        return None
    last = _first(value, limit, list(zip(reversed(ends), reversed(starts), strict=True)), guess)
    return first, first if last is None else last


def _first(value: Value, limit: float, pieces: list[tuple[int, int]], guess: int) -> int | None:
    """The first number below the limit, on the way through the pieces, each from its first to its second end."""
    for place in range(0, len(pieces), _TOGETHER):
        for start, end in _promising(value, limit, np.array(pieces[place : place + _TOGETHER])):
            inside = _inside(value, limit, start, end, guess)
            if inside is not None:
                return _boundary(value, limit, start, inside)
    return None


def _promising(value: Value, limit: float, pieces: Counts) -> list[tuple[int, int]]:
    """Pieces, (p, 2), that may have a value below the limit: at an end, or because it falls from both ends inwards."""
    start, end = pieces.T
    inwards = np.sign(end - start)
    at_start, at_end, after_start, before_end = value(np.stack([start, end, start + inwards, end - inwards]))
    dips = (after_start < at_start) & (before_end < at_end)
    kept = pieces[(at_start < limit) | (at_end < limit) | dips]
    return [(int(start), int(end)) for start, end in kept]


def _inside(value: Value, limit: float, start: int, end: int, guess: int) -> int | None:
    """A number between both ends whose value, which is convex there, is below the limit."""
    low, high = min(start, end), max(start, end)
    for candidate in (start, min(max(guess, low), high), end):
        if value(candidate) < limit:
            return candidate
    while high - low > 1:
        middle = (low + high) // 2
        here = value(middle)
        if here < limit:
            return middle
        low, high = (middle, high) if value(middle + 1) < here else (low, middle)
    return None


def _boundary(value: Value, limit: float, outside: int, inside: int) -> int:
    """The first number on the way from ``outside`` to ``inside`` whose value is below the limit."""
    if value(outside) < limit:
        return outside
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        if value(middle) < limit:
            inside = middle
        else:
            outside = middle
    return inside
