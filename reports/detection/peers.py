"""The peers: what other packages and papers make of the same folds, predictions and training logits.

Each takes a :class:`cached.Cached` and gives N scores, larger for what is more suspect. Where a paper or a package
leaves a choice, the choice is the one that makes the peer stronger, on average over the seven sets at seed 0; each
docstring names it. verify.py holds every peer against its source. As a script, this scores them all:

    python reports/detection/peers.py [--sets NAME ...] [--seeds 0]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import methods
import numpy as np
import pandas as pd
from cached import MODELS, Cached
from cleanlab import Datalab
from cleanlab.classification import CleanLearning
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_ensemble_scores
from methods import Floats, Scores
from scipy.special import softmax
from sets import SETS
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline

from auditor.evaluation.ranking import average_precision
from auditor.signals.dynamics import chances, margins, mean_over_trainings

# -- cleanlab ---------------------------------------------------------------------------------------------------------


def flagged_first(is_issue: pd.Series, quality: pd.Series) -> Scores:
    """What cleanlab flags before what it does not, each part by label quality: the way its tutorials read the results.

    By quality alone, the sets' mean average precision is lower for the words (0.484, not 0.506) and the fine-tuned
    probabilities (0.581, not 0.583), and higher by 0.002 for the vectors.
    """
    return is_issue.to_numpy().astype(np.float64) * 2 - quality.to_numpy()


def clean_learning(cached: Cached, model: Any, inputs: Any) -> Scores:
    """``CleanLearning.find_label_issues`` of cleanlab on a model's probabilities out of our folds."""
    folds = PredefinedSplit(cached.folds)
    probabilities = cross_val_predict(model, inputs, cached.labels, cv=folds, method="predict_proba")
    issues = CleanLearning().find_label_issues(labels=cached.labels, pred_probs=probabilities)
    return flagged_first(issues["is_label_issue"], issues["label_quality"])


def clean_learning_words(cached: Cached) -> Scores:
    """CleanLearning (Northcutt, Jiang and Chuang 2021) with TF-IDF and logistic regression, as scikit-learn has them.

    ``max_iter`` is raised to 1,000, so that all converge.
    """
    return clean_learning(cached, make_pipeline(TfidfVectorizer(), _regression()), cached.texts)


def clean_learning_vectors(cached: Cached) -> Scores:
    """CleanLearning with logistic regression on the frozen vectors: cleanlab's tutorial on texts.

    The vectors are taken as long as they are; at length 1, as sentence-transformers gives them, it is weaker (0.433,
    not 0.439).
    """
    return clean_learning(cached, _regression(), cached.vectors)


def _regression() -> LogisticRegression:
    return LogisticRegression(max_iter=1_000)


def datalab(cached: Cached, **inputs: Floats) -> Scores:
    """The label issues that ``Datalab`` of cleanlab finds in probabilities, or else in vectors."""
    lab = Datalab({"label": cached.labels.tolist()}, label_name="label", verbosity=0)
    lab.find_issues(**inputs, issue_types={"label": {}})
    issues = lab.get_issues("label")
    return flagged_first(issues["is_label_issue"], issues["label_score"])


def datalab_finetuned(cached: Cached) -> Scores:
    """Datalab with the strongest single model's probabilities; given these, it judges labels without the vectors."""
    return datalab(cached, pred_probs=cached.probabilities["finetuned"], features=cached.vectors)


def datalab_vectors(cached: Cached) -> Scores:
    """Datalab with the probabilities of a logistic regression on the frozen vectors, its strength chosen."""
    return datalab(cached, pred_probs=cached.probabilities["features"], features=cached.vectors)


def datalab_all(cached: Cached) -> Scores:
    """Datalab with the mean of all models' log-probabilities, the cheap ones' being means over three trainings.

    All that the audit itself pools, but neighbours and earlier epochs. The mean of the probabilities is weaker.
    """
    logs = np.mean([np.log(np.maximum(probabilities, 1e-6)) for probabilities in _all_models(cached)], axis=0)
    return datalab(cached, pred_probs=softmax(logs, axis=1))


