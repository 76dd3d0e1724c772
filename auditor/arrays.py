"""Arrays by what their numbers mean: each name has one meaning, everywhere.

Shapes stand in the docstrings of whatever takes or returns an array: N rows, K classes, D dimensions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]
"""Any array."""
Mask = npt.NDArray[np.bool_]
"""Which rows, or cells, are meant."""
RowIndex = npt.NDArray[np.integer[Any]]
"""Places of rows in a dataset, or of entries in another array; -1 for none where that can be."""
Codes = npt.NDArray[np.int32]
"""Numbers that stand for names, or for groups; -1 for none where that can be."""
LabelCodes = npt.NDArray[np.int32]
"""Labels, as places in the label names; -1 for none where that can be."""
Outcomes = npt.NDArray[np.int8]
"""Of rows that people have judged: 1 for a wrong label, 0 for a right one; -1 where nobody has judged."""
FoldNumbers = npt.NDArray[np.int16]
"""The fold in which a row is held out; negative numbers are those of :mod:`auditor.models.folds`."""
Counts = npt.NDArray[np.int64]
"""How many."""
Probabilities = npt.NDArray[np.float32]
"""(N, K) in [0, 1], the columns in the order of the label names; rows of NaN are not judged."""
Suspicion = npt.NDArray[np.float32]
"""(N,) in [0, 1], 1 for the most suspect; NaN where the row is not judged."""
Vectors = npt.NDArray[np.float32]
"""(N, D) of texts."""
Float32 = npt.NDArray[np.float32]
"""Any other numbers that a run keeps: losses, similarities, coordinates, logits."""
Float16 = npt.NDArray[np.float16]
"""Numbers that a run keeps in half the room."""
Float64 = npt.NDArray[np.float64]
"""Numbers within a calculation."""
