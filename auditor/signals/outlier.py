"""Signal: how far a row lies from every class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Suspicion
from auditor.signals.base import Inputs
from auditor.signals.voters import voters
from auditor.wording import counted


@dataclass(frozen=True)
class Outlier:
    """1 − the mean cosine to the nearest rows of any class, clipped at 0.

    A row far from its nearest rows is far from every class, whatever the shape of a class. A mean distance to
    neighbours detects this; a distance to the classes' centres does not (Kuan and Mueller 2022, *Back to the Basics:
    Revisiting Out-of-Distribution Detection Baselines*). Duplicates of the row are omitted, and the given label is
    ignored: perhaps none fits.
    """

    name: ClassVar[str] = "outlier"
    needs: ClassVar[frozenset[str]] = frozenset({"neighbours", "similarities", "duplicates"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where all neighbours are duplicates."""
        neighbours, duplicates = inputs["neighbours"], inputs["duplicates"]
        near = voters(np.arange(len(duplicates)), neighbours, duplicates)
        total = np.where(near, inputs["similarities"], np.float32(0)).sum(axis=1)
        count = near.sum(axis=1)
        mean = np.divide(total, count, out=np.full(len(total), np.nan, dtype=np.float32), where=count > 0)
        suspicion: Suspicion = np.clip(1 - mean, 0, 1)
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say how similar the nearest texts are."""
        near = voters(np.array([row]), inputs["neighbours"], inputs["duplicates"])[0]
        if not near.any():
            return ""
        cosine = float(inputs["similarities"][row][near].mean())
        return (
            f"Duplicates aside, its mean similarity to the nearest {counted(int(near.sum()), 'text')} is {cosine:.2f}."
        )
