from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config import LexicalConfig
from auditor.errors import InputError
from auditor.evaluation.comparison.versions import Split, Version, every_seed, split_rows, train_on
from auditor.models.crossval import Candidate
from auditor.models.logistic import lexical_classifier


def codes(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int32)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 15)), min_size=12, max_size=60), st.integers(0, 5))
def test_a_fifth_is_drawn_that_keeps_duplicates_together(rows: list[tuple[int, int]], seed: int) -> None:
    labels, groups = codes([label for label, _ in rows]), codes([group for _, group in rows])
    splits = np.full(len(rows), "all")
    if len(np.unique(groups)) < 2:
        return
    split = split_rows(splits, labels, groups, seed)
    assert (split.train ^ split.test).all()
    assert split.train.any()
    assert split.test.any()
    assert not set(groups[split.train]) & set(groups[split.test])
    again = split_rows(splits, labels, groups, seed)
    assert (again.test == split.test).all()


def test_the_fifth_is_about_a_fifth_of_each_class() -> None:
    labels = codes([0] * 100 + [1] * 50)
    split = split_rows(np.full(150, "train"), labels, codes(list(range(150))), 0)
    assert np.bincount(labels[split.test]).tolist() == [20, 10]
    assert split.how.startswith("20 % of all rows, drawn with seed 0")


@pytest.mark.parametrize(
    ("names", "trained", "tested"),
    [
        (["train", "test"], "train", "test"),
        (["train", "validation", "test"], "train", "test"),
        (["Train", "dev"], "Train", "dev"),
        (["training", "val", "eval"], "training", "eval"),
    ],
)
def test_the_datasets_own_splits_are_used(names: list[str], trained: str, tested: str) -> None:
    splits = np.repeat(names, 4)
    split = split_rows(splits, codes([0, 1] * (2 * len(names))), codes(list(range(len(splits)))), 0)
    assert set(splits[split.train]) == {trained}
    assert set(splits[split.test]) == {tested}
    assert split.how == f"the dataset's own splits: trained on {trained}, tested on {tested}"


@pytest.mark.parametrize("names", [["test"], ["train"], ["train", "extra"], ["a", "b"]])
def test_without_a_part_to_train_or_test_on_a_fifth_of_all_rows_is_drawn(names: list[str]) -> None:
    splits = np.repeat(names, 20)
    split = split_rows(splits, codes([0, 1] * (10 * len(names))), codes(list(range(len(splits)))), 0)
    assert split.test.sum() == len(splits) // 5


def test_rows_with_a_duplicate_among_the_test_rows_are_not_trained_on() -> None:
    splits, groups = np.repeat(["train", "test"], 4), codes([0, 1, 2, 3, 3, 4, 5, 6])
    split = split_rows(splits, codes([0, 1] * 4), groups, 0)
    assert np.flatnonzero(split.train).tolist() == [0, 1, 2]
    assert split.leaks == 1
    with pytest.raises(InputError, match="Every row of train has a duplicate in test"):
        split_rows(splits, codes([0, 1] * 4), codes([0, 1, 2, 3, 0, 1, 2, 3]), 0)


def test_rows_that_a_version_lacks_are_neither_trained_on_nor_tested() -> None:
    kept = np.array([True, False, True, True, False])
    split = Split(np.array([True, True, True, False, False]), np.array([False] * 3 + [True] * 2), "")
    version = Version(codes([0, 1, 1, 0, 1]), kept)
    seen: list[tuple[list[str], list[int]]] = []

    class Watching:
        def fit(self, inputs: list[str], labels: np.ndarray, *rest: object) -> Watching:
            seen.append((inputs, labels.tolist()))
            return self

    candidate = Candidate("lexical", lambda progress: Watching(), list("abcde"), (), {})  # type: ignore[arg-type, return-value]
    train_on(candidate, version, split, 0, lambda done, total: None)
    assert seen == [(["a", "c"], [0, 1])]
    assert version.tested(split).tolist() == [0, -1]
    with pytest.raises(InputError, match="no rows to train on"):
        train_on(candidate, Version(version.labels, ~split.train), split, 0, lambda done, total: None)


def test_better_labels_teach_more() -> None:
    rng = np.random.default_rng(0)
    truth = np.tile(codes([0, 1]), 150)
    texts = [f"{'happy glad joy' if label == 0 else 'sad tears gloom'} {rng.integers(50)}" for label in truth]
    noisy = np.where(rng.random(300) < 0.45, 1 - truth, truth).astype(np.int32)
    split = split_rows(np.full(300, "all"), noisy, codes(list(range(300))), 0)
    candidate = Candidate("lexical", lambda progress: lexical_classifier(LexicalConfig(), 2), texts, (), {})
    right = {}
    for name, labels in {"noisy": noisy, "true": truth}.items():
        probabilities = every_seed(candidate, Version.of(labels), split, range(2))
        assert probabilities.shape == (2, split.test.sum(), 2)
        right[name] = (probabilities.argmax(-1) == truth[split.test]).mean()
    assert right["true"] == 1 > right["noisy"]
