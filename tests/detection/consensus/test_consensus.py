from __future__ import annotations

from importlib import import_module
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from auditor.config import PROBABILITY_FLOOR
from auditor.detection import Consensus, find_flags
from auditor.detection.consensus.consensus import consensus
from tests.detection.made import around_of, opinion, random_rows, some_votes, turned, without_votes

MODULE = import_module("auditor.detection.consensus.consensus")  # in the package, the function has the module's name
seeds = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=15, deadline=None)
CLASSES = 4
SYSTEMATIC = np.array([[0.7, 0.3, 0, 0], [0.05, 0.95, 0, 0], [0, 0.02, 0.93, 0.05], [0, 0, 0.05, 0.95]])


class Case:
    """Given labels that are sometimes wrong, models that mostly see the true ones, and neighbours."""

    def __init__(self, seed: int, rows: int = 300, noise: Any = SYSTEMATIC) -> None:
        self.rng = np.random.default_rng(seed)
        self.classes = len(noise)
        self.true = self.rng.integers(0, self.classes, rows).astype(np.int32)
        self.labels, self.folds = turned(self.rng, self.true, noise), np.arange(rows) % 5
        self.models = {"a": self.model(2.5, 0.1), "b": self.model(2, 0.2)}
        self.votes = {"v": some_votes(self.rng, self.true, self.labels, self.classes, alike=0.9)}

    def model(self, sureness: float, noise: float) -> Any:
        return opinion(self.rng, self.true, self.classes, sureness, noise)

    def alike(self) -> Any:
        """A model that has learnt the systematic noise: it foresees given labels."""
        return opinion(self.rng, turned(self.rng, self.true, SYSTEMATIC), self.classes, 2.5, 0.1)

    def pool(self, models: Any = None, labels: Any = None, votes: bool = True, around: bool = True) -> Consensus:
        labels = self.labels if labels is None else labels
        known = {name: type(one)(one.neighbours, one.weights, labels, self.classes) for name, one in self.votes.items()}
        model = around_of(known, labels) if around else None
        return consensus(models or self.models, known if votes else {}, labels, self.folds, neighbourhoods=model)

    def precision(self, found: Consensus) -> float:
        """Average precision of one minus the probability of the given label."""
        suspicion = 1 - found.probabilities[np.arange(len(self.labels)), self.labels]
        return float(average_precision_score(self.labels != self.true, suspicion))


def assert_distributions(found: Any) -> None:
    assert found.dtype == np.float32
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert (found >= PROBABILITY_FLOOR / 2).all()


# -- what it is -----------------------------------------------------------------------------------------------------


@FEW
@given(seeds, st.integers(2, 9), st.integers(1, 40), st.booleans(), st.booleans())
def test_rows_are_distributions(seed: int, classes: int, rows: int, votes: bool, around: bool) -> None:
    case = Case(seed, rows, np.full((classes, classes), 0.1 / classes) + 0.9 * np.eye(classes))
    if seed % 2:
        case.models["b"] = np.eye(classes, dtype=np.float32)[case.true]  # zeros are no infinities
    found = case.pool(votes=votes, around=around)
    assert_distributions(found.probabilities)
    assert found.shares.sum() == pytest.approx(1)
    assert [*found.weights] == ["a", "b", *(["v"] if votes else [])]
    assert all(weight >= 0 for weight in found.weights.values())


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_the_models_does_not_matter(seed: int) -> None:
    case = Case(seed, 150)
    case.models["c"] = case.model(1, 0.3)
    results = [case.pool({name: case.models[name] for name in order}) for order in permutations("abc")]
    assert len({found.probabilities.tobytes() for found in results}) == 1
    assert all(found.weights == results[0].weights for found in results)


@FEW
@given(seeds)
def test_the_same_twice_is_the_same_to_the_byte(seed: int) -> None:
    first, second = Case(seed, 60).pool(), Case(seed, 60).pool()
    assert first.probabilities.tobytes() == second.probabilities.tobytes()
    assert first.weights == second.weights


def test_one_model_alone_keeps_its_order_and_becomes_as_sure_as_it_is_right() -> None:
    case = Case(0, 2000)
    unsure = opinion(case.rng, case.labels, CLASSES, 4, 0.02) ** 0.25
    unsure /= unsure.sum(axis=1, keepdims=True)
    found = case.pool({"a": unsure}, votes=False, around=False)
    assert np.array_equal(found.probabilities.argmax(axis=1), unsure.argmax(axis=1))
    assert found.weights["a"] > 2
    given = np.arange(2000), case.labels
    assert -np.log(found.probabilities[given]).mean() < -np.log(unsure[given]).mean()


def test_rows_that_a_model_has_not_judged_stay_missing() -> None:
    case = Case(1)
    case.models["a"][:7] = np.nan
    case.models["b"][5:12] = np.nan
    found = case.pool().probabilities
    assert np.isnan(found).any(axis=1).nonzero()[0].tolist() == list(range(12))
    assert np.isnan(found[:12]).all()
    assert_distributions(found[12:])
    case.models["a"][:] = np.nan
    nothing = case.pool(around=False)
    assert np.isnan(nothing.probabilities).all()
    assert {*nothing.weights.values()} == {0}


