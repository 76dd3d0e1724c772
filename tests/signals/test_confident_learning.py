from __future__ import annotations

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint

from auditor.signals import ConfidentLearning
from tests.detection.made import random_rows


@pytest.mark.parametrize(("seed", "classes", "noise"), [(0, 2, 0.1), (1, 5, 0.3), (2, 12, 0.2)])
def test_finds_what_cleanlab_counts_off_the_diagonal(seed: int, classes: int, noise: float) -> None:
    labels, chances = random_rows(seed, 600, classes, noise=noise)
    names = tuple(map(str, range(classes)))
    _, expected = compute_confident_joint(labels, chances.astype(float), return_indices_of_off_diagonals=True)
    found = ConfidentLearning(names)(consensus=chances, labels=labels)
    assert 5 < found.sum() < 300
    assert np.flatnonzero(found).tolist() == sorted(expected)


def test_explains_itself() -> None:
    chances = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [np.nan] * 2], dtype=np.float32)
    inputs = {"consensus": chances, "labels": np.array([0, 1, 0, 0], dtype=np.int32)}
    signal = ConfidentLearning(("joy", "love"))
    assert signal(**inputs)[:3].tolist() == [0, 0, 1]
    assert signal.explain(2, **inputs) == (
        "Confident learning counts it as love: it gets 90\u00a0%, and texts labelled love get 80\u00a0% on average."
    )
    assert signal.explain(0, **inputs) == "Confident learning does not count it as anything but joy."
