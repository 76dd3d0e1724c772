"""Convert scikit-learn classifiers to arrays and words, and back. No scikit-learn object is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from auditor.config import FeaturesConfig, LexicalConfig
from auditor.models.logistic import Baseline, Logistic, features_classifier, lexical_classifier

Arrays = dict[str, npt.NDArray[Any]]


def to_arrays(classifier: Logistic) -> tuple[Arrays, list[str]]:
    """Convert a trained classifier to arrays and words.

    Returns
    -------
    arrays : dict of str to array
        ``classes`` (C,): codes of the classes seen in training. If there are several: ``coef`` (C, D), or (1, D) for
        two classes; ``intercept`` (C,) or (1,); ``mean`` and ``scale`` (D,) of vectors, or ``idf`` (D,) of words.
    words : list of D str
        Vocabulary; empty if the features are vectors.
    """
    if isinstance(classifier.model, Baseline):
        return {"classes": np.flatnonzero(classifier.model.predict_proba([None])[0])}, []
    features, regression = classifier.model[0], classifier.model[-1]
    arrays = {
        "classes": regression.classes_.astype(np.int64),
        "coef": np.ascontiguousarray(regression.coef_),
        "intercept": regression.intercept_,
    }
    if isinstance(features, StandardScaler):
        return {**arrays, "mean": features.mean_, "scale": features.scale_}, []
    words = sorted(features.vocabulary_, key=features.vocabulary_.__getitem__)
    return {**arrays, "idf": features.idf_}, words


def features_from(arrays: Mapping[str, npt.NDArray[Any]], num_classes: int) -> Logistic:
    """Restore a classifier of (N, D) vectors.

    Raises
    ------
    ValueError
        If the arrays are not those of such a classifier.
    """
    classifier = features_classifier(FeaturesConfig(), num_classes)
    size = _checked(arrays, ("mean", "scale"), num_classes)
    if size is None:
        classifier.model = _constant(arrays, num_classes)
        return classifier
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.n_features_in_ = arrays["mean"], arrays["scale"], size
    classifier.model = make_pipeline(scaler, _regression(arrays))
    return classifier


def lexical_from(
    arrays: Mapping[str, npt.NDArray[Any]], words: Sequence[str], config: LexicalConfig, num_classes: int
) -> Logistic:
    """Restore a classifier of N texts.

    Raises
    ------
    ValueError
        If the arrays and words are not those of such a classifier.
    """
    size = _checked(arrays, ("idf",), num_classes)
    if size != (len(words) or None) or len(set(words)) != len(words):
        raise ValueError(f"{len(set(words))} words for {size or 0} weights")
    classifier = lexical_classifier(config, num_classes)
    if size is None:
        classifier.model = _constant(arrays, num_classes)
        return classifier
    features = classifier.features.set_params(vocabulary={word: place for place, word in enumerate(words)})
    features.idf_ = arrays["idf"]
    classifier.model = make_pipeline(features, _regression(arrays))
    return classifier


def _regression(arrays: Mapping[str, npt.NDArray[Any]]) -> LogisticRegression:
    regression = LogisticRegression()
    regression.classes_, regression.coef_ = arrays["classes"], arrays["coef"]
    regression.intercept_, regression.n_features_in_ = arrays["intercept"], arrays["coef"].shape[1]
    return regression


def _constant(arrays: Mapping[str, npt.NDArray[Any]], num_classes: int) -> Baseline:
    return Baseline(num_classes).fit(None, arrays["classes"].astype(np.int32), 0)


def _checked(arrays: Mapping[str, npt.NDArray[Any]], per_feature: Sequence[str], num_classes: int) -> int | None:
    """Check the arrays and return D; None if there is a single class, and so no features."""
    classes = arrays.get("classes", np.empty(0))
    if classes.dtype.kind not in "iu" or classes.ndim != 1 or not len(classes) or (np.diff(classes) <= 0).any():
        raise ValueError("the codes of classes do not ascend")
    if classes[0] < 0 or classes[-1] >= num_classes:
        raise ValueError(f"codes of classes beyond the {num_classes} names")
    needed = {"classes", "coef", "intercept", *per_feature} if len(classes) > 1 else {"classes"}
    if set(arrays) != needed:
        raise ValueError(f"the arrays {', '.join(sorted(arrays))} instead of {', '.join(sorted(needed))}")
    if len(classes) == 1:
        return None
    rows = 1 if len(classes) == 2 else len(classes)
    size = arrays["coef"].shape[-1] if arrays["coef"].ndim == 2 else 0
    shapes = {"coef": (rows, size), "intercept": (rows,), **dict.fromkeys(per_feature, (size,))}
    for name, shape in shapes.items():
        found = arrays[name]
        if not size or found.shape != shape or found.dtype.kind != "f" or not np.isfinite(found).all():
            raise ValueError(f"{name!r} of shape {found.shape}, or with values that are not finite")
    if "scale" in arrays and (arrays["scale"] <= 0).any():
        raise ValueError("a scale that is not positive")
    return size
