from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from auditor.estimate.facts import Facts
from auditor.estimate.interval import Interval, interval
from auditor.estimate.learning import LearntOrder
from auditor.estimate.plan import SoFar, certified, plan
from auditor.estimate.stream import Draws, choose_q


def test_five_hundred_cards_without_an_error_certify_about_one_percent():
    assert 0.009 < certified(1_000_000, 500) <= 0.0101
    assert certified(1_000_000, 500) > certified(2_000, 500) > certified(600, 500)
    assert certified(500, 500) == 0


def test_more_cards_tell_more_and_take_longer():
    plans = plan(50_000, rate=0.08, seconds_a_card=6)
    assert [one.minutes for one in plans] == [one.cards / 10 for one in plans]
    for fewer, more in pairwise(plans):
        assert more.width < fewer.width
        assert more.certified < fewer.certified
        assert more.rate[0] < 0.08 < more.rate[1]


@pytest.mark.parametrize("rows", [60, 460, 499, 500])
def test_a_share_that_all_rows_show_is_exact(rows: int):
    low, high = plan(rows, rate=0.05)[-1].rate
    assert low == high == round(round(rows * 0.05) / rows, 12)


def test_samples_are_no_larger_than_the_dataset():
    assert [one.cards for one in plan(120, rate=0.1)] == [50, 100, 120]
    assert plan(120, rate=0.1)[-1].width == 0
    assert plan(0, rate=0.1)[-1].rate == (0, 0)


def audited(outcome: np.ndarray, rows: int) -> Interval:
    """A sample as the product draws it: forecast by the learnt order, which begins with no verdict."""
    given = np.arange(rows) % 4
    learnt = LearntOrder(Facts.of(np.arange(rows), given, (given + 1) % 4, np.zeros((rows, 0))))
    drawn = np.random.default_rng(0).permutation(rows)[: len(outcome)]
    before, q, expected = np.cumsum(outcome, dtype=np.int64) - outcome, [], 0.0
    for number, errors in enumerate(before.tolist()):
        mean = float(np.delete(learnt.probabilities, drawn[:number]).mean())
        q.append(float(choose_q(mean, expected, errors)))
        expected += mean
        learnt.learn(drawn[: number + 1], outcome[: number + 1] == 1)
    size = rows - np.arange(len(outcome))
    draws = Draws(before, np.zeros(len(outcome), np.int64), size, np.array(q), outcome)
    return interval(draws, rows=rows, judged=len(outcome), found=int(outcome.sum()), q=0.5)


def test_what_is_planned_is_what_a_sample_tells():
    """Cards are drawn in a random order, so that an error on every twentieth card is a typical sample."""
    clean, some = np.zeros(100, np.int8), (np.arange(100) % 20 == 9).astype(np.int8)
    (planned,) = plan(3_000, rate=0.05, cards=(100,))
    assert certified(3_000, 100) == pytest.approx(audited(clean, 3_000).rate[1], rel=0.1)
    low, high = audited(some, 3_000).rate
    assert planned.rate[0] == pytest.approx(low, abs=0.01)
    assert planned.rate[1] == pytest.approx(high, rel=0.15)


def clean(cards: int, rows: int, judged: int = 0) -> SoFar:
    """Blind cards without an error, after other rows without one."""
    nothing = np.zeros(cards, np.int64)
    draws = Draws(nothing, nothing, rows - judged - np.arange(cards), np.full(cards, 0.02), np.zeros(cards, np.int8))
    return SoFar(draws, judged + cards, 0)


def test_cards_that_are_judged_are_not_planned_again():
    plans = plan(3_000, rate=0.05, seconds_a_card=6, so_far=clean(60, 3_000))
    assert [(step.cards, step.more) for step in plans] == [(size, size - 60) for size in (100, 200, 300, 500, 1000)]
    assert [step.minutes for step in plans] == [step.more / 10 for step in plans]
    anew = plan(3_000, rate=0.05, cards=(100,))[0]
    assert plans[0].certified == pytest.approx(anew.certified, rel=0.2)
    assert plans[0].rate[1] < anew.rate[1], "none of the first 60 was wrong"


def test_no_more_cards_are_planned_than_can_be_drawn():
    so_far = clean(60, 200, judged=100)
    assert [(step.cards, step.more) for step in plan(200, 0.1, so_far=so_far)] == [(100, 40)]
    assert plan(200, 0.1, so_far=so_far)[-1].certified == 0
    assert [(step.cards, step.more) for step in plan(2_000, 0.1, so_far=clean(1_200, 2_000))] == [(2_000, 800)]


def test_an_error_that_was_found_stays_in_what_is_certified():
    draws = clean(60, 3_000).draws
    draws.outcome[7], draws.errors[8:] = 1, 1
    without = certified(3_000, 40, so_far=clean(60, 3_000))
    assert certified(3_000, 40, so_far=SoFar(draws, 60, 1)) > 1.2 * without
