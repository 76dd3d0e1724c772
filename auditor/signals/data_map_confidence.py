"""Signal: the mean probability of the given label during training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Suspicion
from auditor.signals.base import Inputs, percent
from auditor.signals.dynamics import chances, mean_over_trainings, only_row


@dataclass(frozen=True)
class DataMapConfidence:
    """1 − the mean probability of the given label over the epochs and trainings that saw the row.

    The mean is the *confidence* of a data map (Swayamdipta et al. 2020, *Dataset Cartography*). If it is low, the
    row is hard to learn, and many such rows are mislabelled.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "data_map_confidence"
    needs: ClassVar[frozenset[str]] = frozenset({"dynamics", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where no training saw the row."""
        mean = mean_over_trainings(inputs["dynamics"], inputs["labels"], lambda *given: chances(*given).mean(axis=0))
        suspicion: Suspicion = np.clip(1 - mean, 0, 1).astype(np.float32)
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say what probability the given label had on average."""
        labels = inputs["labels"][[row]]
        suspicion = float(self(dynamics=only_row(inputs["dynamics"], row), labels=labels)[0])
        if np.isnan(suspicion):
            return ""
        label = self.label_names[labels[0]]
        return f"A model that was trained on this text as {label} gave {label} {percent(1 - suspicion)} on average."
