from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from auditor.detection import Flags, confident_learning, find_flags
from auditor.models.scores import floored
from tests.detection.made import random_rows

seeds = st.integers(0, 2**32 - 1)


def flags_of(labels, rows, judgeable=None) -> Flags:
    everything = np.ones(len(labels), dtype=np.bool_)
    return find_flags(labels, floored(rows), everything if judgeable is None else judgeable)


def confident_of(labels, rows, judgeable=None) -> np.ndarray:
    everything = np.ones(len(labels), dtype=np.bool_)
    return confident_learning(labels, floored(rows), everything if judgeable is None else judgeable)


@pytest.fixture(scope="module")
def planted():
    """Three blobs, an error planted in 6 % of the labels, and honest predictions."""
    rng = np.random.default_rng(3)
    true = np.repeat(np.arange(3), 200).astype(np.int32)
    points = rng.standard_normal((600, 5)) + 3 * np.eye(3, 5)[true]
    wrong = rng.choice(600, 36, replace=False)
    labels = true.copy()
    labels[wrong] = (true[wrong] + rng.integers(1, 3, 36)) % 3
    rows = cross_val_predict(LogisticRegression(), points, labels, method="predict_proba").astype(np.float32)
    return labels, rows, np.isin(np.arange(600), wrong), true


def test_finds_planted_errors(planted):
    labels, rows, wrong, true = planted
    flags = flags_of(labels, rows)
    assert wrong[flags.is_issue].mean() > 0.7, "most flags are right"
    assert flags.is_issue[wrong].mean() > 0.8, "most errors are flagged"
    assert wrong[np.argsort(flags.rank)][:36].mean() > 0.8
    assert wrong[np.argsort(flags.rank)][-300:].mean() < 0.01
    found = wrong & flags.is_issue
    assert (flags.suggested == true)[found].mean() > 0.9


@given(seeds, st.integers(2, 5))
def test_permuting_rows_permutes_suspicion_and_flags(seed, classes):
    labels, rows = random_rows(seed, 60, classes)
    order = np.random.default_rng(seed).permutation(60)
    flags, permuted = flags_of(labels, rows), flags_of(labels[order], rows[order])
    for name in ("suspicion", "is_issue", "predicted", "suggested"):
        assert np.array_equal(getattr(permuted, name), getattr(flags, name)[order])
    assert np.array_equal(confident_of(labels[order], rows[order]), confident_of(labels, rows)[order])


@given(seeds, st.integers(2, 6))
def test_the_order_of_the_classes_does_not_matter(seed, classes):
    labels, rows = random_rows(seed, 60, classes)
    pooled = floored(rows)
    code = np.random.default_rng(seed).permutation(classes).astype(np.int32)
    renamed = np.empty_like(pooled)
    renamed[:, code] = pooled
    judgeable = np.ones(60, dtype=np.bool_)
    flags, again = find_flags(labels, pooled, judgeable), find_flags(code[labels], renamed, judgeable)
    for name in ("suspicion", "is_issue", "rank"):
        assert np.array_equal(getattr(flags, name), getattr(again, name))
    confident = confident_learning(labels, pooled, judgeable), confident_learning(code[labels], renamed, judgeable)
    assert np.array_equal(*confident)
    assert np.array_equal(code[flags.predicted], again.predicted)
    assert np.array_equal(code[flags.suggested], again.suggested)


@given(seeds, st.integers(2, 6), st.integers(1, 40), st.sampled_from([1, 2, 7]))
def test_rank_follows_the_stored_suspicion(seed, classes, count, decimals):
    labels, rows = random_rows(seed, count, classes, sureness=12, noise=0.5)
    rows = rows.round(decimals)  # few decimals make ties
    judgeable = np.random.default_rng(seed).random(count) < 0.8
    flags = flags_of(labels, rows, judgeable)
    assert sorted(flags.rank) == list(range(1, count + 1))
    assert np.array_equal(np.isnan(flags.suspicion), ~judgeable)
    order = np.argsort(flags.rank)
    ranked = flags.suspicion[order][: judgeable.sum()]
    assert (np.diff(ranked) <= 0).all()
    assert (np.diff(order[judgeable.sum() :]) > 0).all(), "rows that are not judged come last, in their order"
    own = floored(rows)[np.arange(count), labels][order][: judgeable.sum()]
    tied = np.diff(ranked) == 0
    assert (np.diff(own)[tied] >= 0).all(), "ties go by loss"
    assert (np.diff(order[: judgeable.sum()])[tied & (np.diff(own) == 0)] > 0).all(), "then by row"


@given(seeds, st.integers(2, 6))
def test_predicted_and_suggested(seed, classes):
    labels, rows = random_rows(seed, 30, classes)
    flags = flags_of(labels, rows)
    assert (flags.suggested != labels).all()
    assert np.array_equal(flags.predicted, rows.argmax(axis=1))
    moved = flags.predicted != labels
    assert np.array_equal(flags.predicted[moved], flags.suggested[moved])
    assert moved[confident_of(labels, rows)].all(), "cleanlab flags nothing that the consensus keeps"


@given(seeds, st.integers(2, 6), st.integers(1, 80), st.sampled_from([1, 2, 7]))
def test_flags_are_the_head_of_the_ranking_and_no_more_than_the_models_put_elsewhere(seed, classes, count, decimals):
    labels, rows = random_rows(seed, count, classes, sureness=4, noise=0.5)
    judgeable = np.random.default_rng(seed).random(count) < 0.8
    flags = flags_of(labels, rows.round(decimals), judgeable)
    flagged = flags.is_issue.sum()
    assert np.array_equal(flags.is_issue, flags.rank <= flagged)
    assert flagged <= (flags.predicted != labels)[judgeable].sum()
    assert (flags.predicted != labels)[flags.is_issue].all() or classes > 2
    assert not flags.is_issue[~judgeable].any()


