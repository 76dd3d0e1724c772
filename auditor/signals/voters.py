"""Which of a row's nearest rows can say something of it."""

from __future__ import annotations

import numpy as np

from auditor.arrays import Codes, Mask, RowIndex


def voters(rows: RowIndex, neighbours: RowIndex, duplicates: Codes) -> Mask:
    """(n, k) neighbours of some rows that are there and are no duplicates of theirs.

    A duplicate repeats its row, label and all more often than not: it says nothing that the row does not.
    """
    near = neighbours[rows]
    return np.asarray((near >= 0) & (duplicates[near] != duplicates[rows][:, None]))
