"""Signal: how far the models disagree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np
from scipy.special import entr

from auditor.arrays import Float32, Suspicion
from auditor.signals.base import Inputs, model_in_words
from auditor.wording import joined

_CELLS = 1 << 22


def divergence(distributions: Sequence[Float32]) -> Suspicion:
    """Return the (N,) Jensen–Shannon divergence of two or more (N, K) distributions, scaled to [0, 1]."""
    (rows, classes), count = distributions[0].shape, len(distributions)
    found = np.empty(rows, dtype=np.float32)
    largest = math.log(max(2, min(count, classes)))
    step = max(1, _CELLS // classes)
    for start in range(0, rows, step):
        part = [distribution[start : start + step].astype(np.float64) for distribution in distributions]
        mean = np.sum(part, axis=0) / count
        apart = entr(mean).sum(axis=1) - sum(entr(distribution).sum(axis=1) for distribution in part) / count
        found[start : start + step] = np.clip(apart / largest, 0, 1)
    return found


@dataclass(frozen=True)
class Disagreement:
    """Jensen–Shannon divergence of the models' distributions, divided by the largest possible one.

    It is the entropy of their mean minus the mean of their entropies (Lin 1991, *Divergence Measures Based on the
    Shannon Entropy*), and ignores the given label.

    Parameters
    ----------
    models : tuple of str
        Two or more keys of ``probabilities``.
    label_names : tuple of str
        Name of each code.
    """

    models: tuple[str, ...]
    label_names: tuple[str, ...]
    name: ClassVar[str] = "disagreement"
    needs: ClassVar[frozenset[str]] = frozenset({"probabilities"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where a model has not judged the row."""
        return divergence([inputs["probabilities"][name] for name in sorted(self.models)])

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say which label each model prefers."""
        chances = {name: inputs["probabilities"][name][row] for name in self.models}
        if any(np.isnan(row_chances).any() for row_chances in chances.values()):
            return ""
        preferred = {name: self.label_names[int(row_chances.argmax())] for name, row_chances in chances.items()}
        if len({*preferred.values()}) == 1:
            return f"Every model prefers {preferred[self.models[0]]}."
        return "The models differ: " + joined(
            [f"the {model_in_words(name)} prefers {label}" for name, label in preferred.items()]
        ) + "."  # fmt: skip
