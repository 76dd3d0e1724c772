from __future__ import annotations

import numpy as np
import pytest

from auditor.errors import InputError
from auditor.evaluation.comparison.compare import Comparison, Estimate, compare

NAMES = ("joy", "fear", "love")


def predictions(truth: np.ndarray, accuracy: float, seed: int, seeds: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    right = rng.random((seeds, len(truth))) < accuracy
    return np.eye(len(NAMES), dtype=np.float32)[np.where(right, truth, (truth + 1) % len(NAMES))]


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 3, 300)


@pytest.fixture(scope="module")
def comparison(truth: np.ndarray) -> Comparison:
    noisy = truth.copy()
    noisy[:60] = (noisy[:60] + 1) % 3
    partly = noisy.copy()
    partly[:40] = truth[:40]
    trained = {"original": predictions(truth, 0.7, 1), "corrected": predictions(truth, 0.9, 2)}
    return compare(trained, {"original": noisy, "corrected": partly, "true": truth}, NAMES)


def test_every_way_to_train_meets_every_way_to_test(comparison: Comparison, truth: np.ndarray) -> None:
    assert comparison.trained_on == ("original", "corrected")
    assert comparison.tested_on == ("original", "corrected", "true")
    assert len(comparison.cells) == 6
    assert len(comparison.differences) == 3 + 2 * 3
    assert (comparison.rows, comparison.left_out, comparison.seeds, comparison.draws) == (300, 0, 3, 2_000)
    assert comparison.support["true"] == tuple(np.bincount(truth))
    wanted = (predictions(truth, 0.9, 2).argmax(-1) == truth).mean()
    assert comparison.cell("corrected", "true").accuracy.value == pytest.approx(wanted)


def test_differences_are_those_of_the_cells(comparison: Comparison) -> None:
    for tested in comparison.tested_on:
        gain = comparison.gain("original", "corrected", tested).macro_f1
        cells = [comparison.cell(trained, tested).macro_f1.value for trained in comparison.trained_on]
        assert gain.value == pytest.approx(cells[1] - cells[0])
        assert gain.low < gain.value < gain.high
        assert gain.is_clear
    for trained in comparison.trained_on:
        shift = comparison.shift(trained, "original", "true").accuracy
        cells = [comparison.cell(trained, tested).accuracy.value for tested in ("original", "true")]
        assert shift.value == pytest.approx(cells[1] - cells[0])


def test_paired_intervals_are_narrower_than_those_of_two_cells(truth: np.ndarray) -> None:
    """Two models that differ in a few rows: the rows' own chance is in both, and cancels out."""
    one = predictions(truth, 0.7, 1)
    other = one.copy()
    other[:, :5] = np.eye(3)[truth[:5]]
    found = compare({"a": one, "b": other}, {"true": truth}, NAMES)
    gain, cell = found.gain("a", "b", "true").accuracy, found.cell("a", "true").accuracy
    assert gain.high - gain.low < (cell.high - cell.low) / 2


def test_rows_that_one_version_lacks_are_left_out_of_all(truth: np.ndarray) -> None:
    lacking = truth.copy()
    lacking[:100] = -1
    trained = {"original": predictions(truth, 0.7, 1)}
    found = compare(trained, {"original": truth, "corrected": lacking}, NAMES)
    alone = compare({"original": trained["original"][:, 100:]}, {"original": truth[100:]}, NAMES)
    assert (found.rows, found.left_out) == (200, 100)
    assert found.cell("original", "original") == found.cell("original", "corrected")
    assert found.cell("original", "original").accuracy.value == alone.cell("original", "original").accuracy.value
    with pytest.raises(InputError, match="None of 300 test rows is in every version"):
        compare(trained, {"original": truth, "corrected": np.full(300, -1)}, NAMES)


def test_a_class_without_a_test_row_is_none() -> None:
    labels = np.array([0, 0, 1])
    found = compare({"a": np.eye(3)[[labels]]}, {"given": labels}, NAMES, draws=50)
    first, second, third = found.cell("a", "given").f1_by_class
    assert (first, second) == (Estimate(value=1, low=1, high=1), Estimate(value=1, low=1, high=1))
    assert third is None


def test_it_comes_back_from_json_and_is_the_same_every_time(comparison: Comparison, truth: np.ndarray) -> None:
    assert Comparison.model_validate_json(comparison.model_dump_json()) == comparison
    trained = {"a": predictions(truth, 0.7, 1)}
    assert compare(trained, {"t": truth}, NAMES, seed=3) == compare(trained, {"t": truth}, NAMES, seed=3)
    assert compare(trained, {"t": truth}, NAMES, seed=3) != compare(trained, {"t": truth}, NAMES, seed=4)
