"""What every signal keeps to, whatever it is made of."""

from __future__ import annotations

import copy
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.signals import Inputs, Signal, dynamics, measure
from tests.signals.made import random_inputs, reordered, signals_of, with_more_classes

SEEDS = st.integers(0, 2**32 - 1)
RELATIVE_TO_K = {"loss_features", "loss_lexical", "loss_finetuned", "disagreement"}
"""Divided by the largest value that so many classes allow."""


def same(first: Any, second: Any) -> None:
    np.testing.assert_allclose(first, second, rtol=0, atol=2e-6)


def assert_contract(signal: Signal, inputs: Inputs) -> None:
    values = signal(**inputs)
    known = ~np.isnan(values)
    assert values.dtype == np.float32
    assert values.shape == inputs["labels"].shape
    assert ((values[known] >= 0) & (values[known] <= 1)).all()
    for row in range(min(30, len(values))):
        sentence = signal.explain(row, **inputs)
        assert bool(sentence) == known[row], f"{signal.name}: a sentence where there is a value, and nowhere else"
        assert not sentence or (sentence.endswith(".") and "\n" not in sentence and "nan" not in sentence)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 40), st.integers(2, 7))
def test_range_shape_and_sentences(seed: int, rows: int, classes: int) -> None:
    for signal in signals_of(classes):
        assert_contract(signal, random_inputs(seed, rows, classes))


@pytest.mark.parametrize(("classes", "present"), [(2, 2), (2, 1), (5, 1), (30, 3), (1000, 1000), (1000, 2)])
def test_few_and_many_classes_and_absent_ones(classes: int, present: int) -> None:
    for signal in signals_of(classes):
        assert_contract(signal, random_inputs(1, 40, classes, present))


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 40))
def test_the_order_of_the_rows_does_not_matter(seed: int, rows: int) -> None:
    inputs = random_inputs(seed, rows)
    order = np.random.default_rng(seed).permutation(rows)
    moved = measure(signals_of(4), **reordered(inputs, order))
    for name, values in measure(signals_of(4), **inputs).items():
        same(moved[name], values[order])


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 5))
def test_classes_that_nobody_has_change_nothing(seed: int, more: int) -> None:
    inputs = random_inputs(seed)
    wider = measure(signals_of(4 + more), **with_more_classes(inputs, more))
    for name, values in measure(signals_of(4), **inputs).items():
        if name not in RELATIVE_TO_K:
            same(wider[name], values)


def test_inputs_are_left_as_they_were() -> None:
    inputs = random_inputs(3)
    before = copy.deepcopy(inputs)
    measure(signals_of(4), **inputs)
    for name, values in before.items():
        if isinstance(values, np.ndarray):
            np.testing.assert_array_equal(inputs[name], values)  # type: ignore[literal-required]
    for repeat, values in zip(inputs["repeats"], before["repeats"], strict=True):
        np.testing.assert_array_equal(repeat, values)
    for name, model in before["probabilities"].items():
        np.testing.assert_array_equal(inputs["probabilities"][name], model)
    for name, one in before["dynamics"].items():
        np.testing.assert_array_equal(inputs["dynamics"][name].logits, one.logits)


def test_no_rows() -> None:
    for name, values in measure(signals_of(3), **random_inputs(0, 0, 3)).items():
        assert values.shape == (0,), name
        assert values.dtype == np.float32


def test_a_signal_takes_only_what_it_says_it_needs() -> None:
    inputs = random_inputs(5)
    for signal in signals_of(4):
        some: Any = {name: inputs[name] for name in signal.needs}  # type: ignore[literal-required]
        same(signal(**some), signal(**inputs))


def test_working_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.signals import disagreement, fold_disagreement

    inputs = random_inputs(6)
    whole = measure(signals_of(4), **inputs)
    for module in (dynamics, disagreement, fold_disagreement):
        monkeypatch.setattr(module, "_CELLS", 30)
    for name, values in measure(signals_of(4), **inputs).items():
        same(values, whole[name])


@pytest.mark.parametrize("name", [signal.name for signal in signals_of(4)])
def test_memory_grows_with_the_rows_and_no_faster(name: str) -> None:
    signal = next(one for one in signals_of(4) if one.name == name)
    peaks = []
    for rows in (5_000, 20_000):
        inputs = random_inputs(7, rows)
        tracemalloc.start()
        signal(**inputs)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 6 * peaks[0]
    assert peaks[1] < 20_000 * 1_000  # bytes a row
