"""Signal: how the nearest rows are labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from auditor.arrays import Float32, RowIndex, Suspicion
from auditor.signals.base import Inputs, percent
from auditor.signals.voters import voters
from auditor.wording import counted


@dataclass(frozen=True)
class NeighbourVote:
    """Share of the nearest rows' votes for labels other than the given one.

    Each of the k nearest rows votes for its own label, weighted by its cosine; duplicates of the row do not vote
    (after Zhu, Dong and Liu 2022, *Detecting Corrupted Labels Without Training a Model to Predict*, SimiFeat).

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    tuned : bool
        Use the nearest rows within each fold by the fine-tuned model that did not see them, not those by the frozen
        encoder.
    """

    label_names: tuple[str, ...]
    tuned: bool = False

    @property
    def name(self) -> str:
        """``neighbour_vote``, or ``neighbour_vote_finetuned``."""
        return "neighbour_vote_finetuned" if self.tuned else "neighbour_vote"

    @property
    def needs(self) -> frozenset[str]:
        """Names of the inputs that the signal uses."""
        nearest = {"tuned_neighbours", "tuned_similarities"} if self.tuned else {"neighbours", "similarities"}
        return frozenset({*nearest, "duplicates", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN in rows without votes."""
        labels, (neighbours, similarities) = inputs["labels"], self._nearest(inputs)
        voting = voters(np.arange(len(labels)), neighbours, inputs["duplicates"])
        weights = np.where(voting, np.maximum(similarities, 0), np.float32(0))
        against = np.where(labels[neighbours] != labels[:, None], weights, np.float32(0)).sum(axis=1)
        total = weights.sum(axis=1)
        share = np.divide(against, total, out=np.full(len(labels), np.nan, dtype=np.float32), where=total > 0)
        suspicion: Suspicion = np.minimum(share, np.float32(1))
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say how many of the nearest texts have the given label, and their weighted share of the votes."""
        labels, given = inputs["labels"], int(inputs["labels"][row])
        neighbours, similarities = self._nearest(inputs)
        voting = voters(np.array([row]), neighbours, inputs["duplicates"])[0]
        weights = np.maximum(similarities[row][voting], 0)
        if not weights.sum() > 0:
            return ""
        same = labels[neighbours[row][voting]] == given
        share = float(weights[same].sum() / weights.sum())
        by = " by the fine-tuned model" if self.tuned else ""
        return (
            f"Duplicates aside, {int(same.sum())} of the nearest {counted(len(same), 'text')}{by} carry the label "
            f"{self.label_names[given]}, with {percent(share)} of the votes weighted by similarity."
        )

    def _nearest(self, inputs: Inputs) -> tuple[RowIndex, Float32]:
        if self.tuned:
            return inputs["tuned_neighbours"], inputs["tuned_similarities"]
        return inputs["neighbours"], inputs["similarities"]
