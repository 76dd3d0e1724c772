"""What raters and models come to: CROWDLAB as cleanlab has it, and Dawid and Skene's model."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cleanlab.multiannotator import get_label_quality_multiannotator
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.data.labels.votes import Votes, majority
from auditor.signals import crowd_posterior, weigh
from auditor.signals.crowd import Method

METHODS: tuple[Method, ...] = ("dawid_skene", "crowdlab")
SEEDS = st.integers(0, 2**32 - 1)


def made(
    seed: int, rows: int = 120, raters: int = 5, classes: int = 3, share: float = 0.6, skill: Any = (0.4, 0.95)
) -> tuple[Votes, npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Votes of raters of different skill, models' probabilities, the truth, the skills; each row has a vote."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows).astype(np.int32)
    skills = rng.uniform(*skill, raters)
    cast = rng.random((rows, raters)) < share
    cast[np.arange(rows), rng.integers(0, raters, rows)] = True
    row, rater = np.nonzero(cast)
    label = np.where(rng.random(len(row)) < skills[rater], truth[row], rng.integers(0, classes, len(row)))
    chances = rng.dirichlet(np.ones(classes), rows)
    chances[np.arange(rows), truth] += 0.6
    chances = (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)
    return Votes.encoded(row, rater, [f"r{one:03}" for one in range(raters)], label), chances, truth, skills


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(2, 6), st.integers(2, 5), st.floats(0.3, 1))
def test_crowdlab_is_what_cleanlab_computes(seed: int, raters: int, classes: int, share: float) -> None:
    votes, consensus, *_ = made(seed, 80, raters, classes, share)
    dense = np.full((80, raters), np.nan)
    dense[votes.row, votes.rater] = votes.label
    theirs = get_label_quality_multiannotator(dense, consensus.astype(float), verbose=False)
    ours = weigh(votes, consensus, "crowdlab")
    assert ours is not None
    quality = theirs["detailed_label_quality"].to_numpy()
    np.testing.assert_allclose(ours.posterior[votes.row, votes.label], quality[votes.row, votes.rater], atol=1e-6)
    np.testing.assert_allclose(ours.quality, theirs["annotator_stats"]["annotator_quality"].sort_index(), atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 25), st.integers(1, 5), st.integers(2, 5), st.floats(0, 1))
def test_range_and_shape(method: Method, seed: int, rows: int, raters: int, classes: int, share: float) -> None:
    votes, consensus, *_ = made(seed, rows, raters, classes, share)
    consensus[::4] = np.nan
    votes = Votes.encoded(*(values[votes.row % 3 > 0] for values in (votes.row, votes.rater)), votes.raters,
                          votes.label[votes.row % 3 > 0])  # fmt: skip
    crowd = weigh(votes, consensus, method)
    judged = ~np.isnan(consensus[:, 0])
    number = np.bincount(votes.row, minlength=rows)
    assert (crowd is None) == (not (number[judged] > 1).any())
    if crowd is None:
        np.testing.assert_array_equal(crowd_posterior(votes, consensus), consensus)
        return
    assert crowd.posterior.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(crowd.posterior).any(axis=1), ~judged)
    np.testing.assert_allclose(crowd.posterior[judged].sum(axis=1), 1, atol=1e-5)
    assert (crowd.posterior[judged] >= 0).all()
    np.testing.assert_array_equal(crowd.voted, judged & (number > 0))
    np.testing.assert_array_equal(crowd.label == -1, ~judged)
    known = np.bincount(votes.rater, weights=judged[votes.row], minlength=len(votes.raters)) > 0
    np.testing.assert_array_equal(np.isnan(crowd.quality), ~known)
    assert ((crowd.quality[known] >= 0) & (crowd.quality[known] <= 1)).all()


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_neither_rows_nor_raters_nor_classes_have_an_order(method: Method, seed: int) -> None:
    votes, consensus, *_ = made(seed)
    rng = np.random.default_rng(seed)
    rows, raters, classes = rng.permutation(120), rng.permutation(5), rng.permutation(3)
    moved = Votes.encoded(
        np.argsort(rows)[votes.row],
        raters[votes.rater],
        [f"s{one}" for one in range(5)],
        np.argsort(classes)[votes.label],
    )
    first, second = weigh(votes, consensus, method), weigh(moved, consensus[np.ix_(rows, classes)], method)
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(second.posterior, first.posterior[np.ix_(rows, classes)], atol=2e-5)
    np.testing.assert_allclose(second.quality[raters], first.quality, atol=2e-5)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(0, 119), st.sampled_from(METHODS))
def test_a_vote_for_a_label_makes_it_likelier(seed: int, row: int, method: Method) -> None:
    votes, consensus, *_ = made(seed, skill=(0.7, 0.95), raters=4)
    label = int(votes.label[votes.on(row)][0])
    new = Votes.of(
        [*votes.row, row],
        [*(votes.raters[one] for one in votes.rater), "r000" if 0 not in votes.rater[votes.on(row)] else "somebody"],
        [*votes.label, label],
    )
    before, after = weigh(votes, consensus, method), weigh(new, consensus, method)
    assert before is not None
    assert after is not None
    assert after.posterior[row, label] > before.posterior[row, label] - 0.02


@pytest.mark.parametrize("method", METHODS)
def test_all_agree(method: Method) -> None:
    votes, consensus, truth, _ = made(3, share=1, skill=(1, 1))
    crowd = weigh(votes, consensus, method)
    assert crowd is not None
    each = np.arange(len(truth))
    assert (crowd.label == truth).all()
    assert (crowd.posterior[each, truth] >= np.minimum(consensus[each, truth], 0.99)).all(), "less suspect than before"
    assert crowd.quality.min() > 0.85


def test_raters_are_told_apart_by_their_skill() -> None:
    votes, consensus, truth, skills = made(4, rows=2_000, raters=8, share=0.4)
    crowd = weigh(votes, consensus)
    assert crowd is not None
    right = skills + (1 - skills) / 3  # by chance, too
    np.testing.assert_allclose(crowd.quality, right, atol=0.06)
    mean = majority(votes, 2_000, 3)[0]
    assert (crowd.label == truth).mean() > (mean == truth).mean() + 0.03
    assert (crowd.label == truth).mean() > (consensus.argmax(axis=1) == truth).mean() + 0.03
    expected = 1 - crowd.posterior.max(axis=1).mean()
    assert expected == pytest.approx((crowd.label != truth).mean(), abs=0.02), "what it says is how often it errs"


def test_one_good_rater_outweighs_two_bad_ones() -> None:
    rng = np.random.default_rng(8)
    truth = rng.integers(0, 3, 1_500)
    label = np.where(rng.random((1_500, 3)) < (0.97, 0.2, 0.2), truth[:, None], rng.integers(0, 3, (1_500, 3)))
    votes = Votes.encoded(*np.nonzero(label >= 0), ["ann", "bob", "cid"], label.ravel())
    consensus = rng.dirichlet(np.ones(3), 1_500).astype(np.float32)
    consensus[np.arange(1_500), truth] += 0.3
    crowd = weigh(votes, consensus / consensus.sum(axis=1, keepdims=True))
    assert crowd is not None
    against = (label[:, 1] == label[:, 2]) & (label[:, 0] != label[:, 1])
    assert (crowd.label == label[:, 0])[against].mean() > 0.9


def test_raters_are_heard_where_one_class_is_most_of_the_data() -> None:
    """CROWDLAB gives them no weight here: they agree less often than with whoever always names the large class."""
    rng = np.random.default_rng(5)
    truth = (rng.random(3_000) < 0.15).astype(np.int32)
    label = np.where(rng.random((3_000, 3)) < 0.8, truth[:, None], 1 - truth[:, None])
    votes = Votes.encoded(*np.nonzero(label >= 0), ["ann", "bob", "cid"], label.ravel())
    models = np.clip(rng.normal(0.25 + 0.5 * truth, 0.15), 0.02, 0.98)
    consensus = np.stack([1 - models, models], axis=1).astype(np.float32)

    def loss(chances: npt.NDArray[np.float32]) -> float:
        return float(-np.log(chances[np.arange(3_000), truth]).mean())

    crowdlab = weigh(votes, consensus, "crowdlab")
    assert crowdlab is not None
    assert loss(crowdlab.posterior) == pytest.approx(loss(consensus), abs=0.001)
    assert loss(crowd_posterior(votes, consensus)) < loss(consensus) - 0.1


@pytest.mark.parametrize("method", METHODS)
def test_a_rater_whose_rows_nobody_shares(method: Method) -> None:
    votes = Votes.of([0, 0, 1, 1, 2], ["ann", "bob", "ann", "bob", "cid"], [0, 0, 1, 0, 1])
    consensus = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.3, 0.7]], dtype=np.float32)
    crowd = weigh(votes, consensus, method)
    assert crowd is not None
    assert np.isfinite(crowd.quality).all()
    assert crowd.voted.tolist() == [True, True, True, False]
    assert crowd.label[3] == 1, "nobody voted: the models' word"


@pytest.mark.parametrize("method", METHODS)
def test_many_sparse_raters_take_seconds(method: Method) -> None:
    votes, consensus, truth, _ = made(6, rows=20_000, raters=200, share=0.02)
    start = time.perf_counter()
    crowd = weigh(votes, consensus, method)
    assert time.perf_counter() - start < 10
    assert crowd is not None
    assert (crowd.label == truth).mean() > 0.8


@pytest.mark.parametrize("method", METHODS)
def test_votes_win_for_a_label_that_no_model_could_learn(method: Method) -> None:
    votes, chances, _, _ = made(0, rows=200, skill=(0.85, 0.95))
    rows = np.unique(votes.row)[:10]
    voted = np.isin(votes.row, rows)
    label = np.where(voted, 3, votes.label)
    votes = Votes.encoded(votes.row, votes.rater, list(votes.raters), label)
    unknown = np.column_stack([chances, np.full(200, 1e-6, np.float32)])
    unlearnt = np.arange(4) == 3
    found = weigh(votes, unknown, method, unlearnt)
    assert found is not None
    several = np.bincount(votes.row, minlength=200)[rows] > 2
    assert several.any()
    assert (found.label[rows[several]] == 3).all()
    others = np.setdiff1d(np.arange(200), rows)
    assert (found.label[others] != 3).all()
    assert np.allclose(found.posterior.sum(axis=1), 1, atol=1e-5)
