from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.models.folds import LEFT_OUT, judgeable, make_folds, trained_on
from auditor.models.sampling import limit, training_rows


def test_only_large_datasets_have_a_limit_by_default() -> None:
    assert limit(None, 100_000) == 100_000
    assert limit(None, 100_001) == 50_000
    assert limit(7, 1_000_000) == limit(7, 10) == 7


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 120))
def test_a_sample_keeps_groups_whole_and_every_class(seed: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    rows, classes = int(rng.integers(4, 80)), int(rng.integers(1, 6))
    labels = np.minimum(rng.geometric(0.5, rows) - 1, classes - 1).astype(np.int32)
    groups = rng.integers(0, rng.integers(2, rows + 1), rows).astype(np.int32)
    folds = make_folds(labels, groups, 3, seed) if len(np.unique(groups)) > 1 else np.zeros(rows, np.int16)
    folds[rng.random(rows) < 0.1] = LEFT_OUT
    for fold in range(2):
        whole = np.flatnonzero(trained_on(folds, fold))
        found = training_rows(folds, fold, labels, groups, most, seed)
        assert np.array_equal(found, np.unique(found))
        assert np.isin(found, whole).all()
        assert np.array_equal(found, whole[np.isin(groups[whole], groups[found])]), "duplicates are whole"
        assert np.array_equal(np.unique(labels[found]), np.unique(labels[whole])), "so the same rows can be judged"
        assert np.array_equal(found, training_rows(folds, fold, labels, groups, most, seed))
        if len(whole) <= most:
            assert np.array_equal(found, whole)
        else:
            largest = np.bincount(groups[whole]).max()
            assert len(found) <= most + 2 * largest * len(np.unique(labels[whole]))


def test_a_sample_has_the_shares_of_the_classes() -> None:
    labels = np.repeat(np.arange(3, dtype=np.int32), (6_000, 2_900, 100))
    folds = (np.arange(9_000) % 3).astype(np.int16)
    found = training_rows(folds, 0, labels, None, 900, 1)
    assert np.abs(np.bincount(labels[found]) - [600, 290, 10]).max() <= 1
    assert not np.array_equal(found, training_rows(folds, 0, labels, None, 900, 2))
    assert judgeable(labels, folds, 3).all()
