from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import softmax

from auditor.detection.consensus import weights
from auditor.detection.consensus.weights import learn_temperature, learn_weights
from tests.detection.made import opinion

seeds = st.integers(0, 2**32 - 1)
QUICK = settings(max_examples=15, deadline=None)


class Case:
    """Labels, and experts of some sureness and some share of errors."""

    def __init__(self, seed: int, rows: int = 400, classes: int = 4) -> None:
        self.rng, self.classes = np.random.default_rng(seed), classes
        self.labels = self.rng.integers(0, classes, rows).astype(np.int32)

    def expert(self, sureness: float = 2, noise: float = 0.1) -> Any:
        return np.log(opinion(self.rng, self.labels, self.classes, sureness, noise), dtype=np.float64)

    def junk(self) -> Any:
        """Sure, and right no more often than by chance."""
        return np.log(opinion(self.rng, self.rng.permutation(self.labels), self.classes, 3, 0), dtype=np.float64)


def pool(found: Any, logs: Any) -> Any:
    return softmax(np.tensordot(found, logs, 1), axis=1)


@QUICK
@given(seeds, st.integers(1, 4), st.sampled_from([0.1, 0.5, 1.0]))
def test_the_gradient_is_that_of_the_loss(seed: int, experts: int, robustness: float) -> None:
    case, seen = Case(seed, 30), []
    logs = np.stack([case.expert() for _ in range(experts)])

    def look(loss: Any, start: Any, **options: Any) -> Any:
        seen.append((loss, start))
        return minimize(loss, start, **options)

    minimize = weights.minimize
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "minimize", look)
        learn_weights(logs, case.labels, robustness)
    ((loss, start),) = seen
    assert np.array_equal(start, np.full(experts, 1 / experts))
    for point in (start, case.rng.uniform(0, 2, experts)):
        value, gradient = loss(point)
        chances = pool(point, logs)[np.arange(30), case.labels]
        assert value == pytest.approx(((1 - chances**robustness) / robustness).mean())
        assert gradient == pytest.approx(approx_fprime(point, lambda at: loss(at)[0]), abs=1e-5)


@pytest.mark.parametrize("classes", [2, 20])
def test_weights_stay_bounded_where_errors_are_chance_alone(classes: int) -> None:
    case = Case(0, 500, classes)
    true, wrong = case.labels.copy(), case.rng.random(500) < 0.1
    experts = np.stack([case.expert(3, 0), case.expert(3, 0)])
    case.labels[wrong] = (case.labels[wrong] + 1) % classes
    found = learn_weights(experts, case.labels, 0.5)
    assert found.max() <= 5
    logs = np.tensordot(found, experts, 1)
    temperature = learn_temperature(logs, case.labels)
    chances = softmax(temperature * logs, axis=1)
    assert 0.8 < chances[np.arange(500), true].mean() < 0.95, "about as sure as labels are right"


def test_a_temperature_is_found_far_from_one() -> None:
    case = Case(1, 2000)
    logs = case.expert()
    usual = learn_temperature(logs, case.labels)
    for factor in (50.0, 0.2):
        assert learn_temperature(logs * factor, case.labels) == pytest.approx(usual / factor, rel=0.02)


@QUICK
@given(seeds)
def test_no_weight_is_negative_and_none_fits_better(seed: int) -> None:
    case = Case(seed)
    against = np.roll(case.expert(), 1, axis=1)
    logs = np.stack([case.expert(), case.expert(1, 0.4), against, case.junk()])

    def loss(found: Any) -> float:
        return float((1 - pool(found, logs)[np.arange(400), case.labels] ** 0.5).mean() * 2)

    found = learn_weights(logs, case.labels, 0.5)
    assert (found >= 0).all()
    assert found[2] < 1e-3, "an expert for wrong labels is not turned round"
    best = loss(found)
    for step in (0.05, -0.05):
        assert min(loss(np.maximum(found + step * one, 0)) for one in np.eye(4)) >= best - 1e-4


@pytest.mark.parametrize("seed", range(8))
def test_an_expert_who_knows_nothing_is_not_listened_to(seed: int) -> None:
    case = Case(seed, 2000)
    logs = np.stack([case.expert(3, 0.1), case.junk(), case.expert(2, 0.2)])
    found = learn_weights(logs, case.labels, 0.5)
    assert found[1] < 0.2 * found[[0, 2]].min()
    without = learn_weights(logs[[0, 2]], case.labels, 0.5)
    assert np.abs(pool(found, logs) - pool(without, logs[[0, 2]])).mean() < 0.02


@pytest.mark.parametrize("seed", range(8))
def test_who_speaks_twice_is_heard_once(seed: int) -> None:
    case = Case(seed)
    one, other = case.expert(3, 0.1), case.expert(2, 0.2)
    once, twice = np.stack([one, other]), np.stack([one, one, other])
    found = learn_weights(twice, case.labels, 0.5)
    assert found[0] == pytest.approx(found[1])
    alone = learn_weights(once, case.labels, 0.5)
    assert np.abs(pool(found, twice) - pool(alone, once)).mean() < 0.005


def test_the_better_expert_weighs_more() -> None:
    case = Case(0, 1000)
    better, worse = learn_weights(np.stack([case.expert(3, 0.05), case.expert(3, 0.4)]), case.labels, 0.5)
    assert better > 2 * worse


@pytest.mark.parametrize("seed", range(3))
def test_a_few_labels_that_are_impossible_do_not_cost_a_good_expert_its_trust(seed: int) -> None:
    case = Case(seed, 600)
    sure = np.full((600, 4), 1e-6)
    sure[np.arange(600), case.labels] = 1 - 3e-6
    logs, given = np.stack([np.log(sure), case.expert(1.5, 0.3)]), case.labels.copy()
    wrong = case.rng.choice(600, 12, replace=False)  # 2 % of the labels, of which no expert could know
    given[wrong] = (given[wrong] + 1) % 4

    def doubt(robustness: float) -> float:
        pooled = pool(learn_weights(logs, given, robustness), logs)
        assert (pooled.argmax(axis=1) == case.labels).all()
        return float(1 - pooled[np.arange(600), case.labels].mean())

    assert doubt(0.5) < 1e-3
    assert doubt(0.01) > 0.01, "the log-loss would rather doubt all labels than be surprised by these"


def test_one_row_and_labels_that_all_agree() -> None:
    case = Case(1, 20)
    logs = np.stack([case.expert(), case.expert()])
    for rows in (1, 20):
        found = learn_weights(logs[:, :rows], np.full(rows, 2, np.int32), 0.5)
        assert found.shape == (2,)
        assert np.isfinite(found).all()
        assert (found >= 0).all()


@pytest.mark.parametrize("factor", [0.5, 1, 3])
def test_the_exponent_of_the_whole_makes_it_as_sure_as_it_is_right(factor: float) -> None:
    case = Case(2, 5000)
    logs = 2 * case.rng.standard_normal((5000, 4))
    chances = softmax(logs, axis=1)
    labels = (chances.cumsum(axis=1) < case.rng.random((5000, 1))).sum(axis=1)
    assert learn_temperature(factor * logs, labels) == pytest.approx(1 / factor, rel=0.1)


def test_a_whole_that_knows_nothing_is_not_made_sure() -> None:
    case = Case(3, 2000)
    assert learn_temperature(case.junk(), case.labels) < 0.1
