"""Labels of the nearest rows, as distributions over the labels and as counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array

from auditor.arrays import Codes, Float32, Float64, LabelCodes, RowIndex
from auditor.signals.voters import voters

_SMOOTHING = 1e-3
"""Votes added to every label."""


@dataclass(frozen=True)
class Votes:
    """Votes of the nearest rows of N rows, in one space of vectors.

    Attributes
    ----------
    neighbours : (N, k) int32
        Nearest rows; -1 where there are fewer.
    weights : (N, k) float32
        Weight of each neighbour's vote; 0 for neighbours without a vote.
    labels : (N,) int32
        Codes of the given labels.
    classes : int
        K.
    """

    neighbours: RowIndex
    weights: Float32
    labels: LabelCodes
    classes: int

    @classmethod
    def of(
        cls,
        neighbours: RowIndex,
        similarities: Float32,
        duplicates: Codes,
        labels: LabelCodes,
        classes: int,
    ) -> Self:
        """Let every neighbour that is not a duplicate vote for its own label, weighted by its cosine."""
        voting = voters(np.arange(len(labels)), neighbours, duplicates)
        return cls(neighbours, np.where(voting, np.maximum(similarities, 0), np.float32(0)), labels, classes)

    def shares(self, rows: RowIndex) -> Float64:
        """Return the (n, K) smoothed share of the votes for each label; equal shares without votes."""
        cells = np.arange(len(rows))[:, None] * self.classes + self.labels[self.neighbours[rows]]
        votes = np.bincount(cells.ravel(), self.weights[rows].ravel(), len(rows) * self.classes) + _SMOOTHING
        votes = votes.reshape(len(rows), self.classes)
        shares: Float64 = votes / votes.sum(axis=1, keepdims=True)
        return shares

    def counts(self, rows: RowIndex) -> Any:
        """Return the number of neighbours that vote for each label, unweighted, as an (n, K) float64 csr_array.

        Votes for the same label may occupy several cells, which add up.
        """
        # A missing neighbour has weight 0, so its label does not matter.
        near, voting = self.neighbours[rows], (self.weights[rows] > 0).astype(np.float64)
        ends = np.arange(len(rows) + 1) * near.shape[1]
        return csr_array((voting.ravel(), self.labels[near].ravel(), ends), (len(rows), self.classes))
