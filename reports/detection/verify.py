"""Hold every peer against its source: the package itself, an example that it documents, or recorded output of its code.

    python -m pip install --no-deps --target peers-packages aum==1.0.2 doubtlab==0.2.4 nessie==0.1.1 faiss-cpu==1.15.1
    PYTHONPATH=peers-packages python reports/detection/verify.py

The packages go into a folder of their own, beside the environment and not into it; cleanlab is in it already. The
figures of the papers rest on data and models that are not here: a peer is verified when it gives what its source gives
on the source's own example, or on a made problem. SimiFeat and the data maps are in no package: what the code of their
repositories gives for a made problem is recorded here. Writes verified.json; verify_ensembles.py has
the half of it that is about nessie and doubtlab.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import methods
import numpy as np
import peers
import torch
from check import Check, apart, check
from cleanlab.benchmarking.noise_generation import generate_noise_matrix_from_trace, generate_noisy_labels
from cleanlab.classification import CleanLearning
from cleanlab.count import estimate_py_noise_matrices_and_cv_pred_proba
from made import RUN, for_cartography, for_simifeat
from scipy.special import softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder
from verify_ensembles import borda_count, borda_count_of_all, detector, doubtlab, doubtlab_readme, retag

from auditor.signals.dynamics import chances, margins

HERE = Path(__file__).parent

SIMIFEAT = [
    *(0.1325, 0.0185, 0.01476, 0.01497, 0.0181, 0.00794, 0.03733, 1.4328, 0.04412, 0.11764, 0.01032, 0.12022),
    *(0.83606, 0.11366, 0.34894, 0.04011, 0.01588, 0.1542, 0.01617, 1.31802, 0.00984, 0.01268, 0.08022, 0.00345),
]
"""Of ``get_score(count_knn_distribution(…), method="ce")``, all rows at once; UCSC-REAL/SimiFeat at 051f5b9, hoc.py."""
CARTOGRAPHY = [0.448747, 0.676869, 0.193628, 0.09594, 0.370997, 0.502838, 0.382014, 0.175882]
"""``confidence`` of ``compute_train_dy_metrics``; allenai/cartography at 1bf67e0, train_dy_filtering.py."""


# -- cleanlab ---------------------------------------------------------------------------------------------------------


def clean_learning(model: Any, inputs: Any, scores: Any) -> Check:
    """The errors that cleanlab's own test knows of; and the scores of its own cross-validation, on the same folds."""
    learner = CleanLearning(model, cv_n_folds=3, seed=0)
    issues = learner.find_label_issues(inputs, RUN.labels)
    own = peers.flagged_first(issues["is_label_issue"], issues["label_quality"])
    found, accuracy = _known_errors()
    return check(
        {"CleanLearning's own cross-validation": apart(scores(RUN), own)},
        issues_in_its_test=(found, 35),
        accuracy_above_85_percent_in_its_test=(accuracy > 0.85, True),
    )


def _known_errors() -> tuple[int, float]:
    """Issues found, and accuracy, on the data of cleanlab's tests/test_filter_count.py, where the errors are known."""
    means, sizes = [[3, 2], [7, 7], [0, 8]], [80, 40, 40]
    covariances = [[[5, -1.5], [-1.5, 1]], [[1, 0.5], [0.5, 4]], [[5, 1], [1, 5]]]
    np.random.seed(1)
    points = []
    for mean, covariance, size in zip(means, covariances, sizes, strict=True):
        points.append(np.random.multivariate_normal(mean, covariance, size))
        np.random.multivariate_normal(mean, covariance, size)  # its test set
    true = np.repeat(np.arange(3), sizes)
    shares = np.bincount(true) / len(true)
    noise = generate_noise_matrix_from_trace(3, trace=0.8 * 3, py=shares, valid_noise_matrix=True, seed=1)
    labels = generate_noisy_labels(true, noise)
    probabilities = estimate_py_noise_matrices_and_cv_pred_proba(X=np.vstack(points), labels=labels, cv_n_folds=3)[4]
    found = CleanLearning().find_label_issues(labels=labels, pred_probs=probabilities)["is_label_issue"]
    return int(found.sum()), float(np.mean((labels != true) == found))


def datalab() -> Check:
    """The label scores that cleanlab's own test expects (tests/datalab/datalab/test_datalab.py, test_update_issues)."""
    np.random.seed(42)
    probabilities = np.random.rand(5, 3)
    scores = peers.datalab(replace(RUN, labels=np.array([1, 1, 2, 0, 2])), pred_probs=probabilities)
    expected = [0.95071431, 0.15601864, 0.60111501, 0.70807258, 0.18182497]
    return check({"the scores that its test expects": apart(-scores, expected)})


def cleanlab_ensemble() -> Check:
    """The mean of self-confidences by accuracy, as its documentation says; of one model, its self-confidence."""
    models = [RUN.probabilities[name] for name in peers.MODELS]
    confidences = np.stack([methods.given(RUN.labels, probabilities) for probabilities in models])
    accuracy = np.array([(probabilities.argmax(axis=1) == RUN.labels).mean() for probabilities in models])
    alone = replace(RUN, repeats=[dict.fromkeys(peers.MODELS, models[0])])
    return check(
        {
            "the mean by accuracy": apart(-peers.cleanlab_ensemble(RUN), accuracy @ confidences / accuracy.sum()),
            "cleanlab's self-confidence": apart(-peers.cleanlab_ensemble(alone), confidences[0]),
        }
    )


