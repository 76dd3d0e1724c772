from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.detection.consensus.votes import Votes

ROWS = np.arange(5)


def votes(near: list[int], similar: list[float], duplicates: list[int] | None = None, classes: int = 3) -> Votes:
    """On row 0, whose label is 0, as are those of rows 1 and 2; 3 and 4 have label 1."""
    nobody, unknown = [-1] * len(near), [np.nan] * len(near)
    return Votes.of(
        np.array([near, *[nobody] * 4], np.int32),
        np.array([similar, *[unknown] * 4], np.float32),
        np.array(duplicates or range(5), np.int32),
        np.array([0, 0, 0, 1, 1], np.int32),
        classes,
    )


@pytest.mark.parametrize(
    ("near", "similar", "duplicates", "shares", "counts"),
    [
        ([1, 2, 3], [0.5, 0.5, 0.5], None, [2 / 3, 1 / 3, 0], [2, 1, 0]),
        ([3, 1, -1], [0.9, 0.3, np.nan], None, [0.25, 0.75, 0], [1, 1, 0]),
        ([3, 1, 2], [0.9, 0.3, -0.2], None, [0.25, 0.75, 0], [1, 1, 0]),
        ([1, 3, 4], [1.0, 0.5, 0.5], [0, 0, 2, 3, 4], [0, 1, 0], [0, 2, 0]),
        ([1, -1, -1], [1.0, np.nan, np.nan], [0, 0, 2, 3, 4], [1 / 3] * 3, [0, 0, 0]),
        ([-1, -1, -1], [np.nan] * 3, None, [1 / 3] * 3, [0, 0, 0]),
    ],
)
def test_by_hand(
    near: list[int], similar: list[float], duplicates: list[int] | None, shares: list[float], counts: list[int]
) -> None:
    found = votes(near, similar, duplicates)
    assert found.shares(ROWS)[0] == pytest.approx(shares, abs=5e-3)  # smoothed
    assert (found.shares(ROWS)[1:] == 1 / 3).all(), "where nobody votes, nothing is known"
    assert found.counts(ROWS).toarray()[0].tolist() == counts


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 8), st.integers(2, 6))
def test_agrees_with_counting_one_by_one(seed: int, rows: int, k: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    neighbours = rng.integers(-1, rows, (rows, k)).astype(np.int32)
    similarities = np.where(neighbours < 0, np.nan, rng.uniform(-0.2, 1, (rows, k))).astype(np.float32)
    duplicates = rng.integers(0, max(1, 2 * rows // 3), rows).astype(np.int32)
    labels = rng.integers(0, classes, rows).astype(np.int32)
    found = Votes.of(neighbours, similarities, duplicates, labels, classes)
    some = rng.permutation(rows)[: rng.integers(1, rows + 1)]
    weights, counts = np.full((len(some), classes), 1e-3), np.zeros((len(some), classes))
    for place, row in enumerate(some):
        for near, similar in zip(neighbours[row], similarities[row], strict=True):
            if near >= 0 and duplicates[near] != duplicates[row] and similar > 0:
                weights[place, labels[near]] += similar
                counts[place, labels[near]] += 1
    assert found.shares(some) == pytest.approx(weights / weights.sum(axis=1, keepdims=True), rel=1e-5)
    assert np.array_equal(found.counts(some).toarray(), counts)
    assert found.shares(some).sum(axis=1) == pytest.approx(1)


def test_a_label_without_votes_is_not_impossible() -> None:
    assert votes([1, 2], [1, 1]).shares(ROWS[:1]).min() > 0
