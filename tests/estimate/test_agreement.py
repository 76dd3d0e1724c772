from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from auditor.estimate.agreement import Opinions, alpha, kappa, pairs, specific


def opinions(*lines: str) -> Opinions:
    """One line a person, one character a row; a dot for no opinion."""
    cells = [(row, person, ord(said)) for person, line in enumerate(lines) for row, said in enumerate(line)]
    row, person, said = np.array([cell for cell in cells if cell[2] != ord(".")], np.int64).reshape(-1, 3).T
    return Opinions(row, person, said, np.zeros(len(row)))


def by_pairs(found: Opinions) -> float:
    """Alpha from its definition: disagreement of values within rows, and of values paired at random."""
    rows = [found.opinion[found.row == row] for row in np.unique(found.row)]
    rows = [row for row in rows if len(row) > 1]
    values = np.concatenate(rows)
    observed = sum((row[:, None] != row).sum() / (len(row) - 1) for row in rows) / len(values)
    expected = (values[:, None] != values).sum() / len(values) / (len(values) - 1)
    return float(1 - observed / expected)


def test_alpha_is_that_of_krippendorffs_example() -> None:
    """Computing Krippendorff's alpha-reliability (2011), example C: four observers, twelve units, nominal data."""
    found = alpha(opinions("123321412...", "1233224125.3", ".3332342251.", "12332441251."))
    assert found is not None
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


def test_rare_disagreements_leave_room_for_perfect_agreement() -> None:
    """A resample without the single disagreement has no alpha: left out, the interval would end at the value."""
    found = alpha(opinions("a" * 31, "a" * 30 + "b"))
    assert found is not None
    assert found.value == pytest.approx(0, abs=0.02)
    assert found.high == 1


lines = st.integers(2, 4).flatmap(
    lambda people: st.lists(st.text("ab.c", min_size=12, max_size=12), min_size=people, max_size=people)
)


@given(lines)
def test_alpha_is_that_of_its_definition(lines: list[str]) -> None:
    found = alpha(opinions(*lines), resamples=20)
    shared = opinions(*lines).shared()
    if len(set(shared.opinion.tolist())) < 2:
        assert found is None
    else:
        assert found is not None
        assert found.value == pytest.approx(by_pairs(shared))
        assert found == alpha(opinions(*lines), resamples=20), "the same rows give the same interval"


@pytest.mark.parametrize(
    ("lines", "value", "interval"),
    [
        (("aabb" * 5, "aabb" * 5), 1.0, False),  # nobody disagrees: resampling would show no uncertainty
        (("aab", "aba"), None, False),  # fewer than ten rows
        (("aabb" * 5, "aaba" * 5), None, True),
    ],
)
def test_an_interval_is_given_only_where_it_means_something(lines: tuple[str], value: float | None, interval: bool):
    found = alpha(opinions(*lines))
    assert found is not None
    assert value in (None, found.value)
    assert (found.low is not None, found.high is not None) == (interval, interval)


def test_without_two_opinions_there_is_no_alpha() -> None:
    assert alpha(opinions("aaa", "aaa")) is None
    assert alpha(opinions("a.b", ".a.")) is None
    assert alpha(opinions()) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_kappa_is_that_of_scikit_learn(said: list[tuple[int, int]]) -> None:
    first, second = np.array(said, np.int64).T
    found = kappa(first, second)
    if found is None:
        assert len({*first.tolist(), *second.tolist()}) == 1
    else:
        assert found == pytest.approx(cohen_kappa_score(first, second))


def test_every_two_people_with_rows_in_common_are_compared() -> None:
    found = {(pair.first, pair.second): (pair.rows, pair.same) for pair in pairs(opinions("aab.", "ab..", "..ba"))}
    assert found == {(0, 1): (2, 1), (0, 2): (1, 1)}


def test_agreement_on_one_opinion_is_the_chance_that_another_person_says_so_too() -> None:
    found = {chr(one.opinion): (one.rows, one.same) for one in specific(opinions("aaab.", "aabb.", "ab..."))}
    # a: three times on a row of three (each with 2 others of 2), twice of three, once of two
    assert found["a"] == (3, pytest.approx((3 * 1 + 2 * 0.5 + 1 * 0) / 6))
    assert found["b"] == (3, pytest.approx((1 * 0 + 1 * 0 + 2 * 1) / 4))


def test_rows_and_those_on_which_all_agree_are_counted() -> None:
    found = opinions("ab.a", "aa.b", "a.bb").shared()
    assert (found.rows, found.unanimous) == (3, 1)
