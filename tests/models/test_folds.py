from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import InputError
from auditor.models.folds import (
    fold_numbers,
    folds_by_split,
    held_out,
    judgeable,
    make_folds,
    split_stuck_groups,
    trained_on,
)

Codes = npt.NDArray[np.int32]


def codes(values: object) -> Codes:
    return np.array(values, dtype=np.int32)


@st.composite
def datasets(draw: st.DrawFn, classes: int = 5, most: int = 40) -> tuple[Codes, Codes]:
    """Labels and groups, of at least two groups."""
    rows = draw(st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, 12)), min_size=2, max_size=most))
    labels, groups = codes(rows).T
    groups[0] = 13  # there are two groups
    return labels, groups


counts = st.integers(2, 6)
seeds = st.integers(0, 2**32 - 1)


def folds_of_classes(labels: Codes, groups: Codes, folds: npt.NDArray[np.int16]) -> dict[int, tuple[int, int]]:
    """Groups and folds of each class."""
    return {
        int(code): (len(np.unique(groups[labels == code])), len(np.unique(folds[labels == code])))
        for code in np.unique(labels)
    }


@given(datasets(), counts, seeds)
def test_no_group_is_split_and_no_fold_is_empty(data: tuple[Codes, Codes], count: int, seed: int):
    labels, groups = data
    folds = make_folds(labels, groups, count, seed)
    assert folds.dtype == np.int16
    assert len(np.unique(np.stack([groups, folds]), axis=1).T) == len(np.unique(groups))
    assert np.unique(folds).tolist() == list(range(min(count, len(np.unique(groups)))))


@given(datasets(), counts, seeds)
def test_the_same_seed_gives_the_same_folds(data: tuple[Codes, Codes], count: int, seed: int):
    assert make_folds(*data, count, seed).tolist() == make_folds(*data, count, seed).tolist()


@given(datasets(), counts, seeds)
def test_a_class_with_two_groups_of_its_own_is_judged_whole(data: tuple[Codes, Codes], count: int, seed: int):
    labels, groups = data
    own = groups * 5 + labels
    folds = make_folds(labels, own, count, seed)
    judged = judgeable(labels, folds, 5)
    for code, (of_groups, of_folds) in folds_of_classes(labels, own, folds).items():
        assert of_folds >= min(of_groups, 2)
        assert judged[labels == code].all() == (of_groups > 1)
        assert judged[labels == code].any() == (of_groups > 1)


@given(datasets(classes=6, most=14), st.integers(2, 3), seeds)
def test_a_class_stands_in_two_folds_whenever_that_is_possible(data: tuple[Codes, Codes], count: int, seed: int):
    labels, groups = codes(data[0]), codes(data[1] % 6)
    names, of = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return
    wanted = [np.unique(of[labels == code]) for code in np.unique(labels)]
    wanted = [members for members in wanted if len(members) > 1]
    pinned = min(
        sum(len({fold[group] for group in members}) == 1 for members in wanted)
        for fold in product(range(count), repeat=len(names))
    )
    folds = make_folds(labels, groups, count, seed)
    left = sum(
        of_groups > 1 and of_folds == 1 for of_groups, of_folds in folds_of_classes(labels, groups, folds).values()
    )
    assert left == 0 or pinned > 0


def test_groups_that_pull_each_other_along():
    # Classes 0, 1, 2 … each join two groups to a path, and the sizes lead the greedy choice astray.
    labels, groups = [], []
    for code, (one, other) in enumerate([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]):
        labels += [code, code]
        groups += [one, other]
    for group, (code, rows) in enumerate([(6, 5), (6, 9), (7, 8), (6, 2), (7, 7), (7, 3)]):
        labels += [code] * rows
        groups += [group] * rows
    for seed in range(20):
        folds = make_folds(codes(labels), codes(groups), 2, seed)
        assert judgeable(codes(labels), folds, 8).all()


def test_a_knot_that_no_two_folds_untie_is_reported():
    # Three groups and three classes, each class in two of the groups.
    labels, groups = codes([0, 1, 1, 2, 2, 0]), codes([0, 0, 1, 1, 2, 2])
    assert np.bincount(labels[~judgeable(labels, make_folds(labels, groups, 2, 0), 3)]).max() == 2
    assert judgeable(labels, make_folds(labels, groups, 3, 0), 3).all()


@given(st.lists(st.integers(0, 7), min_size=2, max_size=200), counts, seeds)
def test_single_rows_are_dealt_out_evenly(labels: list[int], count: int, seed: int):
    folds = make_folds(codes(labels), codes(range(len(labels))), count, seed)
    for code in set(labels):
        of_class = np.bincount(folds[codes(labels) == code], minlength=min(count, len(labels)))
        assert np.ptp(of_class) <= 1
    assert np.ptp(np.bincount(folds)) <= 8


def test_folds_are_nearly_equal_with_groups_and_rare_classes():
    rng = np.random.default_rng(0)
    labels = codes(rng.choice(6, 3000, p=[0.4, 0.3, 0.15, 0.1, 0.045, 0.005]))
    groups = codes(np.where(rng.random(3000) < 0.3, rng.integers(0, 300, 3000), np.arange(3000) + 300))
    folds = make_folds(labels, groups, 5, 0)
    assert np.ptp(np.bincount(folds)) <= 3
    for code in range(6):
        assert np.ptp(np.bincount(folds[labels == code], minlength=5)) <= 3