# -- what it does not know ------------------------------------------------------------------------------------------


@FEW
@given(seeds)
def test_a_fold_learns_from_others_alone(seed: int) -> None:
    case = Case(seed, 120)
    before = case.pool(votes=False, around=False).probabilities
    labels = case.labels.copy()
    labels[case.folds == 0] = case.rng.permutation(labels[case.folds == 0])
    after = case.pool(labels=labels, votes=False, around=False).probabilities
    assert np.array_equal(after[case.folds == 0], before[case.folds == 0])
    assert not np.array_equal(after[case.folds != 0], before[case.folds != 0])


@pytest.mark.parametrize("seed", range(3))
def test_a_row_is_judged_without_its_own_label(seed: int) -> None:
    case = Case(seed, 1000)
    before = case.pool().probabilities
    for row in range(6):
        labels = case.labels.copy()
        labels[row] = (labels[row] + 1) % CLASSES
        after = case.pool(labels=labels).probabilities
        # The model of the neighbourhoods is made of all labels, this one too.
        assert np.abs(after[row] - before[row]).max() < 0.03


def test_where_some_splits_are_trained_on_the_judged_rows_teach_each_other() -> None:
    case = Case(2, 400)
    case.folds = np.where(np.arange(400) < 150, 0, -1)
    for model in case.models.values():
        model[150:] = np.nan
    before = case.pool(votes=False, around=False).probabilities
    assert_distributions(before[:150])
    assert np.isnan(before[150:]).all()
    for row in range(5):
        labels = case.labels.copy()
        labels[row] = (labels[row] + 1) % CLASSES
        after = case.pool(labels=labels, votes=False, around=False).probabilities
        assert np.array_equal(after[row], before[row])
        assert not np.array_equal(after[:150], before[:150])


@FEW
@given(seeds, st.booleans())
def test_the_order_of_the_rows_does_not_matter(seed: int, one_fold: bool) -> None:
    case = Case(seed, 120)
    case.folds = case.folds * (not one_fold)
    before = case.pool(votes=False, around=False).probabilities
    order = case.rng.permutation(len(case.labels))
    case.labels, case.folds = case.labels[order], case.folds[order]
    case.models = {name: model[order] for name, model in case.models.items()}
    after = case.pool(votes=False, around=False).probabilities
    assert np.allclose(after, before[order], atol=1e-4)


@FEW
@given(seeds)
def test_neither_the_order_of_the_classes_does(seed: int) -> None:
    case = Case(seed, 120)
    before = case.pool()
    place = case.rng.permutation(CLASSES)
    case.labels = place[case.labels].astype(np.int32)
    case.models = {name: model[:, np.argsort(place)] for name, model in case.models.items()}
    after = case.pool(labels=case.labels)
    assert np.allclose(after.probabilities[:, place], before.probabilities, atol=1e-3)
    assert np.allclose(after.shares[place], before.shares)


def test_a_single_judged_row() -> None:
    case = Case(3, 20)
    for model in case.models.values():
        model[1:] = np.nan
    assert_distributions(case.pool(around=False).probabilities[:1])


# -- whom it trusts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("around", [False, True])
def test_neither_a_useless_model_nor_one_that_speaks_twice_does_harm(seed: int, around: bool) -> None:
    case = Case(seed, 1500)
    without = case.pool(votes=around, around=around)
    useless = opinion(case.rng, case.rng.permutation(case.true), CLASSES, 3, 0)
    with_it = case.pool({**case.models, "u": useless}, votes=around, around=around)
    assert with_it.weights["u"] < 0.1 * max(with_it.weights.values())
    assert case.precision(with_it) > case.precision(without) - 0.01
    twice = case.pool({**case.models, "again": case.models["b"]}, votes=around, around=around)
    assert case.precision(twice) == pytest.approx(case.precision(without), abs=0.01)
    assert twice.weights["b"] == pytest.approx(without.weights["b"] / 2, rel=0.2)


@pytest.mark.parametrize("seed", range(4))
def test_two_models_find_more_than_the_better_one(seed: int) -> None:
    case = Case(seed, 1500)
    both = case.precision(case.pool(votes=False, around=False))
    assert both > case.precision(case.pool({"a": case.models["a"]}, votes=False, around=False)) + 0.05


@pytest.mark.parametrize("seed", range(4))
def test_neighbourhoods_see_through_systematic_noise_that_models_have_learnt(seed: int) -> None:
    case = Case(seed, 1500)
    case.models = {"a": case.alike(), "b": case.alike()}
    foreseen = (case.labels != case.true) & (case.true == 0)
    without, with_them = (case.pool(around=around) for around in (False, True))
    assert case.precision(with_them) > case.precision(without) + 0.02
    assert with_them.shares == pytest.approx(np.bincount(case.true) / 1500, abs=0.04)
    right = [found.probabilities[foreseen].argmax(axis=1) == 0 for found in (without, with_them)]
    assert right[1].mean() >= right[0].mean()


