"""The half of verify.py that is about nessie's and doubtlab's ways to put several judgements together."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import sys
import types
from pathlib import Path
from typing import Any

import methods
import numpy as np
import peers
from check import Check, apart, check
from made import RUN
from scipy.stats import rankdata
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import LabelEncoder

# -- nessie -----------------------------------------------------------------------------------------------------------


def detector(module: str) -> Any:
    """A module of ``nessie.detectors``, without the package's ``__init__``: that imports flair, pyro and fasttext.

    awkward, which text classification does not use, is an empty stand-in.
    """
    root = Path(importlib.util.find_spec("nessie").origin).parent
    sys.modules.setdefault("awkward", types.ModuleType("awkward")).Array = np.ndarray
    for name in ("detectors", "models"):
        package = types.ModuleType(f"nessie.{name}")
        package.__path__ = [str(root / name)]
        sys.modules.setdefault(f"nessie.{name}", package)
    return importlib.import_module(f"nessie.detectors.{module}")


def retag() -> Check:
    """The package nessie, with the same predictions."""
    predictions = RUN.probabilities["finetuned"].argmax(axis=1)
    flags = detector("retag").Retag().score(RUN.labels, predictions)
    return check({"nessie's Retag": apart(peers.retag(RUN), flags)})


def borda_count() -> Check:
    """The package nessie, ``BordaCount`` of its scorers; and its own test (tests/test_methods.py, test_borda_count)."""
    scorers = _nessie_scores()
    own = detector("borda_count").BordaCount()
    few = own.score(np.stack([scorers["classification uncertainty"], scorers["data-map confidence"]]))
    votes = np.array([[4, 3, 2, 1], [4, 3, 2, 1], [1, 4, 3, 2]])
    ranks = rankdata(-methods.borda_count(list(votes)), method="ordinal").tolist()
    return check({"nessie's BordaCount": apart(peers.borda_count(RUN), few)}, ranks_in_its_test=(ranks, [2, 1, 3, 4]))


def borda_count_of_all() -> Check:
    """The same of all, each scorer held against nessie's."""
    scorers = _nessie_scores()
    vectors = methods.unit(RUN.vectors)
    mine = {
        "prediction margin": methods.prediction_margin(RUN.probabilities["finetuned"]),
        "mean distance": methods.mean_distance(RUN.labels, vectors),
        "k-nearest-neighbour entropy": methods.knn_entropy(RUN.labels, vectors, RUN.neighbours, 3),
    }
    own = detector("borda_count").BordaCount().score(np.stack(list(scorers.values())))
    differences = {f"nessie's {name}": apart(mine[name], scorers[name]) for name in mine}
    return check({"nessie's BordaCount": apart(peers.borda_count_of_all(RUN), own), **differences})


def _nessie_scores() -> dict[str, Any]:
    """Of nessie's own scorers; data-map confidence, which it would train for, is ours."""
    probabilities, vectors = RUN.probabilities["finetuned"], methods.unit(RUN.vectors)
    encoder = LabelEncoder().fit(np.arange(3))
    uncertainty = detector("classification_uncertainty").ClassificationUncertainty()
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
        entropy = detector("knn_entropy").KnnEntropy(k=10).score(RUN.labels, vectors)
    return {
        "classification uncertainty": uncertainty.score(RUN.labels, probabilities, encoder),
        "prediction margin": detector("prediction_margin").PredictionMargin().score(probabilities),
        "data-map confidence": peers.data_map_confidence(RUN),
        "mean distance": detector("mean_distance").MeanDistance().score(RUN.labels, vectors),
        "k-nearest-neighbour entropy": entropy,
    }


# -- doubtlab ---------------------------------------------------------------------------------------------------------


def doubtlab_readme() -> Check:
    """The package, with the same reasons; and its README's example on irises, whose rows its guide prints."""
    reasons = importlib.import_module("doubtlab.reason")
    inputs, labels = load_iris(return_X_y=True)
    probabilities = LogisticRegression(max_iter=1_000).fit(inputs, labels).predict_proba(inputs)
    count = methods.low_proba(probabilities) + methods.retag(labels, probabilities)
    mine = RUN.probabilities["finetuned"]
    package = {
        "proba": lambda *_: reasons.ProbaReason.from_proba(mine),
        "wrong": lambda *_: reasons.WrongPredictionReason.from_predict(mine.argmax(axis=1), RUN.labels),
    }
    return check(
        {"doubtlab.DoubtEnsemble": apart(peers.doubtlab_readme(RUN), _doubts(package))},
        irises_with_two_reasons=(np.flatnonzero(count == 2).tolist(), [77, 106]),
        irises_with_one_reason=(np.flatnonzero(count == 1).tolist(), [70, 83, 119, 126, 133]),
    )


def doubtlab(models: tuple[str, ...], scores: Any) -> Check:
    """The package, with the same reasons."""
    return check({"doubtlab.DoubtEnsemble": apart(scores(RUN), _doubts(dict(_reasons(models))))})


def _reasons(models: tuple[str, ...]) -> Any:
    reasons, labels, classes = importlib.import_module("doubtlab.reason"), RUN.labels, np.arange(3)
    for model in models:
        p = RUN.probabilities[model]
        wrong = reasons.WrongPredictionReason.from_predict(p.argmax(axis=1), labels)
        short = reasons.ShortConfidenceReason.from_proba(p, labels, classes)
        long = reasons.LongConfidenceReason.from_proba(p, labels, classes, threshold=0.2)
        issue = reasons.CleanlabReason.from_proba(p, labels)
        for name, flags in {"wrong": wrong, "short": short, "long": long, "cleanlab": issue}.items():
            yield f"{model}_{name}", lambda *_, flags=flags: flags


def _doubts(reasons: dict[str, Any]) -> Any:
    """How many reasons each row of the run has, in its own order."""
    ensemble = importlib.import_module("doubtlab.ensemble").DoubtEnsemble(**reasons)
    return ensemble.get_predicates(RUN.vectors, RUN.labels).sum(axis=1).sort_index()
