"""Classifiers of the user's own, as ours: what they are given, and what they may not say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from auditor.errors import OwnCodeError
from auditor.models.classifier import Watched
from auditor.models.own.imported import Imported
from auditor.models.own.own import Own

TEXTS = ["so sad", "so glad", "very sad", "very glad"] * 4
LABELS = np.array([1, 3] * 8, dtype=np.int32)
VECTORS = np.eye(4, dtype=np.float32)[LABELS]


def own(target: Callable[[], Any], classes: int = 4) -> Own:
    return Own(Imported("my.module:Model", target, ""), classes)


def test_a_pipeline_of_scikit_learn_learns_from_texts() -> None:
    found = own(lambda: make_pipeline(CountVectorizer(), MultinomialNB())).fit(TEXTS, LABELS, 0).predict_proba(TEXTS)
    assert found.shape == (16, 4)
    assert found.dtype == np.float32
    assert (found.argmax(axis=1) == LABELS).all()
    assert (found[:, [0, 2]] == 0).all(), "classes that it has not seen"
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)


def test_vectors_are_asked_for_by_an_attribute_of_the_object_or_of_what_makes_it() -> None:
    class Vectors(LogisticRegression):  # type: ignore[misc]
        takes = "vectors"

    def factory() -> Any:
        return LogisticRegression()

    assert own(factory).takes == "texts"
    factory.takes = "vectors"  # type: ignore[attr-defined]
    assert own(factory).takes == own(Vectors).takes == "vectors"
    assert (own(Vectors).fit(VECTORS, LABELS, 0).predict_proba(VECTORS).argmax(axis=1) == LABELS).all()
    Vectors.takes = "pictures"
    with pytest.raises(OwnCodeError, match="takes 'pictures'"):
        own(Vectors)


def test_scikit_learn_is_seeded_where_nobody_has() -> None:
    def said(seed: int, **settings: Any) -> Any:
        def forest() -> Any:
            return make_pipeline(CountVectorizer(), RandomForestClassifier(n_estimators=3, max_depth=1, **settings))

        texts = [f"{text} {n % 5} {n % 3}" for n, text in enumerate(TEXTS)]
        return (
            own(forest)
            .fit(texts, np.array([1, 3, 3, 1, 1] * 3 + [3], dtype=np.int32), seed)
            .predict_proba(texts)
            .tolist()
        )

    assert said(1) == said(1)
    assert said(1) != said(2)
    assert said(1, random_state=0) == said(2, random_state=0)


class Recording:
    """Takes all that there is, and predicts K columns."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def fit(self, inputs: Any, y: Any, seed: Any, watched: Any, groups: Any) -> None:
        self.seen.update(inputs=inputs, y=y, seed=seed, watched=watched, groups=groups)
        y[:] = 0  # what it does to its own copy is its own business

    def predict_proba(self, inputs: Any) -> Any:
        return [[0.25] * 4] * len(inputs)

    def dynamics(self) -> Any:
        return {"train": np.zeros((2, 16, 4)), "held_out": np.zeros((2, 4, 4))}


def test_who_names_seed_watched_and_groups_is_given_them() -> None:
    made: list[Recording] = []
    model = own(lambda: made.append(Recording()) or made[-1])
    watched, groups, labels = Watched(TEXTS[:4], LABELS[:4]), np.arange(16, dtype=np.int32), LABELS.copy()
    assert model.fit(TEXTS, labels, 9, watched, groups) is model
    seen = made[0].seen
    assert (seen["inputs"], seen["seed"], seen["watched"]) == (TEXTS, 9, watched)
    assert seen["groups"] is groups
    assert (labels == LABELS).all()
    assert model.predict_proba(TEXTS).dtype == np.float32
    assert {name: one.dtype.name for name, one in model.dynamics().items()} == {
        "train": "float32",
        "held_out": "float32",
    }


