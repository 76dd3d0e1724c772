from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.detection import nearest, nearest_in_folds, recall
from auditor.detection.neighbours import neighbours


def some_vectors(seed: int, rows: int, width: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 8))
def test_agrees_with_comparing_one_by_one(seed, rows, k):
    vectors = some_vectors(seed, rows)
    index, similarity = nearest(vectors, k, 1000, 0)
    assert index.dtype == np.int32
    assert similarity.dtype == np.float32
    assert index.shape == similarity.shape == (rows, k)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for row in range(rows):
        expected = sorted((float(unit[row] @ unit[other]) for other in range(rows) if other != row), reverse=True)[:k]
        known = min(k, rows - 1)
        assert similarity[row, :known] == pytest.approx(expected, abs=1e-5)
        assert np.isnan(similarity[row, known:]).all()
        assert (index[row, known:] == -1).all()
        assert row not in index[row]


def test_blocks_change_nothing(monkeypatch):
    vectors, seen = some_vectors(0, 50), []
    whole = nearest(vectors, 5, 1000, 0)
    monkeypatch.setattr(neighbours, "_CELLS", 50 * 7)
    blocks = nearest(vectors, 5, 1000, 0, lambda done, total: seen.append((done, total)))
    assert np.array_equal(whole[0], blocks[0])
    assert np.array_equal(whole[1], blocks[1])
    assert seen[0] == (7, 50)
    assert seen[-1] == (50, 50)


def test_blocks_of_an_approximate_search_do_not_shrink_with_the_rows(monkeypatch):
    vectors, seen = some_vectors(0, 60), []
    monkeypatch.setattr(neighbours, "_CELLS", 60)  # as few as a block has where there are millions of rows
    monkeypatch.setattr(neighbours, "_ROWS", 25)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    monkeypatch.setattr(neighbours, "_candidates", lambda vectors, wanted, seed: np.argsort(-unit @ unit.T)[:, :9])
    index, _ = nearest(vectors, 5, 0, 0, lambda done, total: seen.append(done))
    assert seen == [25, 50, 60]
    assert np.array_equal(index, nearest(vectors, 5, 1000, 0)[0])


def test_identical_vectors_are_neighbours_but_not_of_themselves():
    index, similarity = nearest(np.ones((6, 3), np.float32), 3, 1000, 0)
    for row, others in enumerate(index.tolist()):
        assert len(set(others) - {row}) == 3
        assert others == sorted(others), "equally near ones go by row"
    assert np.allclose(similarity, 1)


def test_zeros_are_safe():
    vectors = some_vectors(1, 10)
    vectors[[2, 5]] = 0
    index, similarity = nearest(vectors, 9, 1000, 0)
    assert (similarity[[2, 5]] == 0).all()
    assert index[2].tolist() == [0, 1, 3, 4, 5, 6, 7, 8, 9]


def test_very_few_rows():
    assert nearest(np.empty((0, 4), np.float32), 3, 10, 0)[0].shape == (0, 3)
    index, similarity = nearest(some_vectors(0, 1), 3, 10, 0)
    assert index.tolist() == [[-1, -1, -1]]
    assert np.isnan(similarity).all()


@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(1, 8), st.integers(0, 8))
def test_what_is_found_is_measured(seed, rows, k, missed):
    vectors, wanted = some_vectors(seed, rows), min(k, rows - 1)
    vectors[: rows // 3] = vectors[0]  # equals: any of them is right
    index, _ = nearest(vectors, k, 1000, 0)
    assert recall(vectors, index, 0) == 1
    index[0, max(0, wanted - missed) : wanted] = -1
    assert recall(vectors, index, 0) == pytest.approx(1 - min(missed, wanted) / (rows * wanted))


def test_a_sample_of_the_rows_is_enough(monkeypatch):
    vectors = some_vectors(3, 300)
    index = nearest(vectors, 5, 1000, 0)[0]
    index[:, 4] = -1
    monkeypatch.setattr(neighbours, "CHECKED", 50)
    monkeypatch.setattr(neighbours, "_ROWS", 70)  # the last block is smaller
    assert recall(vectors, index, 0) == pytest.approx(0.8)


@pytest.mark.slow
def test_the_approximate_search_agrees_with_the_exact_one():
    vectors = some_vectors(0, 600, 16)
    vectors[100:130] = vectors[100]
    vectors[7] = 0
    exact = nearest(vectors, 10, 1000, 0)[0]
    index, similarity = nearest(vectors, 10, 0, 0)
    assert (index != np.arange(600)[:, None]).all()
    assert (np.diff(similarity, axis=1) <= 0).all()
    found = [len(set(a) & set(b)) / 10 for row, (a, b) in enumerate(zip(exact, index, strict=True)) if row != 7]
    found = [share for row, share in enumerate(found) if not 99 <= row < 130]  # of 29 equals, any 10 are right
    assert np.mean(found) > 0.95
    assert recall(vectors, index, 0) > 0.95
    assert np.allclose(similarity[100:130], 1)
    assert np.array_equal(index, nearest(vectors, 10, 0, 0)[0])
    assert np.isnan(nearest(vectors[:4], 10, 0, 0)[1]).sum() == 4 * 7


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 6))
def test_within_folds_each_space_is_searched_alone(seed, rows, k):
    rng = np.random.default_rng(seed)
    folds = rng.integers(-2, 3, rows).astype(np.int16)
    parts = [some_vectors(seed + fold, int((folds == fold).sum())).astype(np.float16) for fold in range(3)]
    index, similarity = nearest_in_folds(parts, folds, k, 1000, 0)
    assert (index.dtype, similarity.dtype) == (np.int32, np.float32)
    assert index.shape == similarity.shape == (rows, k)
    for fold, part in enumerate(parts):
        here = np.flatnonzero(folds == fold)
        found, alike = nearest(part.astype(np.float32), k, 1000, 0)
        assert np.array_equal(similarity[here], alike, equal_nan=True)
        assert np.array_equal(index[here], np.where(found < 0, -1, here[found] if len(here) else found))
    assert (index[folds < 0] == -1).all()
    assert np.isnan(similarity[folds < 0]).all()
    assert np.array_equal(index < 0, np.isnan(similarity))


def test_neighbours_within_folds_are_rows_of_the_dataset():
    folds, seen = np.array([1, 0, 1, -1, 0, 1], np.int16), []
    first, second = np.array([[1, 0], [1, 0.1]], np.float32), np.array([[0, 1], [1, 0], [0.1, 1]], np.float32)
    index, _ = nearest_in_folds([first, second], folds, 2, 10, 0, lambda *at: seen.append(at))
    assert index.tolist() == [[5, 2], [4, -1], [5, 0], [-1, -1], [1, -1], [0, 2]]
    assert seen == [(2, 6), (5, 6)]
