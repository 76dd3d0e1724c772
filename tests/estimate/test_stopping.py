from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.estimate.interval import Interval
from auditor.estimate.stopping import enough, hint, joint_alpha, stop

ESTIMATE = Interval(
    rows=1000,
    judged=400,
    found=80,
    low=82,
    high=92,
    point=85.0,
    draws=40,
    pending=2,
    wrong=3,
    drifted=False,
    alpha=0.05,
)


@pytest.mark.parametrize(
    ("changes", "left", "found"),
    [
        ({}, True, True),
        ({"high": 93}, False, True),
        ({"high": 101}, False, False),
        ({"high": 100}, False, True),
        ({"found": 8, "low": 8, "high": 20}, True, False),
        ({"drifted": True}, False, False),
        ({"judged": 1000, "low": 80, "high": 80}, True, True),
        ({"judged": 0, "found": 0, "low": 0, "high": 1000, "draws": 0}, False, False),
        ({"rows": 0, "judged": 0, "found": 0, "low": 0, "high": 0, "draws": 0}, True, True),
    ],
)
def test_the_rule_is_read_at_the_end_of_the_interval(changes: dict[str, int], left: bool, found: bool):
    rule = stop(replace(ESTIMATE, **changes))
    assert (rule.left_reached, rule.found_reached, rule.reached) == (left, found, left or found)


def test_the_rule_can_be_chosen():
    assert not stop(ESTIMATE, left=0.01, found=0.9).reached
    assert stop(ESTIMATE, left=0.01, found=0.85).reached


@pytest.mark.parametrize(
    ("ranked", "blind", "exhausted"),
    [((5, 100), (1, 30), False), ((5, 100), (2, 30), True), ((0, 100), (0, 30), True), ((10, 100), (3, 30), True)],
)
def test_the_hint_compares_ranked_cards_with_blind_ones(
    ranked: tuple[int, int], blind: tuple[int, int], exhausted: bool
):
    last, drawn = (np.arange(of) < count for count, of in (ranked, blind))
    found = hint(np.concatenate([np.ones(50, np.bool_), last]), drawn)
    assert found is not None
    assert found.exhausted is exhausted


def test_no_hint_from_few_cards():
    assert hint(np.ones(99, np.bool_), np.zeros(30, np.bool_)) is None
    assert hint(np.ones(100, np.bool_), np.zeros(29, np.bool_)) is None


def test_nothing_is_said_of_a_class_with_few_draws():
    some = {"a": ESTIMATE, "b": replace(ESTIMATE, draws=11, pending=2), "c": replace(ESTIMATE, draws=10, pending=0)}
    assert [name for name, found in enough(some).items() if found] == ["a", "c"]


def test_joint_claims():
    assert joint_alpha(20, 0.1) == pytest.approx(0.005)
    assert joint_alpha(0) == 0.05