def test_one_class_needs_no_classifier() -> None:
    model = own(lambda: make_pipeline(CountVectorizer(), LogisticRegression()))
    found = model.fit(TEXTS, np.full(16, 2, dtype=np.int32), 0).predict_proba(TEXTS)
    assert (found == np.eye(4, dtype=np.float32)[[2] * 16]).all()
    assert model.dynamics() == {}


class Says(BaseEstimator):  # type: ignore[misc]
    said: Any = None
    classes_: Any = np.array([1, 3])

    def fit(self, inputs: Any, y: Any) -> None:
        pass

    def predict_proba(self, inputs: Any) -> Any:
        return self.said

    def dynamics(self) -> Any:
        return self.said


GOOD = np.full((16, 2), 0.5)


@pytest.mark.parametrize(
    ("said", "classes", "told"),
    [
        (None, [1, 3], r"object of shape \(\)"),
        (GOOD[:5], [1, 3], r"shape \(5, 2\).*shape \(16, 2\)"),
        (GOOD, [0, 1, 3], r"shape \(16, 2\).*shape \(16, 3\)"),
        (GOOD, [1, 4], "classes_"),
        (GOOD, [-1, 3], "classes_"),
        (GOOD, [1, 1], "classes_"),
        (GOOD, ["joy", "fear"], "classes_"),
        (GOOD, [1.0, 3.0], "classes_"),
        (GOOD * 2, [1, 3], "sums to 2"),
        (GOOD * np.nan, [1, 3], "not finite"),
        (GOOD * [-1, 3], [1, 3], "has the value -0.5"),
        (GOOD.astype(str), [1, 3], "<U"),
        ([[0.5], [0.5, 0.5]], [1, 3], "raised ValueError"),
    ],
)
def test_what_is_no_probability_is_refused_by_the_name_of_the_classifier(said: Any, classes: Any, told: str) -> None:
    class Wrong(Says):
        pass

    Wrong.said, Wrong.classes_ = said, np.array(classes)
    with pytest.raises(OwnCodeError, match=f"my.module:Model.*{told}"):
        own(Wrong).fit(TEXTS, LABELS, 0).predict_proba(TEXTS)


@pytest.mark.parametrize(
    "seen",
    [
        {"../../x": np.zeros((2, 16, 4))},
        {"vectors": np.zeros((16, 4))},
        {"train": np.zeros((2, 15, 4))},
        {"train": np.zeros((0, 16, 4))},
        {"train": np.zeros((2, 16, 3))},
        {"train": np.full((2, 16, 4), None)},
    ],
)
def test_dynamics_are_train_and_held_out_of_the_right_shape(seen: Any) -> None:
    class Wrong(Says):
        said = seen

    with pytest.raises(OwnCodeError, match="has dynamics"):
        own(Wrong).fit(TEXTS, LABELS, 0).dynamics()


def test_what_is_no_classifier_is_told() -> None:
    with pytest.raises(OwnCodeError, match="creates a LinearSVC, which has no method predict_proba"):
        own(LinearSVC)
    with pytest.raises(OwnCodeError, match="creates a dict, which has no method fit"):
        own(dict)


def test_what_it_raises_is_told_with_its_line() -> None:
    class Fails(Says):
        def fit(self, inputs: Any, y: Any) -> None:
            raise ZeroDivisionError("by zero")

    with pytest.raises(OwnCodeError, match=r"my.module:Model raised ZeroDivisionError: by zero, at .*test_own.py:\d+"):
        own(Fails).fit(TEXTS, LABELS, 0)


@given(st.permutations(range(4)), st.integers(1, 4), st.integers(0, 1000))
def test_columns_go_where_their_class_is(order: list[int], count: int, seed: int) -> None:
    class Permuted(Says):
        classes_ = np.array(order[:count])
        said = np.random.default_rng(seed).dirichlet(np.ones(count), 16)

    found = own(Permuted).fit(TEXTS, LABELS, 0).predict_proba(TEXTS)
    np.testing.assert_allclose(found[:, order[:count]], Permuted.said, atol=1e-6)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
