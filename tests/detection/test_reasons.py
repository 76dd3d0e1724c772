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


def reasons_of(evidence: Evidence, predicted: int = 1, signals=()) -> list[str]:
    """Of row 0."""
    codes = np.full(len(evidence.labels), predicted, dtype=np.int32)
    flags = Flags(codes >= 0, codes.astype(np.float32), codes, codes, codes)
    return give_reasons(np.array([0]), evidence, flags, signals)[0]


@pytest.mark.parametrize(
    ("first_rows", "predicted", "expected"),
    [
        ([LOVE, LOVE, LOVE], 1, ["All 3 models prefer love."]),
        ([LOVE, LOVE, JOY], 1, ["2 of 3 models prefer love."]),
        ([LOVE, JOY, JOY], 1, ["1 of 3 models prefers love."]),
        ([JOY, JOY, JOY], 0, ["All 3 models keep joy."]),
        ([LOVE, LOVE], 1, ["Both models prefer love."]),
        ([LOVE], 1, []),
        ([JOY, JOY], 1, []),
        ([LOVE, LOVE], -1, []),
    ],
)
def test_agreement(first_rows, predicted, expected):
    models = {f"m{i}": [row, JOY, JOY, JOY] for i, row in enumerate(first_rows)}
    assert reasons_of(evidence_of(models), predicted) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"exact": [0, 0, 2, 3]}, ["An identical text is labelled love."]),
        ({"exact": [0, 0, 0, 0]}, ["An identical text is labelled love and fear."]),
        ({"near": [5, 1, 5, 3]}, ["A near-identical text is labelled fear."]),
        ({"exact": [0, 0, 2, 3], "near": [0, 0, 0, 3]}, ["An identical text is labelled love."]),
        ({"exact": [0, 0, 2, 3], "labels": [0, 0, 2, 1]}, []),
    ],
)
def test_duplicates(changes, expected):
    assert reasons_of(evidence_of({"m": [LOVE] * 4}, **changes)) == expected


@pytest.mark.parametrize(
    ("neighbours", "expected"),
    [
        ([1, 3, 2], ["2 of its 3 nearest texts are labelled love."]),
        ([4, 5, 1], ["2 of its 3 nearest texts are labelled joy, too."]),
        ([2, 1, 4], ["1 of its 3 nearest texts is labelled love."]),
        ([2, -1, -1], ["Its nearest text is labelled fear."]),
        ([-1, -1, -1], []),
    ],
)
def test_neighbours(neighbours, expected):
    labels = (0, 1, 2, 1, 0, 0)
    table = [neighbours] + [[-1, -1, -1]] * 5
    assert reasons_of(evidence_of({"m": [LOVE] * 6}, labels, neighbours=table)) == expected


def test_a_text_that_stands_elsewhere_comes_first_then_signals_of_what_they_know():
    evidence = evidence_of({"lexical": [LOVE] * 4, "features": [[np.nan] * 3] * 4}, exact=[0, 0, 2, 3])
    said = reasons_of(evidence, -1, [Loss("lexical", NAMES), Loss("features", NAMES)])
    assert said == [
        "An identical text is labelled love.",
        "The lexical model, which never saw this text, gives joy 10\u00a0% and love 80\u00a0%.",
    ]


def test_rows_come_in_the_order_asked_for():
    evidence = evidence_of({"m": [JOY] * 4}, exact=[0, 0, 2, 3])
    codes = np.zeros(4, dtype=np.int32)
    flags = Flags(codes > 0, codes.astype(np.float32), codes, codes, codes)
    assert give_reasons(np.array([1, 2, 0]), evidence, flags, ()) == [
        ["An identical text is labelled joy."], [], ["An identical text is labelled love."]
    ]  # fmt: skip
