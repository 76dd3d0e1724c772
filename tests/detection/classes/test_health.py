from __future__ import annotations

import json

import numpy as np
import pytest

from auditor.detection import class_health, find_flags
from auditor.models.scores import floored
from tests.detection.made import random_rows

NAMES = ("joy", "love", "fear")
DUPLICATES = {"exact_groups": 1, "near_groups": 2, "rows_in_groups": 5, "largest": 3, "cut_groups": 0}


def health_of(labels, rows, names=NAMES, judgeable=None, exact=None):
    everything = np.ones(len(labels), dtype=np.bool_)
    judgeable = everything if judgeable is None else judgeable
    exact = np.arange(len(labels), dtype=np.int32) if exact is None else exact
    pooled = floored(rows)
    flags = find_flags(labels, pooled, judgeable)
    return class_health(labels, names, pooled, judgeable, flags, exact, DUPLICATES), flags


@pytest.fixture(scope="module")
def noisy():
    """100 rows a class; of those labelled joy, 20 are love to the models, and 5 labelled love are fear."""
    labels = np.repeat(np.arange(3), 100).astype(np.int32)
    seen = labels.copy()
    seen[:20] = 1
    seen[100:105] = 2
    return labels, np.where(np.eye(3)[seen] > 0, 0.9, 0.05).astype(np.float32)


def test_finds_the_noise_where_it_is(noisy, capsys):
    health, flags = health_of(*noisy)
    assert capsys.readouterr().out == ""
    assert (health["rows"], health["judged"], health["issues"]) == (300, 300, int(flags.is_issue.sum()))
    assert health["estimated_noise"] == pytest.approx(25 / 300, abs=0.005)
    joy, love, fear = health["classes"]
    assert (joy["label"], joy["rows"], joy["judged"], joy["issues"]) == ("joy", 100, 100, 20)
    assert (love["issues"], fear["issues"]) == (1, 0), "25 rows lead by 0.85 each, which makes 21 flags"
    assert [entry["label_noise"] for entry in (joy, love, fear)] == pytest.approx([0.2, 0.05, 0], abs=0.01)
    assert [entry["inverse_noise"] for entry in (joy, love, fear)] == pytest.approx([0, 20 / 115, 5 / 105], abs=0.01)
    assert joy["quality"] == pytest.approx(1 - joy["label_noise"])


def test_confusions_are_counts_of_issues_largest_first(noisy):
    health, flags = health_of(*noisy)
    assert health["confusions"] == [
        {"given": "joy", "suggested": "love", "rows": 20},
        {"given": "love", "suggested": "fear", "rows": 1},
    ]
    assert sum(entry["rows"] for entry in health["confusions"]) == flags.is_issue.sum()


def test_overlaps_are_pairs_of_classes_most_first(noisy):
    health, _ = health_of(*noisy)
    pairs = [(entry["label_a"], entry["label_b"], entry["rows"]) for entry in health["overlaps"]]
    assert pairs == [("joy", "love", 20), ("love", "fear", 5)]
    assert health["overlaps"][0]["share"] == pytest.approx(20 / 300)


def test_is_json_and_passes_the_duplicates_on(noisy):
    health, _ = health_of(*noisy)
    assert json.loads(json.dumps(health, allow_nan=False)) == health
    assert health["duplicates"] == DUPLICATES


def test_classes_without_a_judged_row_say_why():
    names = ("joy", "love", "absent", "single", "same", "elsewhere")
    labels, rows = random_rows(0, 30, 2)
    labels = np.concatenate([labels, [3, 4, 4, 5, 5]]).astype(np.int32)
    rows = np.pad(np.concatenate([rows, np.full((5, 2), np.nan, np.float32)]), ((0, 0), (0, 4)))
    exact = np.array([*range(31), 31, 31, 33, 34], dtype=np.int32)
    health, _ = health_of(labels, rows, names, np.arange(35) < 30, exact)
    assert [(entry["label"], entry["rows"]) for entry in health["not_judgeable"]] == [
        ("absent", 0), ("single", 1), ("same", 2), ("elsewhere", 2)
    ]  # fmt: skip
    assert [entry["why"].split(", and")[0] for entry in health["not_judgeable"]] == [
        "No text carries this label.",
        "It has a single text",
        "Its 2 rows have the same text",
        "None of its texts was held out while other texts of the class were trained on.",
    ]
    nothing = {"judged": 0, "issues": 0, "label_noise": None, "inverse_noise": None, "quality": None}
    assert health["classes"][3] == {"label": "single", "rows": 1, **nothing}
    assert health["judged"] == 30


def test_one_judged_class_or_none():
    labels, rows = random_rows(0, 10, 3)
    labels[:] = 1
    health, _ = health_of(labels, rows)
    assert health["estimated_noise"] == 0
    assert health["overlaps"] == health["confusions"] == []
    health, _ = health_of(labels, rows, judgeable=np.zeros(10, dtype=np.bool_))
    assert health["estimated_noise"] is None
    assert health["judged"] == 0
    json.dumps(health, allow_nan=False)


def test_many_classes():
    labels, rows = random_rows(0, 400, 200)
    names = tuple(f"class {code}" for code in range(200))
    health, _ = health_of(labels, rows, names)
    assert len(health["classes"]) == 200
    assert [entry["label"] for entry in health["classes"]] == list(names)
