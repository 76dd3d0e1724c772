from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax

from auditor.signals import Dynamics, FoldDisagreement

NAMES = ("joy", "love", "fear")
LABELS = np.zeros(4, dtype=np.int32)
JOY, LOVE, NEITHER, UNSEEN = [50, 0, 0], [0, 50, 0], [0.5, 1, 0], [np.nan] * 3


def training(rows: list[int], last: list[Any]) -> Dynamics:
    """Logits of two epochs; what was said in the first one does not matter."""
    first = np.random.default_rng(0).standard_normal((len(rows), 3))
    return Dynamics(np.array(rows), np.array([first, last], np.float32))


def inputs(*trainings: Dynamics) -> Any:
    return {"labels": LABELS, "dynamics": {f"fold-{fold}": one for fold, one in enumerate(trainings)}}


def test_by_hand() -> None:
    """Row 0: agreed. Row 1: as far apart as can be. Row 2: a little. Row 3: only one model has said something."""
    first, second = training([0, 1, 2], [JOY, JOY, NEITHER]), training([0, 1, 2, 3], [JOY, LOVE, [2, 1, 0], JOY])
    values = FoldDisagreement(NAMES)(**inputs(first, second))
    apart = jensenshannon(softmax(NEITHER), softmax([2, 1, 0]), base=2) ** 2
    assert values == pytest.approx([0, 1, apart, np.nan], abs=1e-6, nan_ok=True)
    assert 0 < apart < 1


def test_a_row_that_was_not_seen_says_nothing() -> None:
    first, second = training([0, 1], [UNSEEN, JOY]), training([0, 1], [JOY, LOVE])
    values = FoldDisagreement(NAMES)(**inputs(first, second))
    assert values[:2] == pytest.approx([np.nan, 1], abs=1e-6, nan_ok=True)
    assert FoldDisagreement(NAMES).explain(0, **inputs(first, second)) == ""


def test_three_models_are_as_far_apart_as_three_can_be() -> None:
    apart = [training([0, 1], [row, JOY]) for row in (JOY, LOVE, [0, 0, 50])]
    values = FoldDisagreement(NAMES)(**inputs(*apart))
    assert values[:2] == pytest.approx([1, 0], abs=1e-6)


def test_nobody_was_trained() -> None:
    assert np.isnan(FoldDisagreement(NAMES)(labels=LABELS, dynamics={})).all()


def test_explains_itself() -> None:
    known = inputs(training([0, 1], [JOY, JOY]), training([0, 1, 3], [JOY, LOVE, LOVE]))
    signal = FoldDisagreement(NAMES)
    assert signal.explain(0, **known) == "All 2 models that were trained on this text prefer joy."
    assert signal.explain(1, **known) == "The 2 models that were trained on this text prefer joy and love."
    assert signal.explain(3, **known) == ""