@pytest.mark.parametrize(
    ("given_and_other", "flagged"),
    [
        ([(0.1, 0.8), (0.3, 0.6), (0.3, 0.4), (0.9, 0.05)], 1),
        ([(0.1, 0.8), (0.1, 0.8), (0.3, 0.6)], 2),
        ([(0.4, 0.55), (0.9, 0.05), (0.9, 0.05)], 0),
        ([(0.45, 0.55)] * 20, 2),
        ([(0.1, 0.5)] * 20, 0),
    ],
)
def test_how_many_are_flagged(given_and_other, flagged):
    rows = np.array([(p, s, 1 - p - s) for p, s in given_and_other], dtype=np.float32)
    extra = np.array([(0.0, 1.0, 0.0), (0.0, 0.0, 1.0)], dtype=np.float32)  # so that every class has a row
    labels = np.array([0] * len(rows) + [1, 2], dtype=np.int32)
    assert flags_of(labels, np.concatenate([rows, extra])).is_issue.sum() == flagged


def test_dtypes_and_rows_that_are_not_judged():
    labels, rows = random_rows(0, 40, 3)
    rows[:5] = np.nan
    judgeable = np.arange(40) >= 3
    flags = flags_of(labels, rows, judgeable)
    names = ("is_issue", "suspicion", "rank", "predicted", "suggested")
    dtypes = [getattr(flags, name).dtype for name in names]
    assert dtypes == [np.bool_, np.float32, np.int32, np.int32, np.int32]
    confident = confident_of(labels, rows, judgeable)
    assert confident.dtype == np.bool_
    assert not confident[:5].any()
    assert np.isnan(flags.suspicion[:5]).all()
    assert not flags.is_issue[:5].any()
    assert (flags.predicted[:5] == -1).all()
    assert (flags.suggested[:5] == -1).all()
    assert flags.rank[:5].tolist() == [36, 37, 38, 39, 40]


@pytest.mark.parametrize("rare", [1, 2, 3, 5])
def test_rare_classes(rare):
    labels, rows = random_rows(1, 60, 3)
    labels[:] = labels % 2
    labels[:rare] = 2
    flags = flags_of(labels, rows)
    assert np.isfinite(flags.suspicion).all()


def test_two_hundred_classes_of_two_rows_and_some_absent():
    labels, rows = random_rows(2, 400, 220)
    labels = np.repeat(np.arange(200), 2).astype(np.int32)
    rows[np.arange(400), labels] += 1
    rows[0] = np.eye(220)[7]
    flags = flags_of(labels, rows / rows.sum(axis=1, keepdims=True))
    assert flags.rank[0] == 1
    assert flags.suggested[0] == 7


def test_a_wrong_row_alone_in_its_class_ranks_first():
    labels, rows = random_rows(4, 50, 3, noise=0)
    labels[:] = labels % 2
    rows = np.eye(3, dtype=np.float32)[labels] * 0.8 + 0.1 * (1 - np.eye(3, dtype=np.float32)[labels])
    labels[17] = 2
    flags = flags_of(labels, rows)
    assert flags.rank[17] == 1
    assert flags.is_issue[17]
    assert not confident_of(labels, rows)[17], "cleanlab leaves a class its only row"


def test_labels_that_are_all_right_are_no_issues():
    labels = np.arange(30, dtype=np.int32) % 3
    flags = flags_of(labels, np.eye(3, dtype=np.float32)[labels])
    assert not flags.is_issue.any()
    assert np.array_equal(flags.predicted, labels)
    assert flags.suspicion.max() < 1e-5


def test_two_classes():
    labels = np.array([0] * 20 + [1] * 20, dtype=np.int32)
    rows = np.where(labels[:, None] == [0, 1], 0.9, 0.1).astype(np.float32)
    rows[3] = [0.02, 0.98]
    flags = flags_of(labels, rows)
    assert np.flatnonzero(flags.is_issue).tolist() == [3]
    assert flags.rank[3] == 1
    assert flags.suggested.tolist() == (1 - labels).tolist()


def test_one_class_alone_judged_has_no_issues_but_an_order():
    rows = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], dtype=np.float32)
    flags = flags_of(np.zeros(3, dtype=np.int32), rows)
    assert not flags.is_issue.any()
    assert flags.rank.tolist() == [3, 1, 2]


def test_nothing_judgeable():
    labels, rows = random_rows(0, 6, 2)
    flags = flags_of(labels, rows, np.zeros(6, dtype=np.bool_))
    assert flags.rank.tolist() == [1, 2, 3, 4, 5, 6]
    assert not flags.is_issue.any()


def test_equal_chances_keep_the_given_label():
    flags = flags_of(np.array([1, 0], dtype=np.int32), np.full((2, 2), 0.5, dtype=np.float32))
    assert flags.predicted.tolist() == [1, 0]
    assert flags.suggested.tolist() == [0, 1]


def test_with_votes_raters_and_models_together_decide_order_and_flags() -> None:
    labels, consensus = random_rows(3, 200, 3)
    crowd = np.roll(consensus, 1, axis=0)
    crowd[0] = np.nan
    judgeable = np.ones(200, dtype=np.bool_)
    both, by_crowd = find_flags(labels, consensus, judgeable, crowd), find_flags(labels, crowd, judgeable)
    for name in ("suspicion", "rank", "is_issue", "predicted", "suggested"):
        np.testing.assert_array_equal(getattr(both, name), getattr(by_crowd, name))