def cleanlab_ensemble(cached: Cached) -> Scores:
    """Self-confidences of all models, weighed by their accuracy: cleanlab's score for several models."""
    return -get_label_quality_ensemble_scores(cached.labels, _all_models(cached), verbose=False)


def _all_models(cached: Cached) -> list[Floats]:
    """The three models' probabilities, means over the trainings that there are."""
    return [np.mean([repeat[model] for repeat in cached.repeats], axis=0) for model in MODELS]


def datalab_neighbours(cached: Cached) -> Scores:
    """Datalab with vectors alone: the labels of the 10 nearest are its probabilities.

    The vectors are at length 1 (0.356); as long as they are, it is weaker (0.306).
    """
    return datalab(cached, features=methods.unit(cached.vectors))


# -- one figure of the fine-tuned model -------------------------------------------------------------------------------


def loss(cached: Cached) -> Scores:
    """Out-of-fold cross-entropy of the given label under the fine-tuned model (Chong, Hong and Manning 2022)."""
    return -np.log(np.maximum(methods.given(cached.labels, cached.probabilities["finetuned"]), 1e-12))


def aum(cached: Cached) -> Scores:
    """Area under the margin (Pleiss, Zhang, Elenberg and Weinberger 2020), of the logits seen in training.

    The paper trains once, on all rows; here, a row's area is the mean over the trainings that it was part of.
    """
    return -_of_training(cached, lambda logits, labels: margins(logits, labels).mean(axis=0))


def data_map_confidence(cached: Cached) -> Scores:
    """1 less the mean probability of the given label over the epochs (Swayamdipta and others 2020).

    Likewise a mean over the trainings that a row was part of.
    """
    return 1 - _of_training(cached, lambda logits, labels: chances(logits, labels).mean(axis=0))


def _of_training(cached: Cached, figure: Callable[[Any, Any], Any]) -> Scores:
    return mean_over_trainings(
        {str(fold): dynamics for fold, dynamics in cached.trained.items()}, cached.labels, figure
    )


# -- neighbours -------------------------------------------------------------------------------------------------------


def simifeat(cached: Cached) -> Scores:
    """SimiFeat's score (Zhu, Dong and Liu 2022), with its k = 10, on the frozen vectors.

    The repository draws subsets of the rows, for memory, and flags the tail of each class, as many as it estimates to
    be wrong (HOC). Of all rows at once, the bare score ranks as well as with the flagged ones first (0.391 and 0.390).
    """
    return methods.simifeat(cached.labels, cached.neighbours, cached.similarities, len(cached.label_names))


# -- nessie -----------------------------------------------------------------------------------------------------------


def retag(cached: Cached) -> Scores:
    """Retag (van Halteren 2000, as in nessie, Klie, Webber and Gurevych 2023): the fine-tuned model says otherwise.

    It flags and does not rank: within each part, all rows are equally suspect.
    """
    return methods.retag(cached.labels, cached.probabilities["finetuned"])


def borda_count(cached: Cached) -> Scores:
    """Borda count (Larson and others 2020, as in nessie) of classification uncertainty and data-map confidence.

    nessie's guide advises "only a few and well performing" scorers. Of all sets of two or more of those in
    :func:`borda_count_of_all`, these two are the strongest (0.599; the next has 0.467).
    """
    return methods.borda_count([_uncertainty(cached), data_map_confidence(cached)])


def borda_count_of_all(cached: Cached) -> Scores:
    """Borda count of nessie's scorers of texts: classification uncertainty, prediction margin, data-map confidence,
    mean distance and k-nearest-neighbour entropy.

    Without dropout uncertainty and the two spotters, which train in ways of their own. Probabilities are the
    fine-tuned model's; vectors are the frozen ones at length 1, as sentence-transformers gives them.
    """  # noqa: D205 - a list of names
    labels, vectors, classes = cached.labels, methods.unit(cached.vectors), len(cached.label_names)
    return methods.borda_count(
        [
            _uncertainty(cached),
            methods.prediction_margin(cached.probabilities["finetuned"]),
            data_map_confidence(cached),
            methods.mean_distance(labels, vectors),
            methods.knn_entropy(labels, vectors, cached.neighbours, classes),
        ]
    )


