from __future__ import annotations

import numpy as np
import pytest

from auditor.signals import Margin

NAMES = ("joy", "love", "fear")
ROWS = np.array([[1, 0, 0], [0, 0, 1], [0.5, 0.5, 0], [0.2, 0.3, 0.5], [np.nan] * 3], dtype=np.float32)
INPUTS = {"probabilities": {"features": ROWS}, "labels": np.zeros(5, dtype=np.int32)}


def test_by_hand():
    values = Margin("features", NAMES)(**INPUTS)
    assert values[:4] == pytest.approx([0, 1, 0.5, 0.65])
    assert np.isnan(values[4])


def test_tells_a_preference_from_ignorance():
    rows = np.array([[0.1, 0.9, 0, 0], [0.1, 0.3, 0.3, 0.3]], dtype=np.float32)
    values = Margin("m", ("a", "b", "c", "d"))(probabilities={"m": rows}, labels=np.zeros(2, dtype=np.int32))
    assert values[0] > values[1]


def test_explains_itself():
    signal = Margin("features", NAMES)
    assert signal.explain(3, **INPUTS) == "The feature-based model puts fear 30 percentage points above joy."
    assert signal.explain(0, **INPUTS) == "The feature-based model puts joy 100 percentage points above love."
