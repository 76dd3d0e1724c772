"""Neighbours that may vote on a row's label."""

from __future__ import annotations

import numpy as np

from auditor.arrays import Codes, Mask, RowIndex


def voters(rows: RowIndex, neighbours: RowIndex, duplicates: Codes) -> Mask:
    """Return a mask of the (n, k) neighbours of some rows that exist and are not duplicates.

    A duplicate usually repeats its row with the label, so it adds no evidence.
    """
    near = neighbours[rows]
    return np.asarray((near >= 0) & (duplicates[near] != duplicates[rows][:, None]))
