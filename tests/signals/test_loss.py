from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.signals import Loss

NAMES = ("joy", "love", "fear")


def suspicion(chances: list[float]) -> np.ndarray:
    """Of rows labelled joy with these probabilities of joy."""
    rows = np.array([[chance, 1 - chance, 0] for chance in chances], dtype=np.float32)
    return Loss("lexical", NAMES)(probabilities={"lexical": rows}, labels=np.zeros(len(rows), dtype=np.int32))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_a_smaller_probability_is_never_less_suspect(chances):
    values = suspicion(chances)
    assert (np.diff(values[np.argsort(chances, kind="stable")]) <= 1e-7).all()
    assert ((values >= 0) & (values <= 1)).all()


def test_tiny_probabilities_are_told_apart():
    values = suspicion([1.0e-6, 1.01e-6, 1.1e-6, 2e-6, 1e-5, 1e-3])
    assert (np.diff(values) < 0).all()
    assert values[0] > 0.99
    assert suspicion([1.0])[0] == pytest.approx(0, abs=1e-6)


def test_explains_itself():
    rows = np.array([[0.01, 0.93, 0.06], [0.998, 0.001, 0.001]], dtype=np.float32)
    inputs = {"probabilities": {"finetuned": rows}, "labels": np.array([0, 0], dtype=np.int32)}
    signal = Loss("finetuned", NAMES)
    assert (
        signal.explain(0, **inputs)
        == "The fine-tuned model, which never saw this text, gives joy 1\u00a0% and love 93\u00a0%."
    )
    assert signal.explain(1, **inputs).endswith("gives joy over 99\u00a0% and love under 1\u00a0%.")
