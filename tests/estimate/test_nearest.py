from __future__ import annotations

import numpy as np
import pytest

from auditor.estimate.nearest import NEAREST, Nearest, whole_vectors


def made(rows: int, seed: int, distinct: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of whole numbers, some of them equal, and given labels."""
    generator = np.random.default_rng(seed)
    vectors = whole_vectors(generator.normal(size=(distinct or rows, 8)))
    return vectors[generator.integers(0, len(vectors), rows)], generator.integers(0, 3, rows)


def by_sorting(vectors: np.ndarray, given: np.ndarray, judged: list[int], row: int, same: bool) -> set[int]:
    others = [other for other in judged if other != row and (not same or given[other] == given[row])]
    return set(sorted(others, key=lambda other: (-float(vectors[other] @ vectors[row]), other))[:NEAREST])


def check(near: Nearest, vectors: np.ndarray, given: np.ndarray, judged: list[int]) -> None:
    rows = len(given)
    numbers = np.random.default_rng(rows).integers(-(2**20), 2**20, rows + 1).astype(np.float32)
    numbers[-1] = 0
    lists = [[by_sorting(vectors, given, judged, row, same) for same in (False, True)] for row in range(rows)]
    expected = [[sum(int(numbers[other]) for other in found) for found in both] for both in lists]
    assert near.sums(numbers, slice(None)).tolist() == expected
    assert near.counts(slice(None)).tolist() == [[len(found) for found in both] for both in lists]
    assert set(near.rows(3).tolist()) == lists[3][0] | lists[3][1]


@pytest.mark.parametrize("distinct", [None, 4])
@pytest.mark.parametrize("seed", range(3))
def test_the_lists_are_those_of_the_judged_rows_however_they_were_judged(seed: int, distinct: int | None) -> None:
    vectors, given = made(110, seed, distinct)
    near, generator = Nearest(vectors, given), np.random.default_rng(seed)
    judged: list[int] = []
    for size in (1, 5, 14, 17, 16, 40, 38, 105, 104, 20, 0, 70):  # one by one, and all again at once
        judged = generator.permutation(110)[:size].tolist()
        near.hold(np.array(judged, np.int64))
        check(near, vectors, given, judged)


def test_similarities_are_whole_and_small_enough_to_be_exact() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(500, 384)) * np.exp(-np.arange(384) / 40)
    whole = whole_vectors(np.concatenate([vectors, np.zeros((1, 384)), np.eye(384)[:1]]))
    assert whole.dtype == np.float32
    assert whole.shape == (502, 64)
    assert np.array_equal(whole, np.rint(whole))
    assert np.abs(whole).max() <= 127
    assert not whole[500].any()
    products = whole @ whole.T
    assert np.abs(products).max() < 2**15
    assert np.array_equal(products, whole.astype(np.int64) @ whole.T.astype(np.int64))


def test_shortened_vectors_keep_the_similarities() -> None:
    vectors = np.random.default_rng(0).normal(size=(400, 384)) * np.exp(-np.arange(384) / 15)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    whole = whole_vectors(vectors)
    assert np.corrcoef((unit @ unit.T).ravel(), (whole @ whole.T).ravel())[0, 1] > 0.99


def test_size_and_sign_of_the_vectors_do_not_matter() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 8))
    whole = whole_vectors(vectors)
    assert np.array_equal(whole_vectors(3 * vectors), whole)
    turned = whole_vectors(-vectors)
    assert np.array_equal(turned @ turned.T, whole @ whole.T)
