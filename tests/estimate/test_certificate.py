from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from auditor.estimate.certificate import cards_needed, certify, plan_steps, upper_bound

tests = st.integers(1, 60).flatmap(
    lambda size: st.integers(0, size).flatmap(
        lambda cards: st.tuples(st.just(size), st.just(cards), st.integers(0, cards))
    )
)


@given(tests, st.sampled_from([0.01, 0.05, 0.3]))
def test_the_bound_is_the_inverted_test(sizes: tuple[int, int, int], alpha: float):
    size, cards, misses = sizes
    possible = range(misses, size - cards + misses + 1)
    assert upper_bound(size, cards, misses, alpha) == max(
        wrong for wrong in possible if hypergeom.cdf(misses, size, wrong, cards) > alpha
    )


@pytest.mark.parametrize(("size", "cards"), [(30, 8), (60, 20), (25, 24)])
def test_the_bound_misses_with_probability_alpha_at_most(size: int, cards: int):
    bounds = np.array([upper_bound(size, cards, misses) for misses in range(cards + 1)])
    for wrong in range(size + 1):
        chances = hypergeom.pmf(np.arange(cards + 1), size, wrong, cards)
        assert chances[bounds < wrong].sum() <= 0.05 + 1e-9


@settings(max_examples=25)
@given(st.integers(1, 200), st.sampled_from([0.02, 0.05, 0.1, 0.5]), st.integers(0, 4))
def test_no_fewer_cards_would_do(size: int, wrong_at_most: float, misses: int):
    misses = min(misses, size)
    cards = cards_needed(size, wrong_at_most, misses)
    assert certify(size, cards, misses).passes(wrong_at_most)
    assert not any(certify(size, fewer, misses).passes(wrong_at_most) for fewer in range(misses, cards))


def test_cards_and_minutes_are_known_beforehand():
    steps = plan_steps((250, 5_000, 64_000), 0.05, misses_allowed=2, seconds_a_card=6)
    assert [step.minutes for step in steps] == [step.cards / 10 for step in steps]
    for step in steps:
        assert certify(step.size, step.cards, 2).passes(0.05)
        assert not certify(step.size, step.cards, 3).passes(0.05)


def test_a_set_read_in_full_leaves_nothing_open():
    found = certify(40, 40, 7)
    assert (found.most, found.rest, found.most_in_rest, found.share_at_most) == (7, 0, 0, 0.0)
    assert found.passes(0.0)


def test_sets_in_turn_are_wrong_with_probability_alpha_at_most():
    """Nested sets that get worse, 500 times: how often the last one that passed has too many wrong rows."""
    rng = np.random.default_rng(0)
    wrong = rng.random(1000) < np.repeat([0.03, 0.06, 0.12], [250, 250, 500])
    sizes, limit, failures, passed = (250, 500, 1000), 0.05, 0, 0
    steps = plan_steps(sizes, limit)
    for _ in range(500):
        read = np.zeros(1000, np.bool_)
        last = None
        for step in steps:
            unread = np.flatnonzero(~read[: step.size])
            drawn = rng.choice(unread, min(step.cards, len(unread)), replace=False)
            read[drawn] = True
            if not certify(len(unread), len(drawn), int(wrong[drawn].sum())).passes(limit):
                break
            last = step
        if last is not None:
            passed += 1
            failures += wrong[: last.size][~read[: last.size]].mean() > limit
    assert passed > 0
    assert failures <= 25 + 2 * np.sqrt(500 * 0.05 * 0.95)
