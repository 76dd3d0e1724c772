"""Signal: the consensus probability of the given label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Suspicion
from auditor.signals.base import Inputs, likeliest_other, percent


@dataclass(frozen=True)
class SelfConfidence:
    """1 − the self-confidence, which is the consensus probability of the given label (Northcutt et al. 2021).

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "self_confidence"
    needs: ClassVar[frozenset[str]] = frozenset({"consensus", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where the consensus has not judged the row."""
        labels = inputs["labels"]
        given = inputs["consensus"][np.arange(len(labels)), labels]
        suspicion: Suspicion = np.clip(1 - given.astype(np.float32), 0, 1)
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say the consensus probabilities of the given label and of the likeliest other one."""
        chances, given = inputs["consensus"][row], int(inputs["labels"][row])
        if np.isnan(chances[given]):
            return ""
        codes = (given, likeliest_other(chances, given))
        words = [f"{self.label_names[code]} {percent(float(chances[code]))}" for code in codes]
        return f"All models together give {' and '.join(words)}."
