"""Accuracy and F1 of several models on several versions of the labels, and how far they depend on chance.

Rows and seeds are drawn with replacement (Efron 1979), the same ones for every model and every version, so that their
differences are paired. Rows that agree in every prediction and every label are drawn together: a multinomial draw
over these patterns is a draw over the rows, at a cost that does not grow with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Codes = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
_CELLS = 4_000_000
"""Numbers held at a time, about."""


@dataclass(frozen=True)
class Draws:
    """Metrics of V models on L versions of the labels: the first as the sample is, then one for each of B draws.

    Attributes
    ----------
    accuracy, weighted_f1, macro_f1 : (1 + B, V, L) float64
        Means over the seeds. As in :class:`auditor.models.scores.Scores`: weighted by the classes' rows, and over the
        classes that have a row.
    f1_by_class : (1 + B, V, L, K) float64
        NaN for a class that has no row.
    """

    accuracy: Floats
    weighted_f1: Floats
    macro_f1: Floats
    f1_by_class: Floats

    def of(self, version: int, truth: int) -> Draws:
        """Of one model on one version of the labels: without the two axes."""
        return Draws(*(values[:, version, truth] for values in self._all))

    def minus(self, other: Draws) -> Draws:
        """Difference, draw by draw."""
        return Draws(*(mine - theirs for mine, theirs in zip(self._all, other._all, strict=True)))

    @property
    def _all(self) -> tuple[Floats, ...]:
        return self.accuracy, self.weighted_f1, self.macro_f1, self.f1_by_class


def resample(predicted: Codes, labels: Codes, num_classes: int, draws: int, seed: int) -> Draws:
    """Measure predictions on the rows as they are, and on draws of rows and seeds.

    Parameters
    ----------
    predicted : (V, S, T) int
        Codes that V models, each trained with S seeds, predict for T rows, T > 0.
    labels : (L, T) int
        Codes of the rows' labels in each version.
    num_classes : int
        K.
    draws : int
        B.
    seed : int
        Equal seeds give equal draws.
    """
    versions, seeds, rows = predicted.shape
    rng = np.random.default_rng(seed)
    columns = np.concatenate([predicted.reshape(-1, rows), labels])
    patterns, counts = np.unique(columns, axis=1, return_counts=True)
    indicators = _indicators(patterns[: versions * seeds], patterns[versions * seeds :], num_classes)
    seed_weights = np.concatenate([np.ones((1, seeds)), rng.multinomial(seeds, np.full(seeds, 1 / seeds), draws)])
    parts = []
    most = max(1, _CELLS // max(indicators.shape))
    for start in range(0, 1 + draws, most):
        share = seed_weights[start : start + most] / seeds
        weights = rng.multinomial(rows, counts / rows, len(share))
        if not start:
            weights[0] = counts
        totals = np.asarray(weights.astype(np.float64) @ indicators).reshape(len(share), -1, num_classes)
        parts.append(_metrics(totals, share, versions, len(labels)))
    return Draws(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _indicators(predicted: Codes, labels: Codes, num_classes: int) -> csr_array:
    """(P, columns · K): of each pattern, its labels; its predictions; and its predictions where they are right."""
    right = [np.where(one == truth, one, -1) for one in predicted for truth in labels]
    columns = np.stack([*labels, *predicted, *right], axis=1)
    row, block = np.nonzero(columns >= 0)
    place = block * num_classes + columns[row, block]
    return csr_array((np.ones(len(row)), (row, place)), shape=(len(columns), columns.shape[1] * num_classes))


def _metrics(totals: Floats, seed_weights: Floats, versions: int, truths: int) -> tuple[Floats, ...]:
    """From the rows of each class (b, columns, K) and the weights of the seeds (b, S) to the metrics of b draws."""
    draws, seeds = seed_weights.shape
    models = versions * seeds
    support, predicted, right = np.split(totals, [truths, truths + models], axis=1)
    right = right.reshape(draws, versions, seeds, truths, -1)
    both = predicted.reshape(draws, versions, seeds, 1, -1) + support[:, None, None]
    support = np.broadcast_to(support[:, None, None], right.shape)
    f1 = np.divide(2 * right, both, out=np.zeros_like(right), where=support > 0)
    rows = support.sum(axis=-1)
    by_seed = (
        right.sum(axis=-1) / rows,
        (f1 * support).sum(axis=-1) / rows,
        f1.sum(axis=-1) / (support > 0).sum(axis=-1),
        np.where(support > 0, f1, np.nan),
    )
    return tuple(np.einsum("bvs...,bs->bv...", values, seed_weights) for values in by_seed)
