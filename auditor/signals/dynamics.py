"""Training dynamics: a model's outputs for its training rows in each epoch, and means over all trainings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from auditor.arrays import Codes, Float32, Float64, LabelCodes, RowIndex

_CELLS = 1 << 22
"""Logits per block: the files may be larger than memory."""


@dataclass(frozen=True)
class Dynamics:
    """The logits of one training.

    Attributes
    ----------
    rows : (n,) int array
        Rows of the dataset that were trained on, ascending.
    logits : (E, n, K) float32 array
        Logits by epoch; NaN where a row was not seen. May be memory-mapped.
    """

    rows: RowIndex
    logits: Float32


Figure = Callable[[Float32, Codes], Float32]
"""(E, n, K) logits and (n,) given labels → (n,) values."""


def mean_over_trainings(dynamics: Mapping[str, Dynamics], labels: LabelCodes, figure: Figure) -> Float64:
    """Return the (N,) mean of a figure over the trainings that saw a row; NaN where no training did in all epochs."""
    total, seen = np.zeros(len(labels)), np.zeros(len(labels), dtype=np.int32)
    for name in sorted(dynamics):  # sums of floats depend on the order
        rows, logits = dynamics[name].rows, dynamics[name].logits
        step = max(1, _CELLS // (logits.shape[0] * logits.shape[2]))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            values = figure(np.asarray(logits[:, start : start + step]), labels[part])
            finite = ~np.isnan(values)
            total[part[finite]] += values[finite]
            seen[part[finite]] += 1
    mean: Float64 = np.divide(total, seen, out=np.full(len(labels), np.nan), where=seen > 0)
    return mean


def only_row(dynamics: Mapping[str, Dynamics], row: int) -> dict[str, Dynamics]:
    """Reduce dynamics to one row, as a dataset of one; trainings that did not see it are omitted."""
    found = {}
    for name, training in dynamics.items():
        position = int(np.searchsorted(training.rows, row))
        if position < len(training.rows) and training.rows[position] == row:
            found[name] = Dynamics(np.zeros(1, dtype=np.intp), np.asarray(training.logits[:, position : position + 1]))
    return found


def margins(logits: Float32, labels: LabelCodes) -> Float32:
    """Return the (E, n) logit of the given label minus the largest other one."""
    given = np.broadcast_to(labels[None, :, None], (*logits.shape[:2], 1))
    others = logits.copy()
    np.put_along_axis(others, given, np.where(np.isnan(logits[..., :1]), np.float32(np.nan), -np.inf), axis=2)
    margin: Float32 = np.take_along_axis(logits, given, axis=2)[..., 0] - others.max(axis=2)
    return margin


def chances(logits: Float32, labels: LabelCodes) -> Float32:
    """Return the (E, n) probability of the given label from (E, n, K) logits."""
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    given = np.broadcast_to(labels[None, :, None], (*logits.shape[:2], 1))
    chance: Float32 = np.take_along_axis(powers, given, axis=2)[..., 0] / powers.sum(axis=2)
    return chance
