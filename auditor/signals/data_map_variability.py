"""How much the probability of the given label varies in training, as a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Float32, LabelCodes, Suspicion
from auditor.signals.base import Inputs
from auditor.signals.dynamics import chances, mean_over_trainings, of_one_row


@dataclass(frozen=True)
class DataMapVariability:
    """Twice the standard deviation of the probability of the given label over the epochs, the mean of all trainings.

    The deviation is the *variability* of a data map (Swayamdipta et al. 2020, *Dataset Cartography*); where it is
    high, the row is ambiguous rather than wrong. It is at most 1/2.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "data_map_variability"
    needs: ClassVar[frozenset[str]] = frozenset({"dynamics", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """(N,) suspicion; NaN where no training of two epochs or more saw the row."""
        deviation = mean_over_trainings(inputs["dynamics"], inputs["labels"], _deviation)
        suspicion: Suspicion = np.clip(2 * deviation, 0, 1).astype(np.float32)
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say by how much the model changed its mind."""
        labels = inputs["labels"][[row]]
        suspicion = float(self(dynamics=of_one_row(inputs["dynamics"], row), labels=labels)[0])
        if np.isnan(suspicion):
            return ""
        return (
            f"From epoch to epoch, the probability of {self.label_names[labels[0]]} varied by {50 * suspicion:.0f} "
            "percentage points (standard deviation) while a model was trained on this text."
        )


def _deviation(logits: Float32, labels: LabelCodes) -> Float32:
    """(n,) standard deviation over the epochs; of a single one nothing is known."""
    if len(logits) < 2:
        return np.full(len(labels), np.nan, dtype=np.float32)
    deviation: Float32 = chances(logits, labels).std(axis=0)
    return deviation
