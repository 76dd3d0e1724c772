"""How far a row lies from every class, as a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Suspicion
from auditor.signals.base import Inputs, counted
from auditor.signals.voters import voters


@dataclass(frozen=True)
class Outlier:
    """One minus the mean cosine to the nearest rows, of whatever class; below 0 it counts as 0.

    A row far from its nearest rows is far from every class, however many shapes a class has: that is what a mean
    distance to neighbours sees and a distance to the classes' centres does not (Kuan and Mueller 2022, *Back to the
    Basics: Revisiting Out-of-Distribution Detection Baselines*). Duplicates of the row are left out. It does not look
    at the given label: perhaps none fits.
    """

    name: ClassVar[str] = "outlier"
    needs: ClassVar[frozenset[str]] = frozenset({"neighbours", "similarities", "duplicates"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """(N,) suspicion; NaN where the row has no neighbour but duplicates."""
        neighbours, duplicates = inputs["neighbours"], inputs["duplicates"]
        near = voters(np.arange(len(duplicates)), neighbours, duplicates)
        total = np.where(near, inputs["similarities"], np.float32(0)).sum(axis=1)
        count = near.sum(axis=1)
        mean = np.divide(total, count, out=np.full(len(total), np.nan, dtype=np.float32), where=count > 0)
        suspicion: Suspicion = np.clip(1 - mean, 0, 1)
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say how alike the nearest texts are."""
        near = voters(np.array([row]), inputs["neighbours"], inputs["duplicates"])[0]
        if not near.any():
            return ""
        cosine = float(inputs["similarities"][row][near].mean())
        return f"Duplicates aside, its likeness to the nearest {counted(int(near.sum()), 'text')} is {cosine:.2f} of 1."
