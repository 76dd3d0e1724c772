"""What several people's decisions come to."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.correction.decide.outcome import find_outcomes
from auditor.data import LabeledTexts, read
from tests.correction.deciding import CONFIG, vote

FRAME = pd.DataFrame({"text": list("abcdef"), "label": ["joy", "sad", "love"] * 2})


@pytest.fixture(scope="module")
def texts() -> LabeledTexts:
    return read(FRAME, CONFIG)


def test_one_decision_is_the_outcome(texts: LabeledTexts) -> None:
    (outcome,) = find_outcomes(texts, [vote(texts, 4, "relabel", "love")]).by_row.values()
    assert (outcome.row, outcome.verdict, outcome.new_label, outcome.reviewers) == (4, "relabel", "love", ("ann",))


def test_most_reviewers_win_and_a_tie_is_none(texts: LabeledTexts) -> None:
    who = ("ann", "bob", "cid")
    said = [("keep",), ("relabel", "sad"), ("relabel", "sad")]
    votes = [vote(texts, 0, *words, reviewer=name) for name, words in zip(who, said, strict=True)]
    most = find_outcomes(texts, votes).by_row[0]
    assert (most.verdict, most.new_label, most.reviewers) == ("relabel", "sad", who)
    assert most.decided_at == votes[-1].at
    tie = find_outcomes(texts, votes[:2]).by_row[0]
    assert (tie.verdict, tie.new_label) == (None, None)
    votes[2] = vote(texts, 0, "relabel", "love", reviewer="cid")
    assert find_outcomes(texts, votes).by_row[0].verdict is None, "two new labels are two opinions"


def test_sets_of_fitting_labels_are_one_opinion(texts: LabeledTexts) -> None:
    votes = [vote(texts, 0, "ambiguous", "joy", "sad"), vote(texts, 0, "ambiguous", "sad", "love", reviewer="bob")]
    assert find_outcomes(texts, votes).by_row[0].verdict == "ambiguous"


def test_new_class_that_most_propose(texts: LabeledTexts) -> None:
    proposed = ["awe", " awe ", "calm"]
    votes = [vote(texts, 1, "none_fits", name, reviewer=f"r{at}") for at, name in enumerate(proposed)]
    assert find_outcomes(texts, votes).by_row[1].new_label == "awe", "spaces around it are none of the name"
    assert find_outcomes(texts, votes[1:]).by_row[1].new_label is None
    assert find_outcomes(texts, [vote(texts, 1, "none_fits")]).by_row[1].new_label is None


def test_decisions_on_what_is_no_longer_there_are_stale(texts: LabeledTexts) -> None:
    changed = vote(texts, 0, "relabel", "sad", item_hash="0" * 32)
    gone = vote(texts, 1, "keep", item_id="all-99")
    good = vote(texts, 0, "keep", reviewer="bob")
    outcomes = find_outcomes(texts, [changed, gone, good])
    assert outcomes.stale == (changed, gone)
    assert outcomes.by_row[0].reviewers == ("bob",)


def test_only_some_reviewers(texts: LabeledTexts) -> None:
    votes = [vote(texts, 0, "keep"), vote(texts, 0, "exclude", reviewer="bob"), vote(texts, 2, "keep")]
    outcomes = find_outcomes(texts, votes, reviewers=("bob",))
    assert {row: outcome.verdict for row, outcome in outcomes.by_row.items()} == {0: "exclude"}


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["ann", "bob", "cid"])), unique=True), st.randoms())
def test_order_does_not_matter(texts: LabeledTexts, places: list[tuple[int, str]], random: object) -> None:
    kinds = [("keep",), ("exclude",), ("unsure",), ("relabel", "love"), ("none_fits", "awe")]
    votes = [vote(texts, row, *kinds[(row + at) % len(kinds)], reviewer=name) for at, (row, name) in enumerate(places)]
    shuffled = list(votes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    found, again = find_outcomes(texts, votes), find_outcomes(texts, shuffled)
    assert found == again
    assert list(found.by_row) == sorted(found.by_row)
    assert sum(len(outcome.votes) for outcome in found.by_row.values()) == len(votes)
