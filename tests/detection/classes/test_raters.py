from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.data.labels.votes import Votes
from auditor.detection import rater_health
from auditor.detection.classes.raters import krippendorff_alpha
from auditor.signals import Crowd

NAMES = ("joy", "love", "fear")


def test_alpha_of_the_published_example() -> None:
    """Krippendorff 2011, *Computing Krippendorff's Alpha-Reliability*, section D: four observers, twelve units."""
    table = (
        ("A", "1 2 3 3 2 1 4 1 2 . . ."),
        ("B", "1 2 3 3 2 2 4 1 2 5 . 3"),
        ("C", ". 3 3 3 2 3 4 2 2 5 1 ."),
        ("D", "1 2 3 3 2 4 4 1 2 5 1 ."),
    )
    votes = [(u, who, int(v)) for who, row in table for u, v in enumerate(row.split()) if v != "."]
    assert krippendorff_alpha(Votes.of(*zip(*votes, strict=True))) == pytest.approx(0.743, abs=5e-4)


@pytest.mark.parametrize(
    ("labels", "alpha"),
    [([0, 0, 1, 1], 1.0), ([0, 1, 0, 1], -0.5), ([0, 0, 0, 0], None), ([0, 0, 0, 1], 0.0)],
)
def test_alpha_by_hand(labels: list[int], alpha: float | None) -> None:
    assert krippendorff_alpha(Votes.of([0, 0, 1, 1], ["a", "b", "a", "b"], labels)) == pytest.approx(alpha)


def test_alpha_needs_two_votes_on_a_row() -> None:
    assert krippendorff_alpha(Votes.of([], [], [])) is None
    assert krippendorff_alpha(Votes.of([0, 1, 4], ["a", "b", "a"], [0, 1, 2])) is None


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc"), st.integers(0, 2)), max_size=15))
def test_alpha_is_no_more_than_1_and_rows_with_one_vote_do_not_count(votes: list[tuple[int, str, int]]) -> None:
    row, rater, label = zip(*votes, strict=True) if votes else ((), (), ())
    alpha = krippendorff_alpha(Votes.of(row, rater, label))
    assert alpha is None or alpha <= 1
    assert krippendorff_alpha(Votes.of([*row, 9], [*rater, "z"], [*label, 1])) == alpha


def test_the_worst_rater_comes_first() -> None:
    votes = Votes.of([0, 0, 1, 1, 2, 2, 3], [*"abababc"], [0, 0, 1, 2, 1, 2, 0])
    likely = np.array([[0.9, 0.1, 0], [0.1, 0.8, 0.1], [0, 0.7, 0.3], [np.nan] * 3], dtype=np.float32)
    label = np.array([0, 1, 1, -1], dtype=np.int32)
    crowd = Crowd(likely, label, np.array([True, True, True, False]), np.array([0.95, 0.4, np.nan]))
    health = rater_health(votes, crowd, np.array([0, 2, 1, 0], dtype=np.int32), NAMES)
    assert json.loads(json.dumps(health)) == health
    assert health["raters"] == [
        {"name": "b", "votes": 3, "agreement": pytest.approx(1 / 3), "quality": 0.4, "worst_class": "love"},
        {"name": "a", "votes": 3, "agreement": 1.0, "quality": 0.95, "worst_class": None},
        {"name": "c", "votes": 1, "agreement": None, "quality": None, "worst_class": None},
    ]
    assert health["votes"] == {
        "number": 7,
        "rows": 4,
        "alpha": pytest.approx(krippendorff_alpha(votes)),
        "expected_errors": pytest.approx(0.1 + 0.9 + 0.3),
    }


def test_one_wrong_vote_makes_no_worst_class() -> None:
    # Of love, six rows of twelve are taken for joy; of joy, the only row for fear.
    label = np.array([1] * 12 + [0] + [2] * 8, dtype=np.int32)
    votes = Votes.of(range(21), ["a"] * 21, [0] * 6 + [1] * 6 + [2] * 9)
    likely = np.eye(3, dtype=np.float32)[label]
    crowd = Crowd(likely, label, np.ones(21, dtype=np.bool_), np.array([0.6]))
    assert rater_health(votes, crowd, label, NAMES)["raters"][0]["worst_class"] == "love"


def test_nobody_can_be_weighed() -> None:
    health = rater_health(Votes.of([0, 1], ["b", "a"], [0, 1]), None, np.zeros(2, dtype=np.int32), NAMES)
    nothing = {"votes": 1, "agreement": None, "quality": None, "worst_class": None}
    assert health["raters"] == [{"name": "a", **nothing}, {"name": "b", **nothing}]
    assert health["votes"] == {"number": 2, "rows": 2, "alpha": None, "expected_errors": None}
