"""Votes, and the label that most raters chose."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.data.labels.votes import Votes, majority

VOTES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc"), st.integers(0, 2)), max_size=25)
Given = list[tuple[int, str, int]]


def votes_of(votes: Given) -> Votes:
    row, rater, label = zip(*votes, strict=True) if votes else ((), (), ())
    return Votes.of(row, rater, label)


def as_pairs(votes: Votes) -> list[tuple[int, str, int]]:
    names = [votes.raters[one] for one in votes.rater]
    return list(zip(votes.row.tolist(), names, votes.label.tolist(), strict=True))


@given(VOTES)
def test_the_last_vote_of_a_rater_on_a_row_stays(votes: Given) -> None:
    last = {(row, rater): label for row, rater, label in votes}
    found = votes_of(votes)
    assert as_pairs(found) == [(row, rater, last[row, rater]) for row, rater in sorted(last)]
    assert found.raters == tuple(sorted({rater for _, rater, _ in votes}))
    for row in range(6):
        assert as_pairs(found)[found.on(row)] == [vote for vote in as_pairs(found) if vote[0] == row]


@given(VOTES, st.lists(st.booleans(), min_size=6, max_size=6))
def test_rows_can_be_left_out(votes: Given, kept: list[bool]) -> None:
    place = {old: new for new, old in enumerate(np.flatnonzero(kept).tolist())}
    expected = votes_of([(place[row], rater, label) for row, rater, label in votes if kept[row]])
    found = votes_of(votes).only(np.array(kept))
    assert (as_pairs(found), found.raters) == (as_pairs(expected), expected.raters)


@given(VOTES, VOTES)
def test_fingerprints_are_equal_when_the_votes_are(one: Given, two: Given) -> None:
    first, second = votes_of(one), votes_of(two)
    assert (first.fingerprint() == second.fingerprint()) == (as_pairs(first) == as_pairs(second))


@pytest.mark.parametrize("votes", [[], [(3, "ann", 1), (0, "ann", 0), (0, "a\0\u202e", 2)]])
def test_written_and_read_again(votes: Given, tmp_path: Path) -> None:
    votes_of(votes).write(tmp_path / "votes.parquet")
    again = Votes.load(tmp_path / "votes.parquet")
    assert (as_pairs(again), again.raters) == (as_pairs(votes_of(votes)), votes_of(votes).raters)
    assert again.fingerprint() == votes_of(votes).fingerprint()


@given(VOTES)
def test_nobody_has_more_votes_than_the_majority(votes: Given) -> None:
    found = votes_of(votes)
    label, tied = majority(found, 6, 3)
    for row in range(6):
        counts = Counter(vote[2] for vote in as_pairs(found) if vote[0] == row)
        best = max(counts.values(), default=0)
        if not counts:
            assert (label[row], tied[row]) == (-1, False)
        else:
            assert counts[label[row]] == best
            assert tied[row] == (list(counts.values()).count(best) > 1)


@given(VOTES, st.permutations(range(3)))
def test_the_names_of_raters_do_not_matter(votes: Given, order: list[int]) -> None:
    other = {name: "xyz"[place] for name, place in zip("abc", order, strict=True)}
    renamed = majority(votes_of([(row, other[rater], label) for row, rater, label in votes]), 6, 3)
    np.testing.assert_array_equal(majority(votes_of(votes), 6, 3), renamed)


@given(VOTES.flatmap(lambda votes: st.tuples(st.just(votes), st.permutations(votes))))
def test_the_order_of_votes_by_different_raters_does_not_matter(both: tuple[Given, Given]) -> None:
    first = {(row, rater): label for row, rater, label in both[0]}
    moved = [(row, rater, first[row, rater]) for row, rater, _ in both[1]]
    np.testing.assert_array_equal(majority(votes_of(both[0]), 6, 3), majority(votes_of(moved), 6, 3))


def test_a_tie_goes_to_the_rater_who_agrees_with_the_others() -> None:
    # Ann and bob disagree on row 0; on the others, ann is with cid, and bob is not.
    votes = [(0, "ann", 1), (0, "bob", 0)]
    votes += [(row, rater, int(rater == "bob")) for row in (1, 2) for rater in ("ann", "bob", "cid")]
    label, tied = majority(votes_of(votes), 3, 2)
    assert label.tolist() == [1, 0, 0]
    assert tied.tolist() == [True, False, False]


def test_a_tie_of_equal_raters_goes_to_the_label_with_more_votes() -> None:
    votes = [(0, "ann", 0), (0, "bob", 2), (1, "ann", 2), (1, "bob", 2)]
    assert majority(votes_of(votes), 2, 3)[0].tolist() == [2, 2]
    assert majority(votes_of([(0, "ann", 1), (0, "bob", 2)]), 1, 3)[0].tolist() == [1], "then the first"
