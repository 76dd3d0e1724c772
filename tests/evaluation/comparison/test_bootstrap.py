from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.evaluation.comparison.bootstrap import Draws, resample
from auditor.models.scores import score


def made(rows: int, classes: int, seed: int, models: int = 2, seeds: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Predictions that are right more often than not, and two versions of the labels."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, classes, rows)
    second = np.where(rng.random(rows) < 0.2, rng.integers(0, classes, rows), first)
    right = rng.random((models, seeds, rows)) < 0.7
    predicted = np.where(right, first, rng.integers(0, classes, (models, seeds, rows)))
    return predicted, np.stack([first, second])


@settings(max_examples=25)
@given(st.integers(1, 30), st.integers(2, 5), st.integers(0, 1000))
def test_the_sample_as_it_is_has_the_usual_scores(rows: int, classes: int, seed: int) -> None:
    predicted, labels = made(rows, classes, seed)
    drawn = resample(predicted, labels, classes, 1, 0)
    for version, truth in np.ndindex(2, 2):
        scores = [score(np.eye(classes)[codes], labels[truth], classes) for codes in predicted[version]]
        for name in ("accuracy", "weighted_f1", "macro_f1"):
            wanted = np.mean([getattr(one, name) for one in scores])
            assert getattr(drawn, name)[0, version, truth] == pytest.approx(wanted)
        f1 = np.mean(np.array([one.f1_by_class for one in scores], dtype=np.float64), axis=0)
        np.testing.assert_allclose(drawn.f1_by_class[0, version, truth], f1)


def test_a_draw_is_what_the_drawn_rows_and_seeds_score() -> None:
    """Of a single row pattern a draw can change nothing; of two, it is known what can come out."""
    predicted, labels = np.array([[[0, 0, 1]]]), np.array([[0, 0, 0]])
    accuracy = resample(predicted, labels, 2, 500, 0).accuracy[1:, 0, 0]
    assert set(np.round(accuracy * 3).astype(int)) == {0, 1, 2, 3}
    assert np.mean(accuracy == 1) == pytest.approx((2 / 3) ** 3, abs=0.06)
    seeds = resample(np.array([[[0], [1]]]), np.array([[0]]), 2, 500, 0).accuracy[1:, 0, 0]
    assert set(seeds) == {0.0, 0.5, 1.0}


def test_the_spread_is_that_of_a_share() -> None:
    predicted, labels = made(400, 3, 0, models=1, seeds=1)
    drawn = resample(predicted, labels, 3, 2_000, 0).accuracy[:, 0, 0]
    known = np.sqrt(drawn[0] * (1 - drawn[0]) / 400)
    assert drawn[1:].std() == pytest.approx(known, rel=0.1)
    assert drawn[1:].mean() == pytest.approx(drawn[0], abs=0.1 * known)


def test_equal_models_never_differ() -> None:
    predicted, labels = made(50, 3, 1, models=1)
    twice = resample(np.concatenate([predicted, predicted]), labels, 3, 200, 0)
    gap = twice.of(1, 0).minus(twice.of(0, 0))
    assert not gap.accuracy.any()
    assert not np.nan_to_num(gap.f1_by_class).any()


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    predicted, labels = made(40, 4, seed)
    order = np.random.default_rng(seed).permutation(40)
    one, other = resample(predicted, labels, 4, 50, 7), resample(predicted[..., order], labels[:, order], 4, 50, 7)
    for name in Draws.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_draws_do_not_depend_on_how_many_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    predicted, labels = made(60, 3, 3)
    at_once = resample(predicted, labels, 3, 100, 5)
    monkeypatch.setattr("auditor.evaluation.comparison.bootstrap._CELLS", 500)
    np.testing.assert_array_equal(resample(predicted, labels, 3, 100, 5).macro_f1, at_once.macro_f1)


def test_a_class_without_a_row_has_no_f1_and_no_weight() -> None:
    predicted, labels = np.array([[[0, 2]]]), np.array([[0, 0]])
    drawn = resample(predicted, labels, 3, 10, 0).of(0, 0)
    assert np.isnan(drawn.f1_by_class[:, 1:]).all()
    assert drawn.macro_f1[0] == drawn.weighted_f1[0] == drawn.f1_by_class[0, 0] == pytest.approx(2 / 3)
