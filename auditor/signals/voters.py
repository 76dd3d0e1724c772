"""Which of a row's nearest rows can say something of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def voters(
    rows: npt.NDArray[np.intp], neighbours: npt.NDArray[np.int32], duplicates: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    """(n, k) neighbours of some rows that are there and are no duplicates of theirs.

    A duplicate repeats its row, label and all more often than not: it says nothing that the row does not.
    """
    near = neighbours[rows]
    return np.asarray((near >= 0) & (duplicates[near] != duplicates[rows][:, None]))
