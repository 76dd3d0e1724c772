from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from auditor.estimate.interval import interval
from auditor.estimate.plan import certified, plan
from auditor.estimate.stream import Draws, choose_q


def test_five_hundred_cards_without_an_error_certify_little_more_than_one_percent():
    assert 0.010 < certified(1_000_000, 500) <= 0.012
    assert certified(1_000_000, 500) > certified(2_000, 500) > certified(600, 500)
    assert certified(500, 500) == 0


def test_more_cards_tell_more_and_take_longer():
    plans = plan(50_000, rate=0.08, seconds_a_card=6)
    assert [one.minutes for one in plans] == [one.cards / 10 for one in plans]
    for fewer, more in pairwise(plans):
        assert more.width < fewer.width
        assert more.certified < fewer.certified
        assert more.rate[0] < 0.08 < more.rate[1]


def test_samples_are_no_larger_than_the_dataset():
    assert [one.cards for one in plan(120, rate=0.1)] == [50, 100, 120]
    assert plan(120, rate=0.1)[-1].width == 0
    assert plan(0, rate=0.1)[-1].rate == (0, 0)


@pytest.mark.parametrize("rate", [0.02, 0.08, 0.2])
def test_planned_widths_are_those_of_typical_samples(rate: float):
    rng, rows, cards = np.random.default_rng(1), 20_000, 300
    widths = []
    for _ in range(100):
        outcome = (rng.random(cards) < rate).astype(np.int8)
        before = np.cumsum(outcome, dtype=np.int64) - outcome
        draws = Draws(
            before,
            np.zeros(cards, np.int64),
            rows - np.arange(cards),
            choose_q(rate, rate * np.arange(cards), before),
            outcome,
        )
        low, high = interval(draws, rows=rows, judged=cards, found=int(outcome.sum()), q=rate).rate
        widths.append(high - low)
    (planned,) = plan(rows, rate, (cards,))
    assert planned.width == pytest.approx(np.median(widths), rel=0.12)
