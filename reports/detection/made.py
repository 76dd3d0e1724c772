"""Small made problems that verify.py gives to the peers and to their sources alike."""

from __future__ import annotations

from typing import Any

import methods
import numpy as np
import pandas as pd
from cached import Cached
from scipy.special import softmax
from sklearn.model_selection import StratifiedKFold

from auditor.detection.neighbours.neighbours import nearest
from auditor.signals.dynamics import Dynamics

WORDS = np.array(["up", "down", "aside", "left", "right"])


def made(rows: int = 90, classes: int = 3, epochs: int = 2, seed: int = 0) -> Cached:
    """A run as train.py keeps one: vectors near their label's, texts that name it, and logits with a lean to it.

    The folds are those that cleanlab would make: stratified, shuffled with the seed 0.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows).astype(np.int32)
    vectors = (rng.normal(size=(rows, 6)) + 2 * np.eye(6)[labels]).astype(np.float32)
    neighbours, similarities = nearest(vectors, 10, rows, seed)
    folds = np.empty(rows, np.int16)
    for fold, (_, held) in enumerate(StratifiedKFold(3, shuffle=True, random_state=0).split(vectors, labels)):
        folds[held] = fold

    def logits(*shape: int) -> Any:
        return rng.normal(size=(*shape, classes)).astype(np.float32) * 2

    lean = np.eye(classes, dtype=np.float32)[labels]
    seen = {fold: np.flatnonzero(folds != fold) for fold in range(3)}
    held_out = logits(epochs, rows) + lean
    probabilities = {name: softmax(logits(rows) + lean, axis=1) for name in ("features", "lexical")}
    probabilities["finetuned"] = softmax(held_out[-1], axis=1)
    return Cached(
        name="made",
        seed=seed,
        texts=[" ".join([WORDS[label], *rng.choice(WORDS, 4)]) for label in labels],
        labels=labels,
        label_names=tuple(WORDS[:classes].tolist()),
        folds=folds,
        vectors=vectors,
        neighbours=neighbours,
        similarities=similarities,
        probabilities=probabilities,
        trained={fold: Dynamics(some, logits(epochs, len(some)) + lean[some]) for fold, some in seen.items()},
        held_out=held_out,
        tuned_vectors=vectors,
        tuned_neighbours=neighbours,
        tuned_similarities=similarities,
        repeats=[probabilities],
        duplicates=np.arange(rows, dtype=np.int32),
        signals=pd.DataFrame(),
        issues=pd.DataFrame(),
        wrong=rng.random(rows) < 0.1,
    )


RUN = made()


def for_simifeat() -> tuple[Any, ...]:
    """Labels, neighbours and cosines of 24 rows of 3 classes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 24)
    vectors = (rng.normal(size=(24, 4)) + 2 * np.eye(4)[labels]).astype(np.float32)
    return labels, *nearest(methods.unit(vectors), 10, 24, 0)


def for_cartography() -> tuple[Any, ...]:
    """(3, 8, 3) logits by epoch, and 8 labels."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(3, 8, 3)).astype(np.float32) * 2, rng.integers(0, 3, 8)