def datalab_neighbours() -> Check:
    """The score is the share of the 10 nearest others that carry the given label; its own test expects no figure."""
    vectors = methods.unit(RUN.vectors)
    nearest = NearestNeighbors(n_neighbors=10).fit(vectors).kneighbors(return_distance=False)
    share = (RUN.labels[nearest] == RUN.labels[:, None]).mean(axis=1)
    scores = peers.datalab_neighbours(RUN)
    return check({"the share of the 10 nearest": apart(np.where(scores > 0, scores - 2, scores), -share)})


# -- one figure of the fine-tuned model -------------------------------------------------------------------------------


def loss() -> Check:
    """Equals torch's cross-entropy of the logits, which is no proof of the paper: its figures need its models."""
    logits, labels = torch.from_numpy(RUN.held_out[-1]), torch.from_numpy(RUN.labels).long()
    entropy = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    return False, check({"torch's cross-entropy": apart(peers.loss(RUN), entropy)})[1]


def aum() -> Check:
    """The package ``aum``: fed with the logits of a run; and its own test (test/test_aum.py)."""
    calculator = importlib.import_module("aum").AUMCalculator
    fed = calculator(save_dir=None)
    for dynamics in RUN.trained.values():
        for logits in dynamics.logits:
            fed.update(
                torch.from_numpy(logits), torch.from_numpy(RUN.labels[dynamics.rows]).long(), dynamics.rows.tolist()
            )
    area = [fed.sums[row] / fed.counts[row] for row in range(len(RUN.labels))]
    first, second = np.array([[1.0, 2, 3], [6, 5, 4]]), np.array([[7.0, 8, 9], [12, 11, 10]])
    (a, once), (repeated, c) = margins(first[None], np.array([1, 0]))[0], margins(second[None], np.array([2, 1]))[0]
    return check(
        {"aum.AUMCalculator": apart(peers.aum(RUN), [-value for value in area])},
        areas_in_its_test=(np.array([a, (once + repeated) / 2, c]).tolist(), [-1, 1, -1]),
    )


def data_map_confidence() -> Check:
    """The code of its repository, as recorded; and nessie's ``DataMapConfidence``, fed with the same epochs."""
    logits, labels = for_cartography()
    mine = chances(logits, labels).mean(axis=0)
    nessie = detector("datamap_confidence").DataMapConfidence(_Replay(softmax(logits, axis=2)))
    once = replace(RUN, labels=labels, trained={0: replace(RUN.trained[0], rows=np.arange(8), logits=logits)})
    return check(
        {
            "the recorded output": apart(mine, CARTOGRAPHY),
            "nessie's DataMapConfidence": apart(peers.data_map_confidence(once), nessie.score(np.arange(8), labels)),
        }
    )


class _Replay:
    """A model for nessie that is trained already: each epoch ends with the probabilities that it is given."""

    def __init__(self, epochs: Any) -> None:
        self._epochs = iter(epochs)
        self._encoder = LabelEncoder().fit(np.arange(epochs.shape[2]))
        self._count = len(epochs)

    def add_callback(self, name: str, callback: Any) -> None:
        self._callback = callback

    def fit(self, inputs: Any, labels: Any) -> None:
        for _ in range(self._count):
            self._callback.on_epoch_end(None, None, None)

    def predict_proba(self, inputs: Any) -> Any:
        return next(self._epochs)

    def label_encoder(self) -> LabelEncoder:
        return self._encoder


# -- neighbours -------------------------------------------------------------------------------------------------------


def simifeat() -> Check:
    """The code of its repository, as recorded."""
    return check({"the recorded output": apart(methods.simifeat(*for_simifeat(), classes=3), SIMIFEAT)})


# -- all --------------------------------------------------------------------------------------------------------------

REGRESSION = LogisticRegression(max_iter=1_000)
WORDS = make_pipeline(TfidfVectorizer(), REGRESSION)
CHECKS: dict[str, Callable[[], Check]] = {
    "CleanLearning (words)": partial(clean_learning, WORDS, np.array(RUN.texts), peers.clean_learning_words),
    "CleanLearning (vectors)": partial(clean_learning, REGRESSION, RUN.vectors, peers.clean_learning_vectors),
    "Datalab (fine-tuned)": datalab,
    "Datalab (vectors)": datalab,
    "Datalab (neighbours)": datalab_neighbours,
    "Datalab (all models)": datalab,
    "cleanlab ensemble": cleanlab_ensemble,
    "fine-tuned loss": loss,
    "AUM": aum,
    "data-map confidence": data_map_confidence,
    "SimiFeat": simifeat,
    "Retag": retag,
    "Borda count": borda_count,
    "Borda count (all)": borda_count_of_all,
    "doubtlab (README)": doubtlab_readme,
    "doubtlab": partial(doubtlab, ("finetuned", "features"), peers.doubtlab),
    "doubtlab (quick)": partial(doubtlab, ("lexical", "features"), peers.doubtlab_quick),
}


def main() -> None:
    verified = {}
    for peer in peers.PEERS:
        holds, figures = CHECKS[peer]()
        how = getattr(CHECKS[peer], "func", CHECKS[peer]).__doc__
        verified[peer] = {"verified": holds, "how": " ".join(how.split()), "figures": figures}
        print("verified  " if holds else "unverified", peer, figures)
    (HERE / "verified.json").write_text(json.dumps(verified, indent=1) + "\n")


if __name__ == "__main__":
    main()
