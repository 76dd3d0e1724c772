"""Other people's ways to score given labels, re-made on plain arrays; verify.py holds them against the originals.

Larger is more suspect throughout. ``labels`` are (N,) codes, ``probabilities`` (N, K), ``vectors`` (N, D).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from scipy.stats import entropy, rankdata

Floats = npt.NDArray[np.floating]
Codes = npt.NDArray[np.integer]
Scores = npt.NDArray[np.float64]


def given(labels: Codes, probabilities: Floats) -> Scores:
    """(N,) probability of the given label."""
    return probabilities[np.arange(len(labels)), labels].astype(np.float64)


def unit(vectors: Floats) -> Floats:
    """The vectors at length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


# -- SimiFeat ---------------------------------------------------------------------------------------------------------


def simifeat(labels: Codes, neighbours: Codes, similarities: Floats, classes: int, k: int = 10) -> Scores:
    """Cross-entropy of the given label under the soft vote of a row and its k - 1 nearest others.

    Each votes for its own label with the weight of its cosine, and the votes are scaled to length 1, so that what the
    given label got is the cosine of the vote and the label. So that a row's own vote is no more than a close
    neighbour's, its similarity with itself, 1, is replaced: the line through the first two neighbours, one step on.

    Parameters
    ----------
    labels : (N,) int
    neighbours : (N, at least k - 1) int
        Nearest other rows by cosine, nearest first.
    similarities : as neighbours
    classes : int
        K.
    k : int
        Voters, the row itself included.
    """
    near, cosines = neighbours[:, : k - 1], similarities[:, : k - 1].astype(np.float64)
    voters = np.concatenate([np.arange(len(labels))[:, None], near], axis=1)
    weights = np.concatenate([2 * cosines[:, :1] - cosines[:, 1:2], cosines], axis=1)
    votes = np.zeros((len(labels), classes))
    np.add.at(votes, (np.arange(len(labels))[:, None], labels[voters]), weights)
    return -np.log(np.maximum(given(labels, unit(votes)), 0) + 1e-8)


# -- nessie -----------------------------------------------------------------------------------------------------------


def retag(labels: Codes, probabilities: Floats) -> Scores:
    """1 where a model would give another label, else 0."""
    return (probabilities.argmax(axis=1) != labels).astype(np.float64)


def prediction_margin(probabilities: Floats) -> Scores:
    """1 less the gap between the two likeliest labels, whichever is given."""
    second, first = np.sort(probabilities, axis=1)[:, -2:].T
    return 1 - (first - second).astype(np.float64)


def knn_entropy(labels: Codes, vectors: Floats, neighbours: Codes, classes: int, k: int = 10) -> Scores:
    """Entropy of the labels of a row and its k - 1 nearest others, weighted by the softmax of their -(distance²).

    ``neighbours`` are (N, at least k - 1), nearest first; of vectors of length 1 the nearest by cosine.
    """
    rows = np.concatenate([np.arange(len(labels))[:, None], neighbours[:, : k - 1]], axis=1)
    votes = np.zeros((len(labels), classes))
    for start in range(0, len(labels), 1024):
        part = rows[start : start + 1024]
        distances = ((vectors[part] - vectors[part[:, 0], None]).astype(np.float64) ** 2).sum(axis=2)
        np.add.at(votes, (part[:, :1], labels[part]), softmax(-distances, axis=1))
    return entropy(votes, axis=1)


def mean_distance(labels: Codes, vectors: Floats) -> Scores:
    """Euclidean distance to the mean of the rows with the same given label."""
    distance = np.zeros(len(labels))
    for code in np.unique(labels):
        rows = labels == code
        distance[rows] = np.linalg.norm(vectors[rows] - vectors[rows].mean(axis=0), axis=1)
    return distance


def borda_count(scores: Sequence[Scores]) -> Scores:
    """Sum of the ranks that the scorers give a row; of equal scores the later row ranks higher, as in nessie."""
    return rankdata(np.stack(scores), method="ordinal", axis=1).sum(axis=0).astype(np.float64)


# -- doubtlab ---------------------------------------------------------------------------------------------------------


def low_proba(probabilities: Floats, most: float = 0.55) -> Scores:
    """``ProbaReason``: no label is likelier than ``most``."""
    return (probabilities.max(axis=1) <= most).astype(np.float64)


def short_confidence(labels: Codes, probabilities: Floats, least: float = 0.2) -> Scores:
    """``ShortConfidenceReason``: the given label is less likely than ``least``."""
    return (given(labels, probabilities) < least).astype(np.float64)


def long_confidence(labels: Codes, probabilities: Floats, most: float = 0.2) -> Scores:
    """``LongConfidenceReason``: another label is likelier than ``most``."""
    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = 0
    return (others.max(axis=1) > most).astype(np.float64)


def disagree(first: Floats, second: Floats) -> Scores:
    """``DisagreeReason``: two models would give different labels."""
    return (first.argmax(axis=1) != second.argmax(axis=1)).astype(np.float64)
