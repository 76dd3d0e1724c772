"""Classifiers built on scikit-learn: features, lexical, and the dummy baseline."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from auditor.arrays import Codes, Float32, LabelCodes, Probabilities, RowIndex
from auditor.config import FeaturesConfig, LexicalConfig, LogisticConfig
from auditor.models.classifier import Watched, not_alike, spread_columns
from auditor.models.scores import floored
from auditor.scripts import ngrams

TOKEN = r"[぀-ヿ㐀-鿿가-힯]|\w+|[^\w\s]"
"""A word, a single Chinese, Japanese or Korean character, or a symbol, including emoji."""
UNITS = 2
"""Characters in the longest n-gram of scripts without spaces."""

_ROWS = 50_000
"""Rows whose features are computed at a time, for a prediction."""

STRENGTH = "strength"
"""Name of the strength that :class:`Logistic` chose, among its dynamics."""


class Baseline:
    """Predicts the shares of the classes in the training rows for every text (``DummyClassifier``)."""

    def __init__(self, num_classes: int) -> None:
        self._num_classes = num_classes
        self._model = DummyClassifier(strategy="prior")

    def fit(
        self,
        inputs: Any,
        labels: LabelCodes,
        seed: int,
        watched: Watched | None = None,
        groups: Codes | None = None,
    ) -> Self:
        """Count the (N,) labels."""
        self._model.fit(np.zeros((len(labels), 1)), labels)
        return self

    def predict_proba(self, inputs: Any) -> Probabilities:
        """Return (N, K) float32 probabilities, the same row N times."""
        probabilities = self._model.predict_proba(np.zeros((len(inputs), 1)))
        return spread_columns(probabilities, self._model.classes_, self._num_classes)

    def dynamics(self) -> Mapping[str, Float32]:
        """Empty: there are no epochs."""
        return {}


class Words(TfidfVectorizer):  # type: ignore[misc]  # scikit-learn has no types
    """TF-IDF of the n-grams that occur in at least ``min_df`` texts, or of all n-grams if none does.

    In scripts without spaces, n-grams of characters are words too. scikit-learn refuses texts that share no word, such
    as texts of one word each.
    """

    def build_analyzer(self) -> Callable[[str], list[str]]:
        """Return a function that lists the words of a text and their n-grams."""
        words = super().build_analyzer()
        # TOKEN has the single characters.
        return lambda text: [*words(text), *(gram for gram in ngrams(text, 1, UNITS) if len(gram) > 1)]

    def fit_transform(self, raw_documents: Any, y: Any = None) -> Any:
        """Learn the vocabulary and return the (N, words) sparse weights."""
        try:
            return super().fit_transform(raw_documents)
        except ValueError:
            self.set_params(min_df=1)
            return super().fit_transform(raw_documents)


class Logistic:
    """Logistic regression on features of the inputs.

    The regularisation strength is the one of the grid with the lowest log-loss on a fifth of the training rows,
    stratified by class; a grid of one strength leaves no choice. The final model is fitted on all training rows.

    Parameters
    ----------
    features : transformer of scikit-learn
        Computes the features; fitted only on the training rows.
    config : LogisticConfig
    num_classes : int
        K.
    """

    def __init__(self, features: Any, config: LogisticConfig, num_classes: int) -> None:
        self.features = features
        self._config = config
        self._num_classes = num_classes
        self.strength: float | None = None
        """The chosen ``C``; None before :meth:`fit`."""
        self.model: Pipeline | Baseline
        """Features and regression, or the baseline if all training rows are of one class. Set by :meth:`fit`."""

    def fit(
        self,
        inputs: Any,
        labels: LabelCodes,
        seed: int,
        watched: Watched | None = None,
        groups: Codes | None = None,
    ) -> Self:
        """Choose the strength, then fit the inputs and their (N,) labels; ``watched`` is ignored."""
        self.strength = self._config.strengths[0]
        if len(self._config.strengths) > 1:
            learn, judge = _inner_split(labels, seed, self._config.choose_rows, groups)
            self.strength = self._choose(inputs, labels, learn, judge) if len(judge) else self.strength
        self.model = self._fitted(inputs, labels, self.strength)
        return self

    def _choose(self, inputs: Any, labels: LabelCodes, learn: npt.NDArray[Any], judge: npt.NDArray[Any]) -> float:
        features = clone(self.features)
        x_learn, x_judge = features.fit_transform(take(inputs, learn)), features.transform(take(inputs, judge))
        losses = []
        for strength in self._config.strengths:
            model = _regression(x_learn, labels[learn], strength, self._config.max_iter)
            p = spread_columns(model.predict_proba(x_judge), model.classes_, self._num_classes)
            losses.append(log_loss(labels[judge], floored(p), labels=np.arange(self._num_classes)))
        return self._config.strengths[int(np.argmin(losses))]

    def _fitted(self, inputs: Any, labels: LabelCodes, strength: float) -> Pipeline | Baseline:
        if len(np.unique(labels)) < 2:
            return Baseline(self._num_classes).fit(inputs, labels, 0)
        features = clone(self.features)
        model = _regression(features.fit_transform(inputs), labels, strength, self._config.max_iter)
        return make_pipeline(features, model)

    def predict_proba(self, inputs: Any) -> Probabilities:
        """Return (N, K) float32 probabilities; each row sums to 1."""
        if isinstance(self.model, Baseline):
            return self.model.predict_proba(inputs)
        parts = [self.model.predict_proba(inputs[start : start + _ROWS]) for start in range(0, len(inputs), _ROWS)]
        predicted = np.concatenate([np.empty((0, len(self.model.classes_))), *parts])
        return spread_columns(predicted, self.model.classes_, self._num_classes)

    def dynamics(self) -> Mapping[str, npt.NDArray[np.floating]]:
        """Return the chosen ``strength``, (1,) float64. There are no epochs."""
        return {STRENGTH: np.array([self.strength], dtype=np.float64)}


def features_classifier(config: FeaturesConfig, num_classes: int) -> Logistic:
    """Return a logistic regression on standardised (N, D) vectors."""
    return Logistic(StandardScaler(), config, num_classes)


def lexical_classifier(config: LexicalConfig, num_classes: int) -> Logistic:
    """Return a logistic regression on the TF-IDF words of N texts."""
    words = Words(
        token_pattern=TOKEN,
        ngram_range=(1, config.ngrams),
        min_df=config.min_rows,
        max_features=config.max_features,
        sublinear_tf=True,
        dtype=np.float32,
    )
    return Logistic(words, config, num_classes)


def take(inputs: Any, rows: npt.NDArray[Any]) -> Any:
    """Return rows of an array or a list."""
    return inputs[rows] if isinstance(inputs, np.ndarray) else [inputs[row] for row in rows]


def _regression(x: Any, labels: LabelCodes, strength: float, max_iter: int) -> LogisticRegression:
    # The matrices are so narrow that several threads would mostly wait for each other.
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        # A fit that has not converged is simply judged by its log-loss.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=strength, max_iter=max_iter).fit(x, labels)


def _inner_split(labels: LabelCodes, seed: int, most: int, groups: Codes | None) -> tuple[RowIndex, RowIndex]:
    """Return the rows to learn from, and the rows to choose the strength on: a fifth of each class of 5 or more."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(labels))[:most]
    judge = []
    for code in np.unique(labels[rows]):
        members = rows[labels[rows] == code]
        judge.append(members[: len(members) // 5])
    chosen = np.concatenate(judge)
    learn = not_alike(rows, chosen, groups)
    if len(np.unique(labels[learn])) < 2:
        return rows, rows[:0]
    return learn, np.sort(chosen)
