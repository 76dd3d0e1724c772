"""The proof, by enumeration: whatever the audit does, no bet against the true number of errors gains on average."""

from __future__ import annotations

import math
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.estimate.interval import Wealth, interval
from auditor.estimate.stream import Draws
from tests.estimate.enumerated import Action, Audit, begin, follow, paths

KINDS = ("rank", "blind", "skip", "resolve", "undo", "merge")
actions = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 1), st.integers(0, 6)), max_size=9)
outcomes = st.lists(st.integers(0, 1), min_size=2, max_size=7).map(tuple)


def few_draws(script: list[Action], most: int) -> list[Action]:
    """The actions with no more draws than can be enumerated."""
    drawn = np.cumsum([what in {"blind", "skip"} for what, _, _ in script])
    return [action for action, count in zip(script, drawn, strict=True) if count <= most or action[0] not in KINDS[1:3]]


def log_wealth(audit: Audit) -> float:
    draws = audit.draws()
    return float(Wealth(draws).log_now(audit.total)) if len(draws) else 0.0


@settings(max_examples=60)
@given(outcomes, actions)
def test_no_bet_against_the_truth_gains_on_average(outcome: tuple[int, ...], script: list[Action]):
    script = few_draws(script, 3 if len(outcome) < 6 else 2)
    for end in range(len(script) + 1):
        leaves = [path[-1] for path in paths(begin(outcome), script[:end])]
        assert math.isclose(sum(leaf.probability for leaf in leaves), 1)
        assert sum(leaf.probability * math.exp(log_wealth(leaf)) for leaf in leaves) <= 1 + 1e-9


@settings(max_examples=40)
@given(outcomes, actions)
def test_what_is_unknown_never_makes_the_wealth_larger_than_what_it_will_be(
    outcome: tuple[int, ...], script: list[Action]
):
    """So that an interval contains the one that is shown when all is known."""
    for audit in follow(begin(outcome), few_draws(script, 2)):
        draws, known = audit.draws(), audit.settled().draws()
        if len(draws):
            factors = Wealth(draws).log_factors(audit.total)
            assert (factors <= Wealth(known).log_factors(audit.total) + 1e-12).all()


@pytest.mark.parametrize("alpha", [0.5, 0.3])
@settings(max_examples=25)
@given(outcome=outcomes, script=actions)
def test_the_intervals_seldom_miss_at_any_time(outcome: tuple[int, ...], script: list[Action], alpha: float):
    missed = 0.0
    for path in paths(begin(outcome), few_draws(script, 3 if len(outcome) < 5 else 2)):
        missed += path[-1].probability * any(misses(audit, alpha) for audit in path)
    assert missed <= alpha + 1e-9


def misses(audit: Audit, alpha: float) -> bool:
    standing = audit.standing()
    found = interval(
        audit.draws(),
        rows=len(standing),
        judged=int((standing >= 0).sum()),
        found=int((standing == 1).sum()),
        q=0.3,
        alpha=alpha,
    )
    return found.drifted or not found.low <= audit.total <= found.high


@pytest.mark.parametrize("outcome", [(0, 1, 0), (1, 1, 0)])
def test_no_order_of_ranked_pending_merged_and_undone_cards_lets_a_bet_gain(outcome: tuple[int, ...]):
    """All 120 interleavings, before and after which the other log has a ranked card and a draw of its own."""
    met = np.zeros(3, np.int64)
    for order in permutations(("rank", "skip", "resolve", "undo", "merge")):
        script = [("rank", 1, 1), *((what, 0, number) for number, what in enumerate(order)), ("blind", 1, 0)]
        leaves = [path[-1] for path in paths(begin(outcome), script)]
        for draws in (leaf.draws() for leaf in leaves):
            met += [(~draws.settled).any(), draws.unknown.any(), draws.errors.any()]
        assert sum(leaf.probability * math.exp(log_wealth(leaf)) for leaf in leaves) <= 1 + 1e-9
    assert (met > 20).all()  # pending draws, undone verdicts, and errors that were left out


def test_all_samples_of_seven_rows_without_replacement():
    """In full: seven rows, every number of errors, seven blind draws; the mean is one exactly while both can occur."""
    for errors in range(8):
        mean = np.zeros(8)
        for where in combinations(range(7), errors):
            outcome = np.zeros(7, np.int8)
            outcome[list(where)] = 1
            before = (np.cumsum(outcome) - outcome).astype(np.int64)
            q = (1 + before) / (2 + np.arange(7))
            draws = Draws(before, np.zeros(7, np.int64), 7 - np.arange(7), q, outcome)
            mean[1:] += np.exp(np.cumsum(Wealth(draws).log_factors(errors))) / math.comb(7, errors)
        assert (mean <= 1 + 1e-9).all()
        possible = min(errors, 7 - errors)
        assert mean[1 : possible + 1] == pytest.approx(1)


def test_control_a_forecast_that_knows_the_outcome_gains():
    """The test above can fail: here q is changed after the draw."""
    mean = 0.0
    for path in paths(begin((1, 0, 0, 0)), [("blind", 0, 0)]):
        draws = path[-1].draws()
        cheating = Draws(draws.errors, draws.unknown, draws.pool, np.where(draws.outcome, 0.9, 0.1), draws.outcome)
        mean += path[-1].probability * math.exp(Wealth(cheating).log_now(1))
    assert mean > 1.5


@settings(max_examples=40)
@given(outcomes, actions)
def test_blind_cards_alone_bet_no_better_than_all_verdicts_do(outcome: tuple[int, ...], script: list[Action]):
    """The interval from blind cards alone takes the outcome of every other row for unknown: it holds as well."""
    for audit in follow(begin(outcome), few_draws(script, 2)):
        draws, alone = audit.draws(), audit.draws(only_blind=True)
        if len(draws):
            factors = Wealth(alone).log_factors(audit.total)
            assert (factors <= Wealth(draws).log_factors(audit.total) + 1e-12).all()
