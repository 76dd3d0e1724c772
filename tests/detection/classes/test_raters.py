from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.data.labels.votes import Votes
from auditor.detection import rater_health
from auditor.detection.classes.raters import alpha_interval, krippendorff_alpha
from auditor.signals import Crowd, weigh

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
    # On rows 4 to 29, all agree.
    clear = np.arange(4, 30)
    votes = Votes.of(
        [0, 0, 1, 1, 2, 2, 3, *np.repeat(clear, 2)],
        [*"abababc", *"ab" * 26],
        [0, 0, 1, 2, 1, 2, 0, *np.repeat(clear % 3, 2)],
    )
    likely = np.array([[0.9, 0.1, 0], [0.1, 0.8, 0.1], [0, 0.7, 0.3], [np.nan] * 3, *np.eye(3)[clear % 3]], np.float32)
    label = np.array([0, 1, 1, -1, *clear % 3], dtype=np.int32)
    crowd = Crowd(likely, label, label >= 0, np.array([0.95, 0.4, np.nan]))
    health = rater_health(votes, crowd, np.array([0, 2, 1, 0, *clear % 3], dtype=np.int32), NAMES)
    assert json.loads(json.dumps(health)) == health
    assert health["raters"] == [
        {"name": "b", "votes": 29, "agreement": pytest.approx(27 / 29), "quality": 0.4, "worst_class": "love"},
        {"name": "a", "votes": 29, "agreement": 1.0, "quality": 0.95, "worst_class": None},
        {"name": "c", "votes": 1, "agreement": None, "quality": None, "worst_class": None},
    ]
    assert health["votes"] == {
        "number": 59,
        "rows": 30,
        "alpha": pytest.approx(krippendorff_alpha(votes)),
        "alpha_low": pytest.approx(alpha_interval(votes)[0]),  # type: ignore[index]
        "alpha_high": 1.0,
        "weighed": True,
        "expected_errors": pytest.approx(0.1 + 0.9 + 0.3),
    }


def test_one_wrong_vote_makes_no_worst_class() -> None:
    # Of love, six rows of twelve are taken for joy; of joy, the only row for fear.
    label = np.array([1] * 12 + [0] + [2] * 8, dtype=np.int32)
    # On twelve more rows, which the models have not judged, a and b agree.
    more = np.repeat(np.arange(21, 33), 2)
    votes = Votes.of(
        [*range(21), *more], ["a"] * 21 + ["a", "b"] * 12, [0] * 6 + [1] * 6 + [2] * 9 + (more % 3).tolist()
    )
    likely = np.vstack([np.eye(3, dtype=np.float32)[label], np.full((12, 3), np.nan, np.float32)])
    judged = np.arange(33) < 21
    crowd = Crowd(likely, np.append(label, np.full(12, -1, np.int32)), judged, np.array([0.6, np.nan]))
    assert rater_health(votes, crowd, np.zeros(33, np.int32), NAMES)["raters"][0]["worst_class"] == "love"


def test_nobody_can_be_weighed() -> None:
    health = rater_health(Votes.of([0, 1], ["b", "a"], [0, 1]), None, np.zeros(2, dtype=np.int32), NAMES)
    nothing = {"votes": 1, "agreement": None, "quality": None, "worst_class": None}
    assert health["raters"] == [{"name": "a", **nothing}, {"name": "b", **nothing}]
    nothing = {"alpha": None, "alpha_low": None, "alpha_high": None, "expected_errors": None}
    assert health["votes"] == {"number": 2, "rows": 2, "weighed": False, **nothing}


@pytest.mark.parametrize(("right", "numbers"), [(0.0, False), (0.5, True), (0.95, True)])
@pytest.mark.parametrize("seed", range(3))
def test_raters_who_guess_tell_nothing_about_the_labels(right: float, numbers: bool, seed: int) -> None:
    """Three raters on 200 texts of three classes, who know the class of a share of them and guess otherwise."""
    rng = np.random.default_rng(seed)
    row, rater = (places.ravel() for places in np.mgrid[:200, :3])
    label = np.where(rng.random(600) < right, row % 3, rng.integers(0, 3, 600))
    votes = Votes.encoded(row, rater, ("a", "b", "c"), label)
    crowd = weigh(votes, np.full((200, 3), 1 / 3, np.float32))
    health = rater_health(votes, crowd, label[::3].astype(np.int32), NAMES)
    low, high = health["votes"]["alpha_low"], health["votes"]["alpha_high"]
    assert (low > 0) == numbers
    assert low < health["votes"]["alpha"] <= high
    assert (health["votes"]["expected_errors"] is not None) == numbers
    for rater_ in health["raters"]:
        assert all((rater_[name] is not None) == numbers for name in ("agreement", "quality", "worst_class"))
    assert health["votes"]["weighed"]


@pytest.mark.parametrize("labels", [[0] * 40, [0, 0, 1, 1] * 4])
def test_too_few_votes_or_only_one_label_tell_nothing_either(labels: list[int]) -> None:
    row = np.repeat(np.arange(len(labels) // 2), 2)
    votes = Votes.of(row, ["a", "b"] * (len(labels) // 2), labels)
    crowd = weigh(votes, np.full((len(labels) // 2, 2), 0.5, np.float32))
    assert crowd is not None
    health = rater_health(votes, crowd, np.array(labels[::2], np.int32), NAMES[:2])
    assert (health["votes"]["alpha_low"], health["votes"]["expected_errors"]) == (None, None)
    assert {rater["quality"] for rater in health["raters"]} == {None}


def test_the_interval_of_alpha_agrees_with_resampled_rows() -> None:
    rng = np.random.default_rng(0)
    label = np.where(rng.random((150, 3)) < 0.7, np.arange(150)[:, None] % 3, rng.integers(0, 3, (150, 3)))
    row, rater = np.mgrid[:150, :3]
    found = alpha_interval(Votes.encoded(row.ravel(), rater.ravel(), ("a", "b", "c"), label.ravel()))
    drawn = [label[rng.integers(0, 150, 150)] for _ in range(400)]
    alphas = [krippendorff_alpha(Votes.encoded(row.ravel(), rater.ravel(), ("a", "b", "c"), d.ravel())) for d in drawn]
    assert found == pytest.approx(tuple(np.quantile(np.array(alphas, float), (0.025, 0.975))), abs=0.03)
