from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest

from auditor.estimate.gate import BEGIN, LEAST, MOST, SHARE, Gate, compare_heads


def by_enumeration(forecasts: list[tuple[float, float]], verdicts: list[bool]) -> float:
    """Weight of the second forecaster, summed over all ways in which the better one may have changed."""
    totals = [0.0, 0.0]
    for way in product((0, 1), repeat=len(verdicts) + 1):
        chance = (1 - BEGIN, BEGIN)[way[0]]
        chance *= prod(SHARE if now != then else 1 - SHARE for now, then in zip(way[1:], way[:-1], strict=True))
        said = [pair[who] for pair, who in zip(forecasts, way[:-1], strict=True)]
        totals[way[-1]] += chance * prod(p if wrong else 1 - p for p, wrong in zip(said, verdicts, strict=True))
    return totals[1] / sum(totals)


@pytest.mark.parametrize("seed", range(10))
def test_the_fixed_share_is_the_posterior_over_all_changes(seed: int) -> None:
    generator = np.random.default_rng(seed)
    forecasts = [tuple(pair) for pair in generator.uniform(0.001, 0.999, (9, 2)).tolist()]
    verdicts = [bool(wrong) for wrong in generator.random(9) < 0.4]
    gate = Gate()
    for number, ((static, learnt), wrong) in enumerate(zip(forecasts, verdicts, strict=True), 1):
        gate = gate.after(static, learnt, wrong)
        assert gate.learnt == pytest.approx(by_enumeration(forecasts[:number], verdicts[:number]), rel=1e-12)


def test_the_example_of_the_docstring() -> None:
    assert 1 - Gate().after(0.3, 0.6, True).learnt == pytest.approx(0.98 * 9 / 11 + 0.02 * 2 / 11)


@pytest.mark.parametrize(("static", "learnt"), [(0.999, 0.001), (0.001, 0.999), (0.5, 0.5)])
def test_the_chance_keeps_its_bounds_and_nobody_is_lost_for_ever(static: float, learnt: float) -> None:
    gate = Gate()
    for _ in range(2_000):
        gate = gate.after(static, learnt, True)
        assert SHARE / 2 <= gate.learnt <= 1 - SHARE / 2
        assert LEAST <= gate.chance <= MOST
    gate = gate.after(learnt, static, True).after(learnt, static, True)
    assert (gate.learnt > 0.5) == (static > learnt) or static == learnt


def test_the_coin_chooses_the_head() -> None:
    gate = Gate(0.3)
    assert [gate.head(coin) for coin in (0.0, 0.29, 0.3, 0.99)] == ["learnt", "learnt", "static", "static"]
    assert Gate(0.0).head(0.049) == "learnt"
    assert Gate(1.0).head(0.951) == "static"


def test_the_cards_of_both_heads_are_compared() -> None:
    learnt = np.arange(150) < 70
    wrong = np.concatenate([np.arange(70) < 56, np.arange(80) < 48])
    found = compare_heads(learnt, wrong, np.full(150, 0.5))
    assert (found.first.count, found.first.of, found.second.count, found.second.of) == (56, 70, 48, 80)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert compare_heads(learnt[:0], wrong[:0], np.zeros(0)).value is None


def test_a_coin_that_changes_with_the_cards_does_not_bias_the_comparison() -> None:
    """Half of the first cards are errors, few of the last; the learnt order deals most of the last."""
    rng = np.random.default_rng(0)
    follow = np.repeat([0.1, 0.8], 3_000)
    learnt = rng.random(6_000) < follow
    wrong = rng.random(6_000) < np.repeat([0.5, 0.05], 3_000)
    found = compare_heads(learnt, wrong, follow)
    assert found.low < 0 < found.high
    assert wrong[learnt].mean() - wrong[~learnt].mean() < -0.2  # which is what the counts alone would say
    without_coin = [False] * 500, [True] * 500, [0.0] * 500
    more = (np.append(*pair) for pair in zip((learnt, wrong, follow), without_coin, strict=True))
    assert compare_heads(*more) == found
