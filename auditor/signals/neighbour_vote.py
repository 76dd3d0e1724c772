"""How the nearest rows are labelled, as a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.signals.base import Inputs, Suspicion, counted, percent
from auditor.signals.voters import voters


@dataclass(frozen=True)
class NeighbourVote:
    """Share of the votes of the nearest rows that goes to other labels than the given one.

    Each of the k nearest rows of the frozen vectors votes for its own label with the weight of its cosine; duplicates
    of the row do not vote (after Zhu, Dong and Liu 2022, *Detecting Corrupted Labels Without Training a Model to
    Predict*, SimiFeat).

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "neighbour_vote"
    needs: ClassVar[frozenset[str]] = frozenset({"neighbours", "similarities", "duplicates", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """(N,) suspicion; NaN where nobody can vote."""
        labels, neighbours = inputs["labels"], inputs["neighbours"]
        voting = voters(np.arange(len(labels)), neighbours, inputs["duplicates"])
        weights = np.where(voting, np.maximum(inputs["similarities"], 0), np.float32(0))
        against = np.where(labels[neighbours] != labels[:, None], weights, np.float32(0)).sum(axis=1)
        total = weights.sum(axis=1)
        share = np.divide(against, total, out=np.full(len(labels), np.nan, dtype=np.float32), where=total > 0)
        suspicion: Suspicion = np.minimum(share, np.float32(1))
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say how many of the nearest texts have the given label, and what their votes weigh."""
        labels, given = inputs["labels"], int(inputs["labels"][row])
        rows = np.array([row])
        voting = voters(rows, inputs["neighbours"], inputs["duplicates"])[0]
        weights = np.maximum(inputs["similarities"][row][voting], 0)
        if not weights.sum() > 0:
            return ""
        same = labels[inputs["neighbours"][row][voting]] == given
        share = float(weights[same].sum() / weights.sum())
        return (
            f"Duplicates aside, {int(same.sum())} of the nearest {counted(len(same), 'text')} carry the label "
            f"{self.label_names[given]}, with {percent(share)} of the votes by likeness."
        )
