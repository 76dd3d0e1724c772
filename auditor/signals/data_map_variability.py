"""Signal: how much the probability of the given label varies during training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Float32, LabelCodes, Suspicion
from auditor.signals.base import Inputs
from auditor.signals.dynamics import chances, mean_over_trainings, only_row


@dataclass(frozen=True)
class DataMapVariability:
    """Twice the standard deviation over epochs of the given label's probability, averaged over trainings.

    The deviation, at most 1/2, is the *variability* of a data map (Swayamdipta et al. 2020, *Dataset Cartography*). If
    it is high, the row is ambiguous rather than wrong.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "data_map_variability"
    needs: ClassVar[frozenset[str]] = frozenset({"dynamics", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where no training of two or more epochs saw the row."""
        deviation = mean_over_trainings(inputs["dynamics"], inputs["labels"], _deviation)
        suspicion: Suspicion = np.clip(2 * deviation, 0, 1).astype(np.float32)
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say by how much the probability varied."""
        labels = inputs["labels"][[row]]
        suspicion = float(self(dynamics=only_row(inputs["dynamics"], row), labels=labels)[0])
        if np.isnan(suspicion):
            return ""
        return (
            f"From epoch to epoch, the probability of {self.label_names[labels[0]]} varied by {50 * suspicion:.0f} "
            "percentage points (standard deviation) while a model was trained on this text."
        )


def _deviation(logits: Float32, labels: LabelCodes) -> Float32:
    """Return the (n,) standard deviation over the epochs; NaN for a single epoch."""
    if len(logits) < 2:
        return np.full(len(labels), np.nan, dtype=np.float32)
    deviation: Float32 = chances(logits, labels).std(axis=0)
    return deviation
