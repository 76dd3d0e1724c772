"""Signal: whether the same text has another label elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Unpack

import numpy as np

from auditor.arrays import Codes, Float32, LabelCodes, Suspicion
from auditor.signals.base import Inputs
from auditor.wording import joined


@dataclass(frozen=True)
class DuplicateConflict:
    """Share of identical texts with another label, scaled to 0.5–1; without any, of near-identical texts, to 0–0.5.

    Identical texts count more than near-identical ones, where a changed word may change the label. Rows of all splits
    are compared.

    Parameters
    ----------
    label_names : tuple of str
        Name of each code.
    """

    label_names: tuple[str, ...]
    name: ClassVar[str] = "duplicate_conflict"
    needs: ClassVar[frozenset[str]] = frozenset({"identical", "duplicates", "labels", "splits"})

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where a row has no duplicate."""
        identical = _share_of_others(inputs["identical"], inputs["labels"])
        near = _share_of_others(inputs["duplicates"], inputs["labels"])
        return np.where(identical > 0, np.float32(0.5) + identical / 2, near / 2)

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Say which labels the text has elsewhere, and whether it occurs in another split."""
        labels, given = inputs["labels"], inputs["labels"][row]
        for kind, group in (("An identical", inputs["identical"]), ("A near-identical", inputs["duplicates"])):
            against = np.flatnonzero((group == group[row]) & (labels != given))
            if len(against):
                named = joined([self.label_names[code] for code in np.unique(labels[against])])
                elsewhere = np.unique(inputs["splits"][against]) != inputs["splits"][row]
                leak = ", in part in another split: a leak" if elsewhere.any() else ""
                return f"{kind} text is labelled {named}{leak}."
        alone = (inputs["duplicates"] == inputs["duplicates"][row]).sum() == 1
        return "" if alone else f"Its duplicates are labelled {self.label_names[given]}, too."


def _share_of_others(group: Codes, labels: LabelCodes) -> Float32:
    """Return the (N,) share of the group's other rows that have another label; NaN without other rows."""
    keys = group.astype(np.int64) * (int(labels.max(initial=0)) + 1) + labels
    _, position, counts = np.unique(keys, return_inverse=True, return_counts=True)
    size, same = np.bincount(group)[group] if len(group) else counts, counts[position]
    share = np.full(len(group), np.nan, dtype=np.float32)
    np.divide(size - same, size - 1, out=share, where=size > 1, casting="same_kind")
    return share
