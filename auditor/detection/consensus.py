"""The consensus: one distribution over the labels for each row, from those of all models."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from auditor.models.scores import floored

_BLOCK = 1 << 16


def consensus(probabilities: Mapping[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Mean of the models' floored log-probabilities, renormalised: a logarithmic opinion pool with equal weights.

    Of the ways to pool, this one lets a model that is sure outweigh models that are not, and yields the same whether
    it is renormalised before or after (Genest and Zidek 1986). The consensus of one model is that model, floored.

    Parameters
    ----------
    probabilities : mapping of str to (N, K) float32 array
        Out-of-fold, by the model's name; one at least. Their order does not matter.

    Returns
    -------
    (N, K) float32 array
        NaN in the rows that some model has not judged.
    """
    models = [probabilities[name] for name in sorted(probabilities)]  # sums of floats depend on the order
    pooled = np.empty(models[0].shape, dtype=np.float32)
    for start in range(0, len(pooled), _BLOCK):
        part = slice(start, start + _BLOCK)
        mean = np.mean([np.log(floored(model[part]), dtype=np.float64) for model in models], axis=0)
        chances = np.exp(mean)
        pooled[part] = chances / chances.sum(axis=1, keepdims=True)
    return pooled
