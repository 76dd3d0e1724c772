"""Bulk changes under a certificate: planned first, tested on cards that hide the suggestion, changed if they pass."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.config import QueueConfig
from auditor.errors import DecisionError
from auditor.review.feed.blind import Blind
from auditor.review.feed.certified import CertificateTest, certificate_tests, find_test, status_of
from auditor.review.feed.feed import Feed
from auditor.review.feed.learner import Learner
from auditor.review.feed.planning import apply_group, plan_group, plan_suggestions
from auditor.review.feed.sentences import certificate
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.reviewing import decide


def sure(verdicts: Verdicts) -> np.ndarray:
    """Probabilities of the suggestions that put all rows into the plan, by their number."""
    return np.linspace(0.99, 0.6, len(verdicts.items), dtype=np.float32)


def planned(verdicts: Verdicts, limit: float = 0.1) -> CertificateTest:
    verdicts.catch_up()
    return plan_suggestions(verdicts, sure(verdicts), limit, "ann", misses_allowed=1)


def judge(verdicts: Verdicts, test: CertificateTest, row: int, right: bool = True) -> None:
    items = verdicts.items
    to = int(test.labels[test.rows.tolist().index(row)])
    if not right:
        to = next(code for code in range(len(items.label_names)) if code != to)
    words = ("keep",) if to == items.given[row] else ("relabel", items.label_names[to])
    decide(verdicts, row, "ann", *words, arm="certificate", hidden=True)


def read_all(verdicts: Verdicts, test: CertificateTest, wrong: int = 0) -> None:
    while rows := test.waiting():
        judge(verdicts, test, rows[0], right=wrong <= 0)
        wrong -= 1


def test_the_plan_is_in_the_log_before_its_first_card_and_taken_up_again(verdicts: Verdicts) -> None:
    decide(verdicts, 5, "ann", "keep")
    test = planned(verdicts)
    (event,) = verdicts.log.plans()
    assert event.plan == test.plan
    assert verdicts.items.id_of(5) not in test.plan.rows
    assert test.plan.rows == tuple(sorted(test.plan.rows, key=lambda item_id: verdicts.items.row_of(item_id) or 0))
    assert planned(verdicts).event == find_test(verdicts, event.event_id).event == event
    assert (verdicts.log.draws(), list(verdicts.log.standing())[1:]) == ([], [])  # no draw, no action
    assert verdicts.log.undo("ann", "undo-1").item_id == verdicts.items.id_of(5)  # type: ignore[union-attr]


def test_cards_are_served_in_turn_with_the_suggestion_hidden(verdicts: Verdicts, run: Run) -> None:
    test = planned(verdicts)
    learner = Learner.of(run, verdicts.items, verdicts)
    config = QueueConfig(certify=test.event.event_id)
    feed = Feed(verdicts.items, verdicts, Blind(verdicts), learner, config)
    served = []
    while cards := feed.next("ann", [], 1):
        served += cards
        judge(verdicts, test, cards[0].row)
    assert {(card.arm, card.hidden) for card in served} == {("certificate", True)}
    assert [card.row for card in served] == test.rows[np.concatenate(test.samples)].tolist()
    assert test.ended


def test_a_set_that_passes_is_changed_without_the_rows_that_people_judged(verdicts: Verdicts) -> None:
    test = planned(verdicts)
    read_all(verdicts, test)
    found = test.certified()
    assert found is not None
    step = test.passed
    assert step is not None
    assert step.result is not None
    assert len(found.rows) == step.result.rest
    assert found.most_wrong == step.result.most_in_rest <= 0.1 * len(found.rows)
    assert not set(found.rows.tolist()) & set(test.rows[np.concatenate(test.samples)].tolist())
    other = int(found.rows[0])
    judge(verdicts, test, other, right=False)
    fewer = test.certified()
    assert fewer is not None
    assert other not in fewer.rows
    assert fewer.most_wrong == found.most_wrong - 1  # a wrong one that is known is no longer among them
    assert "unread rows can be changed" in " ".join(certificate(status_of(test)))


def test_too_many_misses_fail_and_another_attempt_is_refused(verdicts: Verdicts) -> None:
    test = planned(verdicts)
    read_all(verdicts, test, wrong=2)
    assert (test.ended, test.passed, test.certified()) == (True, None, None)
    assert "No set has passed" in " ".join(certificate(status_of(test)))
    assert planned(verdicts).event == test.event
    with pytest.raises(DecisionError, match="second"):
        planned(verdicts, 0.2)
    assert len(verdicts.log.plans()) == 1


def test_an_undone_or_unsure_card_waits_for_its_verdict(verdicts: Verdicts) -> None:
    test = planned(verdicts)
    first = test.waiting()[0]
    decide(verdicts, first, "ann", "unsure", arm="certificate", hidden=True)
    assert first in test.waiting()
    read_all(verdicts, test)
    assert test.ended
    verdicts.log.undo("ann", "undo-1")
    verdicts.catch_up()
    assert not test.ended
    assert len(test.waiting()) == 1


def test_a_group_gets_its_verdict_once_when_its_test_has_passed(verdicts: Verdicts) -> None:
    verdicts.catch_up()
    rows = np.arange(len(verdicts.items)) < 150
    decide(verdicts, 7, "bob", "keep")
    test = plan_group(verdicts, rows, 0, 0.1, "ann", misses_allowed=0)
    assert len(test.rows) == 149
    assert len(test.plan.sets) == 1
    assert apply_group(test, verdicts) == 0
    read_all(verdicts, test)
    count = apply_group(test, verdicts)
    assert count == 149 - len(test.samples[0])
    assert apply_group(test, verdicts) == 0
    assert list(certificate(status_of(test)))[-1] == "The test has passed, and the group has its verdict."
    assert len(verdicts.log.items_of(test.event.event_id)) == count
    assert plan_group(verdicts, rows, 0, 0.1, "ann").event == test.event
    with pytest.raises(DecisionError, match="only once"):
        plan_group(verdicts, rows, 1, 0.1, "ann")
    verdicts.log.undo("ann", "undo-1")  # one action
    verdicts.catch_up()
    assert int((verdicts.bits() > 0).sum()) == 1 + len(test.samples[0])


def test_plans_about_other_rows_are_left_alone(verdicts: Verdicts) -> None:
    test = planned(verdicts)
    plan = test.plan.model_copy(update={"digest": "0" * 32})
    other = test.event.model_copy(update={"event_id": "other", "plan": plan})
    verdicts.log.append([other])
    assert [one.event.event_id for one in certificate_tests(verdicts)] == [test.event.event_id]
    with pytest.raises(DecisionError, match="changed since"):
        find_test(verdicts, "other")
    with pytest.raises(DecisionError, match="no plan"):
        find_test(verdicts, "none")


def test_few_rows_are_to_be_read(verdicts: Verdicts) -> None:
    verdicts.catch_up()
    with pytest.raises(DecisionError, match="certificate needs"):
        plan_group(verdicts, np.arange(len(verdicts.items)) < 30, None, 0.05, "ann")
