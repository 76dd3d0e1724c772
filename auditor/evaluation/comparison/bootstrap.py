"""Bootstrap: accuracy and F1 of several models on several versions of the labels, with their sampling variation.

Rows and seeds are drawn with replacement (Efron 1979), the same ones for every model and version, so that differences
are paired. Rows with equal predictions and labels form a pattern. A multinomial draw of pattern counts equals a draw of
rows, at a cost that does not grow with the number of rows:

    pattern (model a, model b, label)    rows in the sample    rows in one multinomial draw
    joy, joy, joy                        7,000                 6,950
    joy, love, love                      2,000                 2,040    accuracy of model a in the draw:
    love, joy, joy                       1,000                 1,010    6,950 / 10,000
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from auditor.arrays import Float64, LabelCodes

_CELLS = 4_000_000
"""Approximate number of values held at a time."""


@dataclass(frozen=True)
class Draws:
    """Metrics of V models on L versions of the labels: for the sample itself, then for each of B draws.

    Attributes
    ----------
    accuracy, weighted_f1, macro_f1 : (1 + B, V, L) float64
        Means over the seeds. As in :class:`auditor.models.scores.Scores`, weighted by rows per class, or over the
        classes that have rows.
    f1_by_class : (1 + B, V, L, K) float64
        F1 by class; NaN for a class without rows.
    """

    accuracy: Float64
    weighted_f1: Float64
    macro_f1: Float64
    f1_by_class: Float64

    def of(self, version: int, truth: int) -> Draws:
        """Return the draws of one model on one version of the labels, without these two axes."""
        return Draws(*(values[:, version, truth] for values in self._all))

    def minus(self, other: Draws) -> Draws:
        """Return the differences draw by draw."""
        return Draws(*(minuend - subtrahend for minuend, subtrahend in zip(self._all, other._all, strict=True)))

    @property
    def _all(self) -> tuple[Float64, ...]:
        return self.accuracy, self.weighted_f1, self.macro_f1, self.f1_by_class


def resample(predicted: LabelCodes, labels: LabelCodes, num_classes: int, draws: int, seed: int) -> Draws:
    """Measure predictions on the sample and on draws of rows and seeds.

    Parameters
    ----------
    predicted : (V, S, T) int
        Predicted codes of V models, each trained with S seeds, for T > 0 rows.
    labels : (L, T) int
        Codes of the rows' labels in each version.
    num_classes : int
        Number of classes K.
    draws : int
        Number of draws B.
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
    batch = max(1, _CELLS // max(indicators.shape))
    for start in range(0, 1 + draws, batch):
        share = seed_weights[start : start + batch] / seeds
        weights = rng.multinomial(rows, counts / rows, len(share))
        if not start:
            weights[0] = counts
        totals = np.asarray(weights.astype(np.float64) @ indicators).reshape(len(share), -1, num_classes)
        parts.append(_metrics(totals, share, versions, len(labels)))
    return Draws(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _indicators(predicted: LabelCodes, labels: LabelCodes, num_classes: int) -> csr_array:
    """Return (P, columns · K) indicators of each pattern's labels, predictions and correct predictions."""
    right = [np.where(codes == truth, codes, -1) for codes in predicted for truth in labels]
    columns = np.stack([*labels, *predicted, *right], axis=1)
    row, block = np.nonzero(columns >= 0)
    place = block * num_classes + columns[row, block]
    return csr_array((np.ones(len(row)), (row, place)), shape=(len(columns), columns.shape[1] * num_classes))


def _metrics(totals: Float64, seed_weights: Float64, versions: int, truths: int) -> tuple[Float64, ...]:
    """Return the metrics of b draws from rows per class (b, columns, K) and weights of the seeds (b, S)."""
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
