from __future__ import annotations

import numpy as np
import pytest

from auditor.estimate.opening import at_random, opening


@pytest.mark.parametrize(
    ("given", "cards", "drawn"),
    [
        (np.arange(6_000) % 2, 80, 40),
        (np.arange(6_000) % 60, 80, 60),
        (np.arange(6_000) % 150, 80, 100),
        (np.arange(300) % 2, 80, 30),
        (np.arange(6_000) % 2, 400, 100),
        (np.arange(6_000) % 3, 10, 5),
        (np.arange(6_000) % 60, 0, 0),
        (np.arange(9), 80, 0),
        (np.zeros(0, np.int64), 80, 0),
    ],
)
def test_how_many_rows_are_drawn(given: np.ndarray, cards: int, drawn: int) -> None:
    rows = opening(given, seed=1, cards=cards)
    assert len(rows) == len(np.unique(rows)) == drawn
    assert len(rows) <= min(100, len(given) // 10)


@pytest.mark.parametrize("seed", range(5))
def test_at_any_time_the_labels_are_even_and_small_ones_are_used_up(seed: int) -> None:
    given = np.repeat([0, 1, 2, 3], [5_000, 3, 900, 12])
    sizes = np.bincount(given)
    rows = opening(given, seed)
    for cards in range(1, len(rows) + 1):
        counts = np.bincount(given[rows[:cards]], minlength=4)
        left = counts < sizes
        assert counts[left].max() - counts[left].min() <= 1
        assert counts[~left].max(initial=0) <= counts[left].max() + 1


def test_a_seed_draws_the_same_rows_and_another_one_others() -> None:
    given = np.arange(5_000) % 3
    assert np.array_equal(opening(given, 7), opening(given, 7))
    assert not np.array_equal(opening(given, 7), opening(given, 8))


def test_every_row_of_a_label_is_as_likely() -> None:
    given = np.repeat([0, 1], [400, 100])
    drawn = np.bincount(np.concatenate([opening(given, seed, cards=20) for seed in range(2_000)]), minlength=500)
    for label in (0, 1):
        counts = drawn[given == label]
        expected = 10_000 / len(counts)
        assert abs(counts.mean() - expected) < 1e-9
        assert counts.var() < 1.3 * expected


def test_every_second_card_is_drawn_while_rows_last() -> None:
    turns = [at_random(card, 3) for card in range(10)]
    assert turns == [False, True, False, True, False, True, False, False, False, False]
