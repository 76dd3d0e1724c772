"""Pairs of rows with the same text and different labels, of which at most one is likely correct."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.arrays import Codes, LabelCodes, Mask, RowIndex
from auditor.data.duplicates import Duplicates
from auditor.data.labeled_texts import LabeledTexts


@dataclass(frozen=True)
class Conflicts:
    """P pairs of rows of the same group of duplicates with different labels.

    Each row in conflict is in at least one pair, and in a pair across splits if there is one. Not all such pairs are
    listed: their number stays proportional to the number of rows, however large a group is.

    Attributes
    ----------
    first, second : (P,) intp
        ``first < second``; ascending.
    identical : (P,) bool
        Whether the texts are the same; otherwise nearly the same.
    across : (P,) bool
        Whether the rows are in different splits: a leak.
    texts, leaks : int
        Distinct texts with several labels, and those with different labels across splits; near duplicates excluded.
    """

    first: RowIndex
    second: RowIndex
    identical: Mask
    across: Mask
    texts: int
    leaks: int

    def __str__(self) -> str:
        """Return a sentence for the reader; empty without identical texts in conflict."""
        if not self.texts:
            return ""
        leaks = f", {self.leaks:,} of them in different splits: a leak" if self.leaks else ""
        who = "1 text occurs" if self.texts == 1 else f"{self.texts:,} texts occur"
        return f"{who} with several labels{leaks}."

    def write(self, path: Path, data: LabeledTexts) -> None:
        """Write ``conflicts.parquet``: one row per pair, with the ids, splits and labels of both rows."""
        table = {"identical": pa.array(self.identical), "across_splits": pa.array(self.across)}
        names = pa.array(data.label_names, pa.string())
        for which, rows in (("first", self.first), ("second", self.second)):
            table[f"{which}_id"] = data.table["id"].take(pa.array(rows))
            table[f"{which}_split"] = data.table["split"].take(pa.array(rows))
            table[f"{which}_label"] = names.take(pa.array(data.labels[rows]))
        pq.write_table(pa.table(table), path, compression="zstd")


def find_conflicts(duplicates: Duplicates, labels: LabelCodes, splits: npt.NDArray[np.str_]) -> Conflicts:
    """Pair the rows of each group of duplicates whose labels differ.

    Parameters
    ----------
    duplicates : Duplicates
    labels : (N,) int32
        Codes of the given labels.
    splits : (N,) str
        Split of each row.

    Returns
    -------
    Conflicts
    """
    found = [_pairs(group, labels, splits) for group in (duplicates.exact, duplicates.near)]
    first, second = np.unique(np.concatenate(found, axis=1), axis=1)
    identical = np.asarray(duplicates.exact[first] == duplicates.exact[second])
    across = np.asarray(splits[first] != splits[second])
    texts = duplicates.exact[first[identical]]
    leaking = duplicates.exact[first[identical & across]]
    return Conflicts(first, second, identical, across, len(np.unique(texts)), len(np.unique(leaking)))


def _pairs(group: Codes, labels: LabelCodes, splits: npt.NDArray[np.str_]) -> RowIndex:
    """Return (2, P) pairs: each row in conflict with a row of its group, and with a row of another split."""
    named = np.unique(np.column_stack([group, labels]), axis=0)[:, 0]
    rows = np.flatnonzero((np.bincount(named, minlength=1) > 1)[group]) if len(group) else np.empty(0, np.intp)
    pairs = [_paired(rows, rows, group, labels)]
    for split in np.unique(splits[rows]).tolist():
        inside = splits[rows] == split
        pairs.append(_paired(rows[inside], rows[~inside], group, labels))
    return np.sort(np.concatenate(pairs, axis=1), axis=0)


def _paired(rows: RowIndex, others: RowIndex, group: Codes, labels: LabelCodes) -> RowIndex:
    """Return (2, P) pairs of each row with the first of the others in its group that has another label, if any."""
    # Each group has an anchor, its first row, and a rival, the first row whose label differs from the anchor's.
    # In a group with the labels [joy, joy, love, fear], the anchor is row 0 and the rival row 2: row 2 (love) and row 3
    # (fear) are paired with the anchor, rows 0 and 1 (joy) with the rival. That makes 4 pairs at most, not all 5.
    none = np.full(int(group.max(initial=-1)) + 1, -1, dtype=np.intp)
    anchor, rival = none.copy(), none
    anchor[group[others[::-1]]] = others[::-1]  # the last assignment wins: the first row
    differ = others[labels[others] != labels[anchor[group[others]]]]
    rival[group[differ[::-1]]] = differ[::-1]
    first, second = anchor[group[rows]], rival[group[rows]]
    partner = np.where((first >= 0) & (labels[first] != labels[rows]), first, second)
    found = partner >= 0
    return np.stack([rows[found], partner[found]])
