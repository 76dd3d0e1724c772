"""Data that the tests of this room share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.detection.consensus.neighbourhoods import Neighbourhoods, find_neighbourhoods
from auditor.detection.consensus.votes import Votes

Labels = npt.NDArray[np.int32]
Chances = npt.NDArray[np.float32]


def random_rows(
    seed: int, rows: int, classes: int, sureness: float = 2.0, noise: float = 0.1
) -> tuple[Labels, Chances]:
    """(N,) labels and (N, K) probabilities that mostly, not always, favour them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows).astype(np.int32)
    return labels, opinion(rng, labels, classes, sureness, noise)


def opinion(rng: np.random.Generator, seen: Labels, classes: int, sureness: float = 2.0, noise: float = 0.1) -> Chances:
    """(N, K) probabilities that mostly favour some labels; a share of them, others."""
    rows = len(seen)
    favoured = np.where(rng.random(rows) < noise, rng.integers(0, classes, rows), seen)
    logits = rng.standard_normal((rows, classes))
    logits[np.arange(rows), favoured] += sureness
    chances = np.exp(logits)
    return (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)


def turned(rng: np.random.Generator, true: Labels, confusion: Any) -> Labels:
    """(N,) given labels: each drawn from the row of a (K, K) matrix that belongs to the true one."""
    bounds = np.cumsum(np.asarray(confusion, float), axis=1)[true]
    return (rng.random((len(true), 1)) > bounds[:, :-1]).sum(axis=1).astype(np.int32)


def some_votes(
    rng: np.random.Generator, true: Labels, labels: Labels, classes: int, k: int = 10, alike: float = 1.0
) -> Votes:
    """Votes of k rows for each row, drawn from those of its true label; a share of them, from all."""
    by_class = {code: np.flatnonzero(true == code) for code in np.unique(true).tolist()}
    same = np.stack([rng.choice(by_class[code], k) for code in true.tolist()]).astype(np.int32)
    any_row = rng.integers(0, len(true), same.shape, dtype=np.int32)
    neighbours = np.where(rng.random(same.shape) < alike, same, any_row)
    alone = np.arange(len(true), dtype=np.int32)
    return Votes.of(neighbours, np.full(same.shape, 0.5, np.float32), alone, labels, classes)


def around_of(votes: Mapping[str, Votes], labels: Labels, seed: int = 0, rows: Any = None) -> Neighbourhoods:
    """The model of the neighbourhoods, of all rows by default."""
    return find_neighbourhoods(list(votes.values()), labels, np.arange(len(labels)) if rows is None else rows, seed)


def logs_of(around: Neighbourhoods, votes: Mapping[str, Votes], rows: Any) -> npt.NDArray[np.float64]:
    """What it says of some rows."""
    return around.logs(rows)


def confusion_of(around: Neighbourhoods) -> npt.NDArray[np.float64]:
    """Its one confusion matrix."""
    (confusion,) = around.confusions
    return confusion


def without_votes(shares: npt.NDArray[np.float64]) -> Neighbourhoods:
    """A model that knows of the true labels' shares, and of no neighbour."""
    return Neighbourhoods(shares, (), ())