def test_shares_are_corrected_by_a_limited_factor() -> None:
    case = Case(4, 1000)
    given = (np.bincount(case.labels) + 0.5) / 1002

    def odds(shares: Any) -> Any:
        """Of the first label against the second, by logarithm."""
        found = consensus(case.models, {}, case.labels, case.folds, neighbourhoods=without_votes(shares)).probabilities
        return np.log(found[:, 0] / found[:, 1])

    far, farther = odds(np.array([1 - 3e-5, 1e-5, 1e-5, 1e-5])), odds(np.array([1 - 3e-9, 1e-9, 1e-9, 1e-9]))
    assert np.allclose(far, farther, rtol=1e-4, atol=1e-4), "both are beyond the limit"
    assert (far - odds(given)).mean() > np.log(2)


# -- few and many, rare and common ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thousand_classes() -> None:
    case = Case(0, 300, np.eye(1000))
    case.true[100:] = case.rng.integers(0, 20, 200)
    case.labels = case.true.copy()
    wrong = case.rng.choice(300, 30, replace=False)
    case.labels[wrong] = case.rng.integers(0, 1000, 30)
    case.models = {"a": case.model(9, 0)}
    case.votes = {"v": some_votes(case.rng, case.true, case.labels, 1000, 5)}
    found = case.pool()
    assert_distributions(found.probabilities)
    assert case.precision(found) > 0.9


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_classes_of_few_rows(rows: int) -> None:
    rng = np.random.default_rng(rows)
    case = Case(5, 400, np.eye(6))
    case.true = np.concatenate([np.repeat(np.arange(4), rows), rng.integers(4, 6, 400 - 4 * rows)]).astype(np.int32)
    case.labels = case.true.copy()
    case.models = {"a": case.model(4, 0.02), "b": case.model(3, 0.1)}
    case.votes = {"v": some_votes(case.rng, case.true, case.labels, 6, 5)}
    found = case.pool().probabilities
    assert_distributions(found)
    rare = case.labels < 4
    assert (found.argmax(axis=1) == case.labels)[rare].mean() > 0.7


@pytest.mark.parametrize("seed", range(4))
def test_a_rare_class_is_neither_flooded_with_flags_nor_passed_over(seed: int) -> None:
    """Where one class has 99 rows in a hundred, as in cleanlab's issue 568."""
    case = Case(seed, 4000, np.eye(2))
    case.true = (case.rng.random(4000) < 0.01).astype(np.int32)
    case.labels = case.true.copy()
    rare, common = np.flatnonzero(case.true == 1), np.flatnonzero(case.true == 0)
    wrong = np.concatenate([case.rng.choice(rare, 5, replace=False), case.rng.choice(common, 12, replace=False)])
    case.labels[wrong] = 1 - case.labels[wrong]
    case.models = {"a": case.model(5, 0.01), "b": case.model(4, 0.02)}
    case.votes = {"v": some_votes(case.rng, case.true, case.labels, 2, alike=0.9)}
    flags = find_flags(case.labels, case.pool().probabilities, np.ones(4000, np.bool_))
    flagged, early = flags.is_issue, flags.rank <= 2 * len(wrong)
    given_rare, is_wrong = case.labels == 1, case.labels != case.true
    assert flagged[given_rare & is_wrong].mean() > 0.7, "wrong labels of the rare class are found"
    assert flagged[given_rare & ~is_wrong].mean() < 0.2, "its right ones are left alone"
    assert early[~given_rare & is_wrong].mean() > 0.5, "rare rows among the common ones are read early"
    assert flagged[~given_rare & ~is_wrong].mean() < 0.01


# -- how it is worked out -------------------------------------------------------------------------------------------


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(6)
    whole = case.pool().probabilities
    monkeypatch.setattr(MODULE, "_BLOCK", 32 * 7)
    assert np.allclose(case.pool().probabilities, whole, atol=1e-6)


def test_many_rows_are_learnt_from_by_a_sample_that_the_seed_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(7, 2000)
    whole = consensus(case.models, {}, case.labels, case.folds)
    monkeypatch.setattr(MODULE, "_ROWS", 1000)
    some, same, other = (consensus(case.models, {}, case.labels, case.folds, seed=seed) for seed in (0, 0, 1))
    assert some.probabilities.tobytes() == same.probabilities.tobytes()
    assert not np.array_equal(some.probabilities, other.probabilities)
    assert np.abs(some.probabilities - whole.probabilities).mean() < 0.02
    assert not np.isnan(some.probabilities).any()


def test_many_folds_share_few_sets_of_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    learn = MODULE.learn_weights
    monkeypatch.setattr(MODULE, "learn_weights", lambda *args: calls.append(1) or learn(*args))
    labels, rows = random_rows(0, 200, 3)
    consensus({"a": rows}, {}, labels, np.arange(200) % 40)
    assert len(calls) == 5
