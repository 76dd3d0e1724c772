"""Whether confident learning counts a row as one of another class, as a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np
import numpy.typing as npt

from auditor.signals.base import Inputs, Suspicion, percent

_CELLS = 1 << 22


@dataclass(frozen=True)
class ConfidentLearning:
    """1 where the row lies off the diagonal of the confident joint of the consensus, else 0.

    A row is counted as one of the likeliest class among those whose probability reaches the mean that the class has
    in the rows that carry its label (Northcutt, Jiang and Chuang 2021, *Confident Learning*; the filter
    ``confident_learning`` of cleanlab). Issues are chosen by another filter, which prunes as many rows as the
    calibrated joint estimates; the two agree on most.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "confident_learning"
    needs: ClassVar[frozenset[str]] = frozenset({"consensus", "labels"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """(N,) suspicion; NaN where the consensus has not judged the row."""
        consensus, labels = inputs["consensus"], inputs["labels"]
        thresholds = _thresholds(consensus, labels)
        suspicion = np.empty(len(labels), dtype=np.float32)
        step = max(1, _CELLS // consensus.shape[1])
        for start in range(0, len(labels), step):
            part = slice(start, start + step)
            suspicion[part] = _counted_as(consensus[part], labels[part], thresholds) != labels[part]
        suspicion[_unjudged(consensus, labels)] = np.nan
        return suspicion

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say which class the row is counted as, and the threshold that it reaches."""
        consensus, labels = inputs["consensus"], inputs["labels"]
        one, given = consensus[[row]], labels[[row]]
        if np.isnan(one[0, given[0]]):
            return ""
        thresholds = _thresholds(consensus, labels)
        other = int(_counted_as(one, given, thresholds)[0])
        if other == given[0]:
            return f"Confident learning does not count it as anything but {self.label_names[other]}."
        return (
            f"Confident learning counts it as {self.label_names[other]}: it gets {percent(float(one[0, other]))}, and "
            f"texts labelled {self.label_names[other]} get {percent(float(thresholds[other]))} on average."
        )


def _unjudged(consensus: npt.NDArray[np.float32], labels: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isnan(consensus[np.arange(len(labels)), labels]))


def _thresholds(consensus: npt.NDArray[np.float32], labels: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """(K,) mean self-confidence of each class; infinite where it has no judged row."""
    given = consensus[np.arange(len(labels)), labels].astype(np.float64)
    judged, classes = ~np.isnan(given), consensus.shape[1]
    # Sorted, so that the sums do not depend on the order of the rows.
    order = np.argsort(given[judged])
    codes, values = labels[judged][order], given[judged][order]
    counts, sums = np.bincount(codes, minlength=classes), np.bincount(codes, values, minlength=classes)
    mean: npt.NDArray[np.float64] = np.divide(sums, counts, out=np.full(classes, np.inf), where=counts > 0)
    return mean


def _counted_as(
    consensus: npt.NDArray[np.float32], labels: npt.NDArray[np.int32], thresholds: npt.NDArray[np.float64]
) -> npt.NDArray[np.int32]:
    """(n,) class that each row is counted as; the given one where none is reached, or it is as likely as any."""
    reached = np.where(consensus >= thresholds - 1e-6, consensus, np.float32(-1))
    likeliest = reached.argmax(axis=1).astype(np.int32)
    rows = np.arange(len(labels))
    keeps = reached[rows, labels] >= reached[rows, likeliest]
    return np.where(keeps, labels, likeliest)
