"""What a model said of its own training rows, epoch by epoch, and means of it over all trainings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from auditor.arrays import Codes, Float32, Float64, LabelCodes, RowIndex

_CELLS = 1 << 22
"""Logits that are looked at at a time: they lie in files larger than memory may be."""


@dataclass(frozen=True)
class Dynamics:
    """The logits of one training.

    Attributes
    ----------
    rows : (n,) int array
        Rows of the dataset that were trained on, ascending.
    logits : (E, n, K) float32 array
        By epoch; NaN where a row was not seen. May be memory-mapped.
    """

    rows: RowIndex
    logits: Float32


Figure = Callable[[Float32, Codes], Float32]
"""From (E, n, K) logits and (n,) given labels to (n,) values."""


def mean_over_trainings(dynamics: Mapping[str, Dynamics], labels: LabelCodes, figure: Figure) -> Float64:
    """(N,) mean of a figure over the trainings that saw a row; NaN where none did in all its epochs."""
    total, seen = np.zeros(len(labels)), np.zeros(len(labels), dtype=np.int32)
    for name in sorted(dynamics):  # sums of floats depend on the order
        rows, logits = dynamics[name].rows, dynamics[name].logits
        step = max(1, _CELLS // (logits.shape[0] * logits.shape[2]))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            values = figure(np.asarray(logits[:, start : start + step]), labels[part])
            known = ~np.isnan(values)
            total[part[known]] += values[known]
            seen[part[known]] += 1
    mean: Float64 = np.divide(total, seen, out=np.full(len(labels), np.nan), where=seen > 0)
    return mean


def of_one_row(dynamics: Mapping[str, Dynamics], row: int) -> dict[str, Dynamics]:
    """Cut dynamics down to those of one row, as a dataset of one; without the trainings that did not see it."""
    found = {}
    for name, one in dynamics.items():
        position = int(np.searchsorted(one.rows, row))
        if position < len(one.rows) and one.rows[position] == row:
            found[name] = Dynamics(np.zeros(1, dtype=np.intp), np.asarray(one.logits[:, position : position + 1]))
    return found


def margins(logits: Float32, labels: LabelCodes) -> Float32:
    """(E, n) logit of the given label minus the largest other one, of (E, n, K) logits."""
    given = np.broadcast_to(labels[None, :, None], (*logits.shape[:2], 1))
    others = logits.copy()
    np.put_along_axis(others, given, np.where(np.isnan(logits[..., :1]), np.float32(np.nan), -np.inf), axis=2)
    margin: Float32 = np.take_along_axis(logits, given, axis=2)[..., 0] - others.max(axis=2)
    return margin


def chances(logits: Float32, labels: LabelCodes) -> Float32:
    """(E, n) probability of the given label, of (E, n, K) logits."""
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    given = np.broadcast_to(labels[None, :, None], (*logits.shape[:2], 1))
    chance: Float32 = np.take_along_axis(powers, given, axis=2)[..., 0] / powers.sum(axis=2)
    return chance
