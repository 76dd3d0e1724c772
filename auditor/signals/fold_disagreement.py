"""How far the models of the folds disagree on a row that they were trained on, as a signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np
from scipy.special import entr, softmax

from auditor.arrays import Float64, Suspicion
from auditor.signals.base import Inputs, listed
from auditor.signals.dynamics import Dynamics, of_one_row

_CELLS = 1 << 22


@dataclass(frozen=True)
class FoldDisagreement:
    """Jensen–Shannon divergence of what the models of the folds said of a training row, over the largest possible one.

    Each row is trained on in all folds but one; each of those models had other rows beside it. What they said of it in
    their last epoch is compared, by the entropy of the mean less the mean of the entropies (Lin 1991). Where fewer
    than two models say something, nothing is known.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "fold_disagreement"
    needs: ClassVar[frozenset[str]] = frozenset({"dynamics", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """(N,) suspicion; NaN where fewer than two models were trained on the row."""
        dynamics, rows = inputs["dynamics"], len(inputs["labels"])
        suspicion = np.full(rows, np.nan, dtype=np.float32)
        classes = max((one.logits.shape[2] for one in dynamics.values()), default=1)
        step = max(1, _CELLS // classes)
        for start in range(0, rows, step):
            suspicion[start : start + step] = _apart(dynamics, start, min(start + step, rows), classes)
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say which labels the models of the folds preferred."""
        seen = of_one_row(inputs["dynamics"], row)
        last = [one.logits[-1, 0] for one in seen.values() if not np.isnan(one.logits[-1, 0]).any()]
        if len(last) < 2:
            return ""
        preferred = [self.label_names[code] for code in np.unique([int(one.argmax()) for one in last])]
        if len(preferred) == 1:
            return f"All {len(last)} models that were trained on this text came to {preferred[0]}."
        return f"The {len(last)} models that were trained on this text came to {listed(preferred)}."


def _apart(dynamics: Mapping[str, Dynamics], start: int, end: int, classes: int) -> Float64:
    """(end - start,) divergences; NaN where fewer than two models have said something."""
    total, own, count = np.zeros((end - start, classes)), np.zeros(end - start), np.zeros(end - start, dtype=np.int32)
    for name in sorted(dynamics):  # sums of floats depend on the order
        rows, logits = dynamics[name].rows, dynamics[name].logits
        part = slice(*np.searchsorted(rows, [start, end]).tolist())
        last = softmax(np.asarray(logits[-1, part], dtype=np.float64), axis=1)
        known = ~np.isnan(last[:, 0])
        here = rows[part][known] - start
        total[here] += last[known]
        own[here] += entr(last[known]).sum(axis=1)
        count[here] += 1
    several = count > 1
    apart, number = np.full(end - start, np.nan), count[several]
    divergence = entr(total[several] / number[:, None]).sum(axis=1) - own[several] / number
    apart[several] = np.clip(divergence / np.log(np.minimum(number, max(2, classes))), 0, 1)
    return apart
