from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from auditor.evaluation.ranking import average_precision, precision_at

rankings = st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=40).filter(
    lambda rows: any(wrong for _, wrong in rows)
)


def arrays(rows: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([value / 10 for value, _ in rows], dtype=np.float32), np.array([wrong for _, wrong in rows])


@given(rankings)
def test_average_precision_is_that_of_scikit_learn(rows: list[tuple[int, bool]]):
    suspicion, wrong = arrays(rows)
    assert average_precision(suspicion, wrong) == pytest.approx(average_precision_score(wrong, suspicion))


@given(rankings)
def test_only_the_order_counts(rows: list[tuple[int, bool]]):
    suspicion, wrong = arrays(rows)
    stretched = np.exp(5 * suspicion)
    assert average_precision(stretched, wrong) == pytest.approx(average_precision(suspicion, wrong))
    assert precision_at(stretched, wrong) == precision_at(suspicion, wrong)


@given(rankings, st.lists(st.booleans(), min_size=1, max_size=5))
def test_rows_without_a_suspicion_rank_last(rows: list[tuple[int, bool]], missing: list[bool]):
    suspicion, wrong = arrays(rows)
    wrong = np.append(wrong, missing)
    with_nan = np.append(suspicion, np.full(len(missing), np.nan, np.float32))
    with_less = np.append(suspicion, np.full(len(missing), -1, np.float32))
    assert average_precision(with_nan, wrong) == pytest.approx(average_precision(with_less, wrong))
    for first in (None, 1, len(rows), len(wrong)):
        assert precision_at(with_nan, wrong, first) == precision_at(with_less, wrong, first)


@given(rankings)
def test_perfect_and_worst_rankings(rows: list[tuple[int, bool]]):
    _, wrong = arrays(rows)
    assert average_precision(wrong.astype(float), wrong) == 1
    assert precision_at(wrong.astype(float), wrong) == 1
    assert average_precision(np.zeros(len(wrong)), wrong) == pytest.approx(wrong.mean())
    assert precision_at(1 - wrong.astype(float), wrong, int((~wrong).sum())) == 0


@given(rankings, st.integers(0, 50))
def test_precision_is_a_share_of_the_first_rows(rows: list[tuple[int, bool]], first: int):
    suspicion, wrong = arrays(rows)
    order = sorted(range(len(rows)), key=lambda row: (-suspicion[row], row))[:first]
    expected = sum(wrong[row] for row in order) / len(order) if order else 0.0
    assert precision_at(suspicion, wrong, first) == pytest.approx(expected)


def test_by_hand():
    suspicion, wrong = np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, False, True, False])
    assert average_precision(suspicion, wrong) == pytest.approx((1 + 2 / 3) / 2)
    assert precision_at(suspicion, wrong) == 0.5
    assert precision_at(suspicion, wrong, 3) == pytest.approx(2 / 3)


def test_nothing_wrong_nothing_found():
    assert precision_at(np.array([0.5, 0.4]), np.array([False, False])) == 0.0
