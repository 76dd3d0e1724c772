"""Data that the tests of this room share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def random_rows(
    seed: int, rows: int, classes: int, sureness: float = 2.0, noise: float = 0.1
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """(N,) labels and (N, K) probabilities that mostly, not always, favour them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows).astype(np.int32)
    favoured = np.where(rng.random(rows) < noise, rng.integers(0, classes, rows), labels)
    logits = rng.standard_normal((rows, classes))
    logits[np.arange(rows), favoured] += sureness
    chances = np.exp(logits)
    return labels, (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)
