"""The interface of classifiers; columns are always in the order of the label names."""

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
    """Held-out rows that a classifier may evaluate during training, but must not use to learn or choose."""

    inputs: Any
    labels: LabelCodes


class Classifier(Protocol):
    """A model that learns labels from texts or vectors.

    ``inputs`` is a list of N texts or an (N, D) array, depending on the classifier.
    """

    def fit(
        self,
        inputs: Any,
        labels: LabelCodes,
        seed: int,
        watched: Watched | None = None,
        groups: Codes | None = None,
    ) -> Self:
        """Learn from inputs and (N,) int32 ``labels``, which need not contain every class.

        A classifier that sets rows aside for validation must set whole ``groups`` aside: (N,) int32, equal for
        duplicates.
        """
        ...

    def predict_proba(self, inputs: Any) -> Probabilities:
        """Return (N, K) float32 probabilities; classes absent from training get 0."""
        ...

    def dynamics(self) -> Mapping[str, npt.NDArray[np.floating]]:
        """Return the training dynamics, and what the training chose, by name; empty if there is neither."""
        ...


def spread_columns(probabilities: npt.NDArray[Any], classes: npt.NDArray[Any], num_classes: int) -> Probabilities:
    """Expand (N, C) probabilities of the classes seen in training to (N, K), with zeros elsewhere."""
    full = np.zeros((len(probabilities), num_classes), dtype=np.float32)
    full[:, classes.astype(int)] = probabilities
    return full


def not_alike(rows: RowIndex, apart: RowIndex, groups: Codes | None) -> RowIndex:
    """Return the ``rows`` that are neither in ``apart`` nor duplicates of rows in it."""
    rows = np.setdiff1d(rows, apart)
    return rows if groups is None else rows[~np.isin(groups[rows], groups[apart])]
