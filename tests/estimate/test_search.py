from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auditor.estimate.search import hull

curves = st.lists(st.tuples(st.integers(-50, 350), st.floats(0.01, 4), st.floats(-5, 40)), min_size=1, max_size=8)


@given(curves, st.integers(0, 300), st.integers(-10, 310), st.floats(0, 60))
def test_both_ends_are_those_of_trying_every_number(
    pieces: list[tuple[int, float, float]], high: int, guess: int, limit: float
):
    """Every piece has a parabola of its own; where they meet, anything can happen."""
    turns = np.linspace(0, high + 1, len(pieces) + 1).astype(int)[1:-1]

    def value(number: int | np.ndarray) -> np.ndarray:
        place = np.searchsorted(turns, number, "right")
        middle, steep, base = np.array(pieces).T[:, place]
        return np.asarray(steep * (np.asarray(number) - middle) ** 2 / 100 + base)

    inside = [number for number in range(high + 1) if value(number) < limit]
    expected = (inside[0], inside[-1]) if inside else None
    assert hull(value, limit, 0, high, sorted({*turns.tolist()}), guess) == expected


def test_few_numbers_are_tried():
    tried = []

    def value(number: int | np.ndarray) -> np.ndarray:
        tried.append(number)
        return np.abs(np.asarray(number) - 123_456_789.0)

    assert hull(value, 1000, 0, 10**9) == (123_455_790, 123_457_788)
    assert len(tried) < 150
