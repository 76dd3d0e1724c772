from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from auditor.signals import Disagreement

NAMES = ("joy", "love", "fear")
FEATURES = np.array([[1, 0, 0], [1, 0, 0], [0.2, 0.5, 0.3], [np.nan] * 3], dtype=np.float32)
LEXICAL = np.array([[1, 0, 0], [0, 0, 1], [0.6, 0.1, 0.3], [1, 0, 0]], dtype=np.float32)
INPUTS = {"probabilities": {"features": FEATURES, "lexical": LEXICAL}}


def test_two_models_by_hand() -> None:
    values = Disagreement(("features", "lexical"), NAMES)(**INPUTS)
    assert values[:2] == pytest.approx([0, 1], abs=1e-6)
    assert values[2] == pytest.approx(jensenshannon(FEATURES[2], LEXICAL[2], base=2) ** 2, abs=1e-6)
    assert np.isnan(values[3])


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_one_is_as_far_apart_as_models_can_be(classes: int) -> None:
    sure = {str(code): np.eye(classes, dtype=np.float32)[[code]] for code in range(classes)}
    names = tuple(sure)
    assert Disagreement(names, names)(probabilities=sure) == pytest.approx([1])
    assert Disagreement(names[::-1], names)(probabilities=sure) == pytest.approx([1])


def test_explains_itself() -> None:
    signal = Disagreement(("features", "lexical"), NAMES)
    assert signal.explain(0, **INPUTS) == "Every model prefers joy."
    assert signal.explain(1, **INPUTS) == (
        "The models differ: the feature-based model prefers joy and the lexical model prefers fear."
    )
