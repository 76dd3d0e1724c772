from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.detection import Evidence, Flags
from auditor.detection.reasons import give_reasons
from auditor.signals import Loss

NAMES = ("joy", "love", "fear")
LOVE, JOY = [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]


def evidence_of(models: dict[str, list[list[float]]], labels=(0, 1, 2, 1), **changes) -> Evidence:
    rows = len(labels)
    alone = np.arange(rows, dtype=np.int32)
    evidence = Evidence(
        labels=np.array(labels, dtype=np.int32),
        label_names=NAMES,
        probabilities={name: np.array(values, dtype=np.float32) for name, values in models.items()},
        exact=alone,
        near=alone,
        neighbours=np.full((rows, 3), -1, dtype=np.int32),
    )
    return replace(evidence, **{name: np.array(value, dtype=np.int32) for name, value in changes.items()})


def reasons_of(evidence: Evidence, suggested: int = 1, signals=()) -> list[str]:
    """Of row 0, which is labelled joy."""
    return give_reasons(np.array([0]), evidence, flags_of(evidence, suggested), signals)[0]


def flags_of(evidence: Evidence, suggested: int) -> Flags:
    codes = np.full(len(evidence.labels), suggested, dtype=np.int32)
    return Flags(codes >= 0, codes.astype(np.float32), codes, codes, codes)


@pytest.mark.parametrize(
    ("first_rows", "suggested", "expected"),
    [
        ([LOVE, LOVE, LOVE], 1, ["All 3 models prefer love."]),
        ([LOVE, LOVE, JOY], 1, ["2 of 3 models prefer love."]),
        ([LOVE, JOY, JOY], 1, ["1 of 3 models prefers love."]),
        ([JOY, JOY, JOY], 1, []),
        ([LOVE, LOVE], 1, ["Both models prefer love."]),
        ([LOVE], 1, ["The model prefers love."]),
        ([JOY, JOY], 1, []),
        ([LOVE, LOVE], -1, []),
    ],
)
def test_models_that_agree_are_counted_where_nothing_else_supports_the_suggestion(first_rows, suggested, expected):
    models = {f"m{i}": [row, JOY, JOY, JOY] for i, row in enumerate(first_rows)}
    assert reasons_of(evidence_of(models), suggested) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exact": [0, 0, 2, 3]}, ["An identical text is labelled love."]),
        ({"exact": [0, 0, 0, 0]}, ["An identical text is labelled love and fear."]),
        ({"near": [5, 1, 5, 3]}, ["The model prefers love.", "A near-identical text is labelled fear."]),
        ({"exact": [0, 0, 2, 3], "near": [0, 0, 0, 3]}, ["An identical text is labelled love."]),
        ({"exact": [0, 0, 2, 3], "labels": [0, 0, 2, 1]}, ["The model prefers love."]),
    ],
)
def test_duplicates(changes, expected):
    assert reasons_of(evidence_of({"m": [LOVE] * 4}, **changes)) == expected


@pytest.mark.parametrize(
    ("neighbours", "expected"),
    [
        ([1, 3, 2], ["2 of its 3 nearest texts are labelled love."]),
        ([2, 1, 4], ["1 of its 3 nearest texts is labelled love."]),
        ([1, -1, -1], ["Its nearest text is labelled love."]),
        ([4, 5, 1], ["The model prefers love.", "2 of its 3 nearest texts are labelled joy, too."]),
        ([4, -1, -1], ["The model prefers love.", "Its nearest text is labelled joy, too."]),
        ([2, 6, 2], ["The model prefers love.", "None of its 3 nearest texts is labelled joy or love."]),
        ([2, -1, -1], ["The model prefers love.", "Its nearest text is not labelled joy or love."]),
        ([-1, -1, -1], ["The model prefers love."]),
    ],
)
def test_neighbours(neighbours, expected):
    labels = (0, 1, 2, 1, 0, 0, 2)
    table = [neighbours] + [[-1, -1, -1]] * 6
    assert reasons_of(evidence_of({"m": [LOVE] * 7}, labels, neighbours=table)) == expected


def test_support_comes_first_then_signals_then_what_speaks_against_it():
    evidence = evidence_of({"m": [LOVE] * 4}, exact=[0, 0, 2, 3], neighbours=[[2, 2, 2]] * 4, labels=(0, 1, 0, 1))
    assert reasons_of(evidence, 1, [Loss("m", NAMES)]) == [
        "An identical text is labelled love.",
        "The m model, which never saw this text, gives joy 10\u00a0% and love 80\u00a0%.",
        "3 of its 3 nearest texts are labelled joy, too.",
    ]


def test_a_signal_that_knows_nothing_of_a_row_is_silent():
    evidence = evidence_of({"features": [[np.nan] * 3] * 4})
    assert reasons_of(evidence, -1, [Loss("features", NAMES)]) == []


def test_rows_come_in_the_order_asked_for():
    evidence = evidence_of({"m": [JOY] * 4}, exact=[0, 0, 2, 3])
    suggested = np.array([1, 0, 1, 0], dtype=np.int32)
    flags = replace(flags_of(evidence, 0), suggested=suggested)
    assert give_reasons(np.array([1, 2, 0]), evidence, flags, ()) == [
        ["An identical text is labelled joy."], [], ["An identical text is labelled love."]
    ]  # fmt: skip
