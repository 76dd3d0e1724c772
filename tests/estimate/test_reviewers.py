from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from auditor.estimate.reviewers import agreement, anchoring
from auditor.estimate.shares import difference, share

counts = st.integers(1, 2000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(counts, st.sampled_from([0.05, 0.2]))
def test_shares_are_those_of_scipy(count: tuple[int, int], alpha: float):
    found = share(*count, alpha)
    expected = binomtest(*count).proportion_ci(1 - alpha, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_nothing_counted_says_nothing():
    assert (share(0, 0).value, share(0, 0).low, share(0, 0).high) == (None, 0, 1)
    assert difference(share(0, 0), share(3, 10)).value is None


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_differences_are_those_of_newcombe(first: tuple[int, int], second: tuple[int, int], low: float, high: float):
    """His table II, method 10."""
    found = difference(share(*first), share(*second))
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


@given(counts, counts)
def test_a_difference_turned_round_changes_its_sign(first: tuple[int, int], second: tuple[int, int]):
    one, other = difference(share(*first), share(*second)), difference(share(*second), share(*first))
    assert (one.low, one.value, one.high) == pytest.approx((-other.high, -other.value, -other.low))
    assert -1 - 1e-12 <= one.low <= one.value <= one.high <= 1 + 1e-12


def test_agreement_counts_equal_verdicts():
    found = agreement(np.array([1, 2, 3, 4]), np.array([1, 2, 0, 4]))
    assert (found.count, found.of) == (3, 4)


def test_anchoring_is_shown_minus_hidden():
    found = anchoring(hidden=np.arange(50) < 10, shown=np.arange(400) < 160)
    assert found.value == pytest.approx(0.2)
    assert 0 < found.low < 0.2 < found.high
