"""The labels of the nearest rows, as distributions over the labels and as counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from auditor.signals.voters import voters

Labels = npt.NDArray[np.int32]
Rows = npt.NDArray[np.intp]

_SMOOTHING = 1e-3
"""What every label has of votes before anybody votes."""


@dataclass(frozen=True)
class Votes:
    """How the nearest rows of N rows vote, in one space of vectors.

    Attributes
    ----------
    neighbours : (N, k) int32
        Nearest rows; -1 where there are fewer.
    weights : (N, k) float32
        What each one's vote weighs; 0 for those that have none.
    labels : (N,) int32
        Codes of the given labels.
    classes : int
        K.
    """

    neighbours: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    labels: Labels
    classes: int

    @classmethod
    def of(
        cls,
        neighbours: npt.NDArray[np.int32],
        similarities: npt.NDArray[np.float32],
        duplicates: Labels,
        labels: Labels,
        classes: int,
    ) -> Self:
        """Every neighbour that is no duplicate votes for its own label with the weight of its cosine."""
        voting = voters(np.arange(len(labels)), neighbours, duplicates)
        return cls(neighbours, np.where(voting, np.maximum(similarities, 0), np.float32(0)), labels, classes)

    def shares(self, rows: Rows) -> npt.NDArray[np.float64]:
        """(n, K) share of the votes that each label gets, smoothed; equal shares where nobody votes."""
        cells = np.arange(len(rows))[:, None] * self.classes + self.labels[self.neighbours[rows]]
        votes = np.bincount(cells.ravel(), self.weights[rows].ravel(), len(rows) * self.classes) + _SMOOTHING
        votes = votes.reshape(len(rows), self.classes)
        shares: npt.NDArray[np.float64] = votes / votes.sum(axis=1, keepdims=True)
        return shares

    def counts(self, rows: Rows) -> Any:
        """(n, K) scipy.sparse.csr_array of float64: how many neighbours vote for each label, whatever they weigh.

        Several of one label stand in cells of their own, which count together.
        """
        # A neighbour that is not there has no weight: which label stands in its place does not matter.
        near, voting = self.neighbours[rows], (self.weights[rows] > 0).astype(np.float64)
        ends = np.arange(len(rows) + 1) * near.shape[1]
        return csr_array((voting.ravel(), self.labels[near].ravel(), ends), (len(rows), self.classes))
