from __future__ import annotations

import numpy as np
import pytest

from auditor.signals import SelfConfidence

INPUTS = {
    "consensus": np.array([[0.9, 0.1, 0], [0.05, 0.25, 0.7], [np.nan] * 3], dtype=np.float32),
    "labels": np.array([0, 1, 2], dtype=np.int32),
}


def test_by_hand() -> None:
    values = SelfConfidence(("joy", "love", "fear"))(**INPUTS)
    assert values[:2] == pytest.approx([0.1, 0.75])
    assert np.isnan(values[2])


def test_explains_itself() -> None:
    signal = SelfConfidence(("joy", "love", "fear"))
    assert signal.explain(1, **INPUTS) == "All models together give love 25\u00a0% and fear 70\u00a0%."