def _uncertainty(cached: Cached) -> Scores:
    return 1 - methods.given(cached.labels, cached.probabilities["finetuned"])


# -- doubtlab ---------------------------------------------------------------------------------------------------------


def doubtlab_readme(cached: Cached) -> Scores:
    """How many of the two reasons of doubtlab's README hold: low probability and wrong prediction, both at defaults.

    Of the fine-tuned model, out of fold. Rows with as many reasons are equally suspect: doubtlab sorts by the number
    alone, with a sort that is not stable.
    """
    probabilities = cached.probabilities["finetuned"]
    return methods.low_proba(probabilities) + methods.retag(cached.labels, probabilities)


def doubtlab(cached: Cached) -> Scores:
    """How many of doubtlab's reasons about the given label hold, for the fine-tuned model and that on the vectors.

    The reasons are wrong prediction, short confidence, long confidence and cleanlab, at their defaults. doubtlab
    leaves the choice to its user: of those tried, this one is the strongest (0.491); low probability and
    disagreement, which do not look at the given label, weaken it.
    """
    return _reasons(cached, "finetuned") + _reasons(cached, "features")


def doubtlab_quick(cached: Cached) -> Scores:
    """The same reasons for the models on words and on vectors: the two kinds of doubtlab's example on emotions."""
    return _reasons(cached, "lexical") + _reasons(cached, "features")


def _reasons(cached: Cached, model: str) -> Scores:
    labels, probabilities = cached.labels, cached.probabilities[model]
    return (
        methods.retag(labels, probabilities)
        + methods.short_confidence(labels, probabilities)
        + methods.long_confidence(labels, probabilities)
        + find_label_issues(labels, probabilities, n_jobs=1)
    )


# -- all --------------------------------------------------------------------------------------------------------------

PEERS: dict[str, Callable[[Cached], Scores]] = {
    "CleanLearning (words)": clean_learning_words,
    "CleanLearning (vectors)": clean_learning_vectors,
    "Datalab (fine-tuned)": datalab_finetuned,
    "Datalab (vectors)": datalab_vectors,
    "Datalab (neighbours)": datalab_neighbours,
    "Datalab (all models)": datalab_all,
    "cleanlab ensemble": cleanlab_ensemble,
    "fine-tuned loss": loss,
    "AUM": aum,
    "data-map confidence": data_map_confidence,
    "SimiFeat": simifeat,
    "Retag": retag,
    "Borda count": borda_count,
    "Borda count (all)": borda_count_of_all,
    "doubtlab (README)": doubtlab_readme,
    "doubtlab": doubtlab,
    "doubtlab (quick)": doubtlab_quick,
}
QUICK = {
    "CleanLearning (words)",
    "CleanLearning (vectors)",
    "Datalab (vectors)",
    "Datalab (neighbours)",
    "SimiFeat",
    "doubtlab (quick)",
}
"""Those that do not fine-tune."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    arguments = parser.parse_args()
    found, seconds = {}, dict.fromkeys(PEERS, 0.0)
    for seed in arguments.seeds:
        for name in arguments.sets:
            cached = Cached.load(name, seed)
            for peer, scores in PEERS.items():
                start = time.perf_counter()
                found[peer, f"{name}-{seed}"] = average_precision(scores(cached), cached.wrong)
                seconds[peer] += time.perf_counter() - start
    table = pd.Series(found).unstack(sort=False)
    print(table.assign(mean=table.mean(axis=1), seconds=pd.Series(seconds)).round(4).to_string())


if __name__ == "__main__":
    main()
