"""Array types, named after the meaning of their numbers; each name has one meaning everywhere.

The docstring of whatever takes or returns an array names its shape: N rows, K classes, D dimensions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]
"""Any array."""
Mask = npt.NDArray[np.bool_]
"""Selected rows, or cells."""
RowIndex = npt.NDArray[np.integer[Any]]
"""Positions of rows in a dataset, or of entries in another array; -1 for none, where allowed."""
Codes = npt.NDArray[np.int32]
"""Integer codes of names or groups; -1 for none, where allowed."""
Integers = npt.NDArray[np.integer[Any]]
"""Whole numbers of any width, which are no positions: codes, counts, keys."""
LabelCodes = npt.NDArray[np.int32]
"""Labels, as positions in the label names; -1 for none, where allowed."""
Outcomes = npt.NDArray[np.int8]
"""People's judgements: 1 for a wrong label, 0 for a correct one, -1 for a row that nobody has judged."""
FoldNumbers = npt.NDArray[np.int16]
"""The fold in which a row is held out; negative numbers are those of :mod:`auditor.models.folds`."""
Counts = npt.NDArray[np.int64]
"""Numbers of occurrences."""
Probabilities = npt.NDArray[np.float32]
"""(N, K) in [0, 1], columns in the order of the label names; NaN in rows that are not judged."""
Suspicion = npt.NDArray[np.float32]
"""(N,) in [0, 1], 1 = most suspect; NaN in rows that are not judged."""
Vectors = npt.NDArray[np.float32]
"""(N, D) embeddings of texts."""
Float32 = npt.NDArray[np.float32]
"""Any other numbers that a run keeps: losses, similarities, coordinates, logits."""
Float16 = npt.NDArray[np.float16]
"""Numbers that a run stores in half the space."""
Float64 = npt.NDArray[np.float64]
"""Intermediate numbers of a calculation."""
