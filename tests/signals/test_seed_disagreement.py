from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from auditor.signals import SeedDisagreement

NAMES = ("joy", "love", "fear")
FIRST = np.array([[1, 0, 0], [1, 0, 0], [0.2, 0.5, 0.3], [np.nan] * 3], dtype=np.float32)
AGAIN = np.array([[1, 0, 0], [0, 0, 1], [0.6, 0.1, 0.3], [1, 0, 0]], dtype=np.float32)
INPUTS = {"repeats": [FIRST, AGAIN]}


def test_two_repeats_by_hand() -> None:
    values = SeedDisagreement(NAMES)(**INPUTS)
    assert values[:2] == pytest.approx([0, 1], abs=1e-6)
    assert values[2] == pytest.approx(jensenshannon(FIRST[2], AGAIN[2], base=2) ** 2, abs=1e-6)
    assert np.isnan(values[3])


def test_a_repeat_that_agrees_makes_it_less() -> None:
    values = SeedDisagreement(NAMES)(repeats=[FIRST, FIRST, AGAIN])
    assert 0 < values[2] < SeedDisagreement(NAMES)(**INPUTS)[2]


def test_explains_itself() -> None:
    signal = SeedDisagreement(NAMES)
    assert signal.explain(0, **INPUTS) == "With models retrained from other seeds, the consensus is still joy."
    assert signal.explain(1, **INPUTS) == "With models retrained from other seeds, the consensus is joy and fear."
    assert signal.explain(3, **INPUTS) == ""
