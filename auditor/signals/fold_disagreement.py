"""Signal: how far the folds' models disagree on a row that they were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np
from scipy.special import entr, softmax

from auditor.arrays import Float64, Suspicion
from auditor.signals.base import Inputs
from auditor.signals.dynamics import Dynamics, only_row
from auditor.wording import joined

_CELLS = 1 << 22


@dataclass(frozen=True)
class FoldDisagreement:
    """Jensen–Shannon divergence of the folds' models on a training row, divided by the largest possible one.

    Each row is a training row in all folds but one, each time with other rows. The models' probabilities in their last
    epoch are compared: the entropy of the mean minus the mean of the entropies (Lin 1991). With fewer than two models,
    the signal is NaN.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "fold_disagreement"
    needs: ClassVar[frozenset[str]] = frozenset({"dynamics", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where fewer than two models were trained on the row."""
        dynamics, rows = inputs["dynamics"], len(inputs["labels"])
        suspicion = np.full(rows, np.nan, dtype=np.float32)
        classes = max((training.logits.shape[2] for training in dynamics.values()), default=1)
        step = max(1, _CELLS // classes)
        for start in range(0, rows, step):
            suspicion[start : start + step] = _apart(dynamics, start, min(start + step, rows), classes)
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say which labels the folds' models preferred."""
        seen = only_row(inputs["dynamics"], row)
        last = [
            logits for logits in (training.logits[-1, 0] for training in seen.values()) if not np.isnan(logits).any()
        ]
        if len(last) < 2:
            return ""
        preferred = [self.label_names[code] for code in np.unique([int(logits.argmax()) for logits in last])]
        if len(preferred) == 1:
            return f"All {len(last)} models that were trained on this text prefer {preferred[0]}."
        return f"The {len(last)} models that were trained on this text prefer {joined(preferred)}."


def _apart(dynamics: Mapping[str, Dynamics], start: int, end: int, classes: int) -> Float64:
    """Return the (end - start,) divergences; NaN with fewer than two models."""
    total, own, count = np.zeros((end - start, classes)), np.zeros(end - start), np.zeros(end - start, dtype=np.int32)
    for name in sorted(dynamics):  # sums of floats depend on the order
        rows, logits = dynamics[name].rows, dynamics[name].logits
        part = slice(*np.searchsorted(rows, [start, end]).tolist())
        last = softmax(np.asarray(logits[-1, part], dtype=np.float64), axis=1)
        seen = ~np.isnan(last[:, 0])
        position = rows[part][seen] - start
        total[position] += last[seen]
        own[position] += entr(last[seen]).sum(axis=1)
        count[position] += 1
    several = count > 1
    apart, number = np.full(end - start, np.nan), count[several]
    divergence = entr(total[several] / number[:, None]).sum(axis=1) - own[several] / number
    apart[several] = np.clip(divergence / np.log(np.minimum(number, max(2, classes))), 0, 1)
    return apart