def test_the_seed_draws_the_folds():
    labels, groups = codes([0, 1] * 50), codes(range(100))
    assert make_folds(labels, groups, 5, 0).tolist() != make_folds(labels, groups, 5, 1).tolist()


@pytest.mark.parametrize(("labels", "groups"), [([], []), ([0], [0]), ([0, 1, 1], [4, 4, 4])])
def test_one_group_makes_no_folds(labels: list[int], groups: list[int]):
    with pytest.raises(InputError, match="at least two"):
        make_folds(codes(labels), codes(groups), 5, 0)


def test_many_classes_of_two_rows():
    labels = codes(np.repeat(np.arange(200), 2))
    folds = make_folds(labels, codes(range(400)), 10, 0)
    assert judgeable(labels, folds, 200).all()
    assert np.ptp(np.bincount(folds)) <= 2


def test_a_class_with_one_text_is_not_judgeable_however_often_it_occurs():
    labels = codes([0, 0, 0, 1, 1, 2, 2, 2])
    groups = codes([7, 7, 7, 1, 2, 3, 4, 5])
    judged = judgeable(labels, make_folds(labels, groups, 5, 0), 4)
    assert judged.tolist() == [False] * 3 + [True] * 5


def test_a_class_within_one_near_group_is_split_to_its_texts():
    labels = codes([0, 0, 0, 1, 1, 1, 2])
    exact = codes([0, 0, 1, 2, 3, 4, 5])
    near = codes([0, 0, 0, 0, 3, 3, 5])
    groups = split_stuck_groups(labels, exact, near)
    assert groups.dtype == np.int32
    assert groups.tolist() == [0, 0, 1, 2, 3, 3, 4]
    judged = judgeable(labels, make_folds(labels, groups, 2, 0), 3)
    assert judged.tolist() == [True] * 6 + [False]


@given(datasets(), st.integers(1, 4))
def test_split_groups_lie_between_exact_and_near(data: tuple[Codes, Codes], merged: int):
    labels, exact = data
    near = exact // merged
    groups = split_stuck_groups(labels, exact, near)
    assert list(dict.fromkeys(groups.tolist())) == list(range(len(np.unique(groups))))
    assert len(np.unique(np.stack([exact, groups]), axis=1).T) == len(np.unique(exact))
    assert len(np.unique(np.stack([groups, near]), axis=1).T) == len(np.unique(groups))
    for code in np.unique(labels):
        rows = labels == code
        assert len(np.unique(groups[rows])) >= min(2, len(np.unique(exact[rows])))
    if all(len(np.unique(near[labels == code])) > 1 for code in np.unique(labels)):
        assert len(np.unique(groups)) == len(np.unique(near))


SPLITS = np.array(["train", "train", "train", "val", "val", "test"])


def test_train_on_one_split_and_audit_another():
    folds = folds_by_split(SPLITS, codes([0, 1, 2, 3, 1, 4]), ("train",), ("val",))
    assert folds.dtype == np.int16
    # The second row says the same as one to judge; the last one's split is named for nothing.
    assert folds.tolist() == [-1, -2, -1, 0, 0, -2]
    assert list(fold_numbers(folds)) == [0]
    assert held_out(folds, 0).tolist() == [False, False, False, True, True, False]
    assert trained_on(folds, 0).tolist() == [True, False, True, False, False, False]
    assert judgeable(codes([0, 1, 0, 0, 1, 1]), folds, 2).tolist() == [False, False, False, True, False, False]


def test_several_splits_on_either_side():
    folds = folds_by_split(SPLITS, codes(range(6)), ("val", "train"), ("test",))
    assert folds.tolist() == [-1, -1, -1, -1, -1, 0]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 5)), max_size=20))
def test_no_model_learns_from_a_duplicate_of_what_it_judges(rows: list[tuple[str, int]]):
    splits = np.array(["a", "b", "c", *(split for split, _ in rows)])
    groups = codes([6, 7, 8, *(group for _, group in rows)])
    folds = folds_by_split(splits, groups, ("a",), ("b",))
    assert not set(groups[trained_on(folds, 0)]) & set(groups[held_out(folds, 0)])
    assert (held_out(folds, 0) == (splits == "b")).all()
    assert (folds[splits == "c"] == -2).all()


@pytest.mark.parametrize(
    ("train_on", "audit", "what"),
    [
        (("dev",), ("val",), "no split dev"),
        (("train",), ("train", "val"), "both to train on and to audit: train"),
        (("train",), (), "to audit"),
        ((), ("val",), "to train on"),
    ],
)
def test_wrong_splits_are_listed(train_on: tuple[str, ...], audit: tuple[str, ...], what: str):
    with pytest.raises(InputError, match=what) as error:
        folds_by_split(SPLITS, codes(range(6)), train_on, audit)
    assert "test, train, val" in error.value.what


def test_nothing_left_to_train_on():
    with pytest.raises(InputError, match="none remains"):
        folds_by_split(SPLITS, codes([0, 0, 0, 0, 1, 2]), ("train",), ("val",))


def test_cross_validation_trains_on_the_other_folds():
    folds = np.array([0, 1, 2, 1, -1, -2], dtype=np.int16)
    assert list(fold_numbers(folds)) == [0, 1, 2]
    assert trained_on(folds, 1).tolist() == [True, False, True, False, True, False]
    assert held_out(folds, 1).tolist() == [False, True, False, True, False, False]
    assert list(fold_numbers(folds[:0])) == []
