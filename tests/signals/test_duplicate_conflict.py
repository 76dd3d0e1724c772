from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auditor.signals import DuplicateConflict

INPUTS: Any = {
    #                      alike in all  |  two against one |  near only  | alone
    "identical": np.array([0, 0, 1, 1, 1, 2, 3, 4], dtype=np.int32),
    "duplicates": np.array([0, 0, 1, 1, 1, 2, 2, 4], dtype=np.int32),
    "labels": np.array([0, 0, 0, 0, 1, 0, 1, 0], dtype=np.int32),
    "splits": np.array(["train", "test", "train", "train", "train", "train", "test", "train"]),
}
SIGNAL = DuplicateConflict(("joy", "love"))


def test_by_hand() -> None:
    assert SIGNAL(**INPUTS) == pytest.approx([0, 0, 0.75, 0.75, 1, 0.5, 0.5, np.nan], nan_ok=True)


def test_explains_itself() -> None:
    assert [SIGNAL.explain(row, **INPUTS) for row in (0, 2, 5, 7)] == [
        "Its duplicates are labelled joy, too.",
        "An identical text is labelled love.",
        "A near-identical text is labelled love, in part in another split: a leak.",
        "",
    ]
