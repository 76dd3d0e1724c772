"""What a classifier is: fit and predict, columns always in the order of the label names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from auditor.arrays import Codes, LabelCodes, Probabilities, RowIndex

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Watched:
    """Held-out rows that a classifier may look at while it is trained, and must not learn or choose from."""

    inputs: Any
    labels: LabelCodes


class Classifier(Protocol):
    """Anything that learns labels from texts or vectors.

    ``inputs`` is a list of N texts or an (N, D) array; a classifier knows which of the two it takes.
    """

    def fit(
        self,
        inputs: Any,
        labels: LabelCodes,
        seed: int,
        watched: Watched | None = None,
        groups: Codes | None = None,
    ) -> Self:
        """Learn; ``labels`` is (N,) int32 and need not contain every class.

        Whoever sets rows aside, to choose by, sets whole ``groups`` aside: (N,) int32, equal where rows are duplicates.
        """
        ...

    def predict_proba(self, inputs: Any) -> Probabilities:
        """(N, K) float32; a class that was absent from training gets 0."""
        ...

    def dynamics(self) -> Mapping[str, npt.NDArray[np.floating]]:
        """What was seen while training, by name; empty for classifiers without epochs."""
        ...


def spread_columns(probabilities: npt.NDArray[Any], classes: npt.NDArray[Any], num_classes: int) -> Probabilities:
    """(N, C) probabilities of the classes seen in training → (N, K), zeros elsewhere."""
    full = np.zeros((len(probabilities), num_classes), dtype=np.float32)
    full[:, classes.astype(int)] = probabilities
    return full


def not_alike(rows: RowIndex, apart: RowIndex, groups: Codes | None) -> RowIndex:
    """Those of ``rows`` that are neither among those set apart nor, by their group, duplicates of one of them."""
    rows = np.setdiff1d(rows, apart)
    return rows if groups is None else rows[~np.isin(groups[rows], groups[apart])]
