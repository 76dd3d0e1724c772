from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from auditor.config import PROBABILITY_FLOOR
from auditor.models.scores import Scores, floored, largest_loss, losses, score

rows_of_weights = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.floats(0, 1, width=32)
)


@given(rows_of_weights)
def test_floored_rows_sum_to_one_and_keep_their_order(weights):
    result = floored(weights)
    assert result.dtype == np.float32
    assert np.allclose(result.sum(axis=1), 1, atol=1e-6)
    assert (result > 0).all()
    for before, after in zip(np.maximum(weights, np.float32(PROBABILITY_FLOOR)), result, strict=True):
        assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0).all()


def test_floored_leaves_its_input_and_missing_rows_alone():
    given_rows = np.array([[1, 0], [np.nan, np.nan]], dtype=np.float32)
    result = floored(given_rows)
    assert given_rows[0, 1] == 0
    assert np.isnan(result[1]).all()
    assert result[0, 1] == pytest.approx(1e-6, rel=1e-5)


def test_losses_are_in_nats_and_missing_where_nothing_was_judged():
    probabilities = np.array([[0.25, 0.75], [0, 1], [1, 0], [np.nan, np.nan]], dtype=np.float32)
    result = losses(probabilities, np.array([0, 0, 0, 1]))
    assert result.dtype == np.float32
    assert result[:2] == pytest.approx([np.log(4), np.log(1e6)], rel=1e-4)
    assert 0 <= result[2] < 1e-5
    assert not np.signbit(losses(np.ones((1, 1)), np.array([0]))[0])
    assert np.isnan(result[3])


@given(rows_of_weights.filter(lambda weights: weights.sum() > 0))
def test_no_loss_exceeds_the_largest(weights):
    probabilities = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-3)
    worst = losses(probabilities, probabilities.argmin(axis=1))
    assert (worst <= largest_loss(weights.shape[1]) + 1e-5).all()


def test_score_by_hand():
    probabilities = np.array([[0.8, 0.2, 0], [0.4, 0.6, 0], [0.1, 0.9, 0], [np.nan] * 3], dtype=np.float32)
    scores = score(probabilities, np.array([0, 0, 1, 2], dtype=np.int32), 3)
    assert scores.rows == 3
    assert scores.accuracy == pytest.approx(2 / 3)
    assert scores.f1_by_class == pytest.approx((2 / 3, 2 / 3, None))
    assert scores.macro_f1 == pytest.approx(2 / 3), "the class without a judged row does not count"
    assert scores.weighted_f1 == pytest.approx(2 / 3)
    assert scores.log_loss == pytest.approx(-np.log([0.8, 0.4, 0.9]).mean(), rel=1e-4)
    assert scores.confusion == ((1, 1, 0), (0, 1, 0), (0, 0, 0))


def test_weighted_f1_weighs_by_the_given_rows():
    probabilities = np.eye(2, dtype=np.float32)[[0, 0, 0, 0]]
    scores = score(probabilities, np.array([0, 0, 0, 1]), 2)
    assert scores.f1_by_class == pytest.approx((6 / 7, 0))
    assert scores.weighted_f1 == pytest.approx(0.75 * 6 / 7)
    assert scores.macro_f1 == pytest.approx(3 / 7)


def test_scores_come_back_from_json():
    scores = score(np.array([[0.3, 0.7], [0.9, 0.1]]), np.array([1, 1]), 2)
    entry = json.loads(json.dumps(scores.model_dump()))
    assert set(entry) == {
        "accuracy", "weighted_f1", "macro_f1", "log_loss", "rows", "f1_by_class", "confusion"
    }  # fmt: skip
    assert entry["confusion"] == [[0, 0], [1, 1]]
    assert Scores.model_validate(entry) == scores


def test_nothing_judged_scores_nothing():
    scores = score(np.full((4, 3), np.nan), np.zeros(4, dtype=np.int32), 3)
    assert (scores.rows, scores.accuracy, scores.log_loss, scores.f1_by_class) == (0, None, None, (None,) * 3)
    assert scores.confusion == ((0, 0, 0),) * 3
