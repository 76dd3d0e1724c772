"""The signals of training dynamics, on trainings by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax

from auditor.signals import AreaUnderMargin, DataMapConfidence, DataMapVariability, Dynamics, Forgetting

NAMES = ("joy", "love", "fear")
NEVER, LEARNT, FORGOTTEN = (
    [[0.0, 2, 1], [0, 3, 0], [1, 2, 0]],
    [[0, 1, 0], [4, 1, 0], [6, 0, 0]],
    [[5, 0, 0], [0, 1, 0], [3, 0, 0]],
)
SECOND = [[2.0, 0, 0], [2, 0, 0], [2, 0, 0]]


@pytest.fixture
def inputs() -> Any:
    """Rows 0 to 2 in the first training, row 1 in the second one too; row 3 in none. All are labelled joy."""
    first = np.array([NEVER, LEARNT, FORGOTTEN], dtype=np.float32).transpose(1, 0, 2)
    second = np.array([SECOND], dtype=np.float32).transpose(1, 0, 2)
    dynamics = {"fold-0": Dynamics(np.array([0, 1, 2]), first), "fold-1": Dynamics(np.array([1]), second)}
    return {"dynamics": dynamics, "labels": np.zeros(4, dtype=np.int32)}


def of_joy(row: list[list[float]]) -> Any:
    return softmax(np.array(row), axis=1)[:, 0]


def test_area_under_the_margin(inputs: Any) -> None:
    learnt = (np.mean([-1, 3, 6]) + 2) / 2
    expected = expit([2, -learnt, -np.mean([5, -1, 3]), np.nan])
    assert AreaUnderMargin(NAMES)(**inputs) == pytest.approx(expected, nan_ok=True)


def test_data_map(inputs: Any) -> None:
    confidence = [
        of_joy(NEVER).mean(), (of_joy(LEARNT).mean() + of_joy(SECOND).mean()) / 2, of_joy(FORGOTTEN).mean(), np.nan
    ]  # fmt: skip
    assert DataMapConfidence(NAMES)(**inputs) == pytest.approx(1 - np.array(confidence), nan_ok=True)
    variability = [of_joy(NEVER).std(), of_joy(LEARNT).std() / 2, of_joy(FORGOTTEN).std(), np.nan]
    assert DataMapVariability(NAMES)(**inputs) == pytest.approx(2 * np.array(variability), nan_ok=True, abs=1e-6)


def test_forgetting(inputs: Any) -> None:
    assert Forgetting(NAMES)(**inputs) == pytest.approx([1, 0, 1 / 3, np.nan], nan_ok=True)


def test_of_one_epoch_there_is_no_variability(inputs: Any) -> None:
    inputs["dynamics"] = {name: Dynamics(one.rows, one.logits[:1]) for name, one in inputs["dynamics"].items()}
    assert np.isnan(DataMapVariability(NAMES)(**inputs)).all()
    assert Forgetting(NAMES)(**inputs) == pytest.approx([1, 0.5, 0, np.nan], nan_ok=True)


def test_they_explain_themselves(inputs: Any) -> None:
    signals = (AreaUnderMargin(NAMES), DataMapConfidence(NAMES), DataMapVariability(NAMES), Forgetting(NAMES))
    assert [signal.explain(0, **inputs) for signal in signals] == [
        "While a model was trained on this text as joy, joy was 2.0 behind another label on average.",
        "A model that was trained on this text as joy gave joy 13\u00a0% on average.",
        "From epoch to epoch, the probability of joy varied by 9 percentage points (standard deviation) "
        "while a model was trained on this text.",
        "Of 1 model trained on this text as joy, 1 never learnt it and 0 forgot it again.",
    ]
    assert signals[0].explain(2, **inputs).endswith("joy was 2.3 ahead of every label on average.")
    assert [signal.explain(3, **inputs) for signal in signals] == [""] * 4
