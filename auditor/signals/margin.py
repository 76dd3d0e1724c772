"""Signal: the margin between the given label and the likeliest other one under one model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Suspicion
from auditor.signals.base import Inputs, likeliest_other, model_in_words


@dataclass(frozen=True)
class Margin:
    """``(1 - (p(given) - max p(other))) / 2``: 1 − the normalised margin.

    Unlike the loss, it distinguishes a row where the model prefers one other label from a row where the model is
    undecided.

    Parameters
    ----------
    model : str
        Name of the model, a key of ``probabilities``.
    label_names : tuple of str
        Name of each code.
    """

    model: str
    label_names: tuple[str, ...]
    needs: ClassVar[frozenset[str]] = frozenset({"probabilities", "labels"})

    @property
    def name(self) -> str:
        """``margin_<model>``."""
        return f"margin_{self.model}"

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where the model has not judged the row."""
        rows, labels = np.arange(len(inputs["labels"])), inputs["labels"]
        others = inputs["probabilities"][self.model].astype(np.float32)
        given = others[rows, labels].copy()
        others[rows, labels] = np.where(np.isnan(given), np.nan, np.float32(0))
        suspicion: Suspicion = np.clip((1 - (given - others.max(axis=1))) / 2, 0, 1)
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say by how much the model prefers one label to the other."""
        probabilities, given = inputs["probabilities"][self.model][row], int(inputs["labels"][row])
        if np.isnan(probabilities[given]):
            return ""
        other = likeliest_other(probabilities, given)
        first, second = (given, other) if probabilities[given] >= probabilities[other] else (other, given)
        points = 100 * float(probabilities[first] - probabilities[second])
        return (
            f"The {model_in_words(self.model)} puts {self.label_names[first]} {points:.0f} percentage points"
            f" above {self.label_names[second]}."
        )
