from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.estimate.stream import PENDING, Q_RANGE, Change, choose_q, coin, count_pools, draw_row


@given(st.floats(0, 1), st.floats(0, 1000), st.integers(0, 1000))
def test_a_forecast_is_never_certain(mean_p: float, expected: float, errors: int):
    assert Q_RANGE[0] <= choose_q(mean_p, expected, errors) <= Q_RANGE[1]


def test_a_forecast_follows_the_blind_cards():
    assert choose_q(0.1) == pytest.approx(0.1)
    assert choose_q(0.1, expected=10.0, errors=10) == pytest.approx(0.1)
    assert choose_q(0.1, expected=10.0, errors=23) == pytest.approx(0.2)


@given(st.lists(st.booleans(), min_size=1, max_size=20), st.text(max_size=8))
def test_a_draw_takes_a_row_that_nobody_has_judged_and_can_be_repeated(judged: list[bool], seed: str):
    mask = np.array(judged)
    if mask.all():
        with pytest.raises(ValueError, match="every row is judged"):
            draw_row(mask, seed)
        return
    row = draw_row(mask, seed)
    assert not judged[row]
    assert draw_row(mask, seed) == row


def test_every_unjudged_row_is_drawn_as_often():
    mask = np.arange(12) % 3 == 0
    counts = np.bincount([draw_row(mask, f"{seed:032x}") for seed in range(8_000)], minlength=12)
    assert (counts[mask] == 0).all()
    expected = 1_000
    assert ((counts[~mask] - expected) ** 2 / expected).sum() < 24.3  # chi-squared with 7 degrees of freedom, 99.9 %


def test_a_coin_falls_as_often_as_it_should_and_apart_from_the_draw():
    seeds = [f"{seed:032x}" for seed in range(4_000)]
    blind = np.array([coin(seed, 1 / 20) for seed in seeds])
    assert blind.sum() == pytest.approx(200, abs=45)
    first = np.array([draw_row(np.zeros(2, np.bool_), seed) == 0 for seed in seeds])
    assert first[blind].mean() == pytest.approx(0.5, abs=0.12)
    assert not any(coin(seed, 0) for seed in seeds)
    assert all(coin(seed, 1) for seed in seeds)


events = st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 39)), max_size=40)


@given(events, st.lists(st.sampled_from([0, 1, PENDING]), min_size=10, max_size=10), st.sets(st.integers(0, 9)))
def test_pools_are_those_of_going_through_the_log(
    log: list[tuple[int, bool, int]], outcomes: list[int], rows: set[int]
):
    """A draw after each event, which follows any of those before it, as after a merge."""
    judged: set[int] = set()
    pools: list[set[int]] = []
    changes, expected = [], []
    for row, undo, parent in log:
        judged = judged - {row} if undo else judged | {row}
        before = pools[parent] if parent < len(pools) else set()
        parts = (np.array(sorted(part), np.int64) for part in (judged - before, before - judged))
        changes.append(Change(parent if parent < len(pools) else -1, *parts))
        pools.append(judged)
        states = [outcomes[one] for one in judged & rows]
        expected.append((states.count(1), states.count(PENDING), len(states)))
    counts = count_pools(changes, np.array(outcomes, np.int8), np.isin(np.arange(10), list(rows)))
    assert list(zip(*(column.tolist() for column in counts), strict=True)) == expected
