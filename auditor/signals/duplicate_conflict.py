"""Whether the same text stands elsewhere with another label, as a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Codes, Float32, LabelCodes, Suspicion
from auditor.signals.base import Inputs, listed


@dataclass(frozen=True)
class DuplicateConflict:
    """From 0.5 to 1 by the share of identical texts with another label; else from 0 to 0.5 by that of near ones.

    Identical texts weigh more than near-identical ones, in which a changed word may change the label. Rows of all
    splits are compared.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "duplicate_conflict"
    needs: ClassVar[frozenset[str]] = frozenset({"identical", "duplicates", "labels", "splits"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """(N,) suspicion; NaN where a row has no duplicate."""
        identical = _share_of_others(inputs["identical"], inputs["labels"])
        near = _share_of_others(inputs["duplicates"], inputs["labels"])
        return np.where(identical > 0, np.float32(0.5) + identical / 2, near / 2)

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say which labels the text has elsewhere, and whether that is in another split."""
        labels, given = inputs["labels"], inputs["labels"][row]
        for kind, group in (("An identical", inputs["identical"]), ("A near-identical", inputs["duplicates"])):
            against = np.flatnonzero((group == group[row]) & (labels != given))
            if len(against):
                named = listed([self.label_names[code] for code in np.unique(labels[against])])
                elsewhere = np.unique(inputs["splits"][against]) != inputs["splits"][row]
                leak = ", in part in another split: a leak" if elsewhere.any() else ""
                return f"{kind} text is labelled {named}{leak}."
        alone = (inputs["duplicates"] == inputs["duplicates"][row]).sum() == 1
        return "" if alone else f"Its duplicates are labelled {self.label_names[given]}, too."


def _share_of_others(group: Codes, labels: LabelCodes) -> Float32:
    """(N,) share of the other rows of the group that carry another label; NaN where there are none."""
    keys = group.astype(np.int64) * (int(labels.max(initial=0)) + 1) + labels
    _, position, counts = np.unique(keys, return_inverse=True, return_counts=True)
    size, same = np.bincount(group)[group] if len(group) else counts, counts[position]
    share = np.full(len(group), np.nan, dtype=np.float32)
    np.divide(size - same, size - 1, out=share, where=size > 1, casting="same_kind")
    return share
