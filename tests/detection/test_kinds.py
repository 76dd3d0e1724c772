from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.detection import kinds
from auditor.detection.kinds import KINDS, Kinds, find_kinds
from tests.detection.made import random_rows

seeds = st.integers(0, 2**32 - 1)


def kinds_of(rows: Any, labels: Any, issues: Any = None, identical: Any = None) -> Kinds:
    rows, labels = np.array(rows, np.float32), np.array(labels, np.int32)
    issues = np.zeros(len(labels), np.bool_) if issues is None else np.array(issues)
    identical = np.arange(len(labels)) if identical is None else identical
    return find_kinds(rows, labels, np.array(identical, np.int32), issues)


def name_of(row: list[float], is_issue: bool = False) -> tuple[str | None, float]:
    """Kind and confidence of one row that is labelled 0."""
    found = kinds_of([row], [0], [is_issue])
    return (KINDS[found.kind[0]] if found.kind[0] >= 0 else None), float(found.confidence[0])


@given(seeds, st.integers(2, 9), st.floats(0, 12))
def test_the_parts_are_shares_of_one_whole(seed: int, classes: int, sureness: float) -> None:
    labels, rows = random_rows(seed, 30, classes, sureness)
    right, evidence = kinds._evidence(rows, labels)
    assert right + evidence.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (right >= 0).all()
    assert (evidence >= 0).all()
    assert (np.minimum(right, evidence[:, 0]) == 0).all(), "a label is not right and wrong at once"


@given(seeds, st.integers(2, 9))
def test_kinds_and_confidences_belong_together(seed: int, classes: int) -> None:
    labels, rows = random_rows(seed, 60, classes, 1.5, 0.5)
    rows[:5] = np.nan
    issues = np.random.default_rng(seed).random(60) < 0.3
    found = kinds_of(rows, labels, issues)
    assert (found.kind.dtype, found.confidence.dtype) == (np.int8, np.float32)
    has = found.kind >= 0
    assert np.array_equal(has, ~np.isnan(found.confidence))
    assert not has[:5].any(), "rows that are not judged have no kind"
    assert has[5:][issues[5:]].all(), "every issue has one"
    unclear = found.kind == KINDS.index("unclear")
    assert (found.confidence[unclear] <= 0.5).all()
    assert (found.confidence[has & ~unclear] > 0.5).all()


@pytest.mark.parametrize(
    ("row", "kind", "confidence"),
    [
        ([0.90, 0.05, 0.05], None, np.nan),
        ([0.02, 0.96, 0.02], "mislabelled", 0.94),
        ([0.45, 0.50, 0.05], "ambiguous", 0.90),
        ([0.50, 0.45, 0.05], "ambiguous", 0.90),
        ([0.10, 0.15, 0.15, 0.15, 0.15, 0.15, 0.15], "none_fits", 0.75),
        ([0.20, 0.45, 0.35], "unclear", 0.40),
    ],
)
def test_each_kind_by_example(row: list[float], kind: str | None, confidence: float) -> None:
    assert name_of(row) == (kind, pytest.approx(confidence, abs=1e-5, nan_ok=True))


def test_an_issue_has_a_kind_even_where_its_label_is_likely_right() -> None:
    assert name_of([0.9, 0.08, 0.02])[0] is None
    assert name_of([0.9, 0.08, 0.02], is_issue=True) == ("unclear", pytest.approx(0.16, abs=1e-5))
    assert name_of([0.7, 0.29, 0.01], is_issue=True) == ("ambiguous", pytest.approx(0.58, abs=1e-5))


@given(st.floats(0, 1), st.floats(0, 1))
def test_which_of_two_labels_is_given_does_not_make_a_row_ambiguous(first: float, rest: float) -> None:
    p = np.array([first, 1 - first]) * (1 - rest / 2)
    rows = np.array([[*p, 1 - p.sum()]] * 2, np.float32)
    right, evidence = kinds._evidence(rows, np.array([0, 1], np.int32))
    if p.min() >= rest / 2:  # both are before the third
        assert evidence[0, 1] == pytest.approx(evidence[1, 1], abs=1e-6)
        assert right[0] == pytest.approx(evidence[1, 0], abs=1e-6)


def test_an_identical_text_with_another_label_comes_before_all_else() -> None:
    rows = [[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [np.nan] * 2, [0.1, 0.9]]
    found = kinds_of(rows, [0, 1, 0, 1, 0], identical=[0, 0, 2, 2, 3])
    conflict, wrong = KINDS.index("duplicate_conflict"), KINDS.index("mislabelled")
    assert found.kind.tolist() == [conflict] * 4 + [wrong]
    assert found.confidence[:4].tolist() == [1] * 4
    same = kinds_of(rows, [0, 0, 1, 1, 0], identical=[0, 0, 2, 2, 3])
    assert conflict not in same.kind


def test_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, rows = random_rows(0, 50, 4, 1.5, 0.5)
    whole = kinds_of(rows, labels)
    monkeypatch.setattr(kinds, "_ROWS", 7)
    parts = kinds_of(rows, labels)
    assert np.array_equal(whole.kind, parts.kind)
    assert np.array_equal(whole.confidence, parts.confidence, equal_nan=True)


def test_no_rows() -> None:
    assert find_kinds(np.empty((0, 3), np.float32), *np.empty((2, 0), np.int32), np.empty(0, np.bool_)).kind.size == 0
