from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auditor.signals import Outlier

INPUTS: Any = {
    "neighbours": np.array([[1, 2], [0, 2], [3, -1], [2, -1], [-1, -1]], dtype=np.int32),
    "similarities": np.array([[0.9, 0.4], [0.9, 0.2], [-0.5, np.nan], [1, np.nan], [np.nan] * 2], dtype=np.float32),
    "duplicates": np.array([0, 0, 1, 2, 3], dtype=np.int32),
}


def test_a_twin_does_not_make_a_row_an_inlier() -> None:
    assert Outlier()(**INPUTS) == pytest.approx([0.6, 0.8, 1, 0, np.nan], nan_ok=True)


def test_explains_itself() -> None:
    assert Outlier().explain(0, **INPUTS) == ("Duplicates aside, its mean similarity to the nearest 1 text is 0.40.")
