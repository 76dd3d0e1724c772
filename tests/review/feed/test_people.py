"""Figures of each person, and what the time that is left would reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from auditor.review.feed import sentences
from auditor.review.feed.agreement import Agreements
from auditor.review.feed.blind import Blind
from auditor.review.feed.known_answers import KnownAnswers
from auditor.review.feed.people import Budget, People, Person
from auditor.review.feed.served import Served
from auditor.review.view.verdicts import Verdicts
from tests.review.reviewing import decide

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def people_of(verdicts: Verdicts) -> People:
    served = Served(verdicts, Blind(verdicts))
    return People(verdicts, served, KnownAnswers(verdicts, served, {}, 0))


def figures(verdicts: Verdicts) -> dict[str, Person]:
    people = people_of(verdicts)
    agreement = Agreements(verdicts, people._served).measure()
    return {person.reviewer: person for person in people.figures(agreement)}


def test_each_person_is_a_row(verdicts: Verdicts) -> None:
    items = verdicts.items
    judged = [row for row in range(60, 72) if items.suggested[row] >= 0]
    for number, row in enumerate(judged):
        suggestion = items.label(items.suggested[row])
        at = NOON + timedelta(seconds=10 * number) + timedelta(days=number // 8)
        if number == 0:
            decide(verdicts, row, "ann", "relabel", suggestion, at=at, seconds=6.0, suggestion_shown=suggestion)
        else:
            decide(verdicts, row, "ann", "keep", at=at, seconds=6.0, suggestion_shown=suggestion)
    decide(verdicts, judged[1], "ann", "keep", source="repeat", arm="repeat", hidden=True)
    decide(verdicts, judged[2], "ann", "exclude", source="repeat", arm="repeat", hidden=True)
    decide(verdicts, judged[0], "bob", "keep")
    decide(verdicts, judged[1], "bob", "keep")
    decide(verdicts, 80, "bob", "keep", source="bulk", batch_id="all")
    decide(verdicts, 81, "bob", "keep", event_id="again")
    verdicts.log.undo("bob", "undone", "again")
    verdicts.catch_up()
    found = figures(verdicts)
    assert list(found) == ["ann", "bob"]
    ann, bob = found["ann"], found["bob"]
    assert (ann.judged, ann.rate_per_hour, ann.median_seconds) == (len(judged), 600.0, 6.0)
    assert (ann.followed.count, ann.followed.of) == (1, len(judged))
    assert (ann.self_agreement.count, ann.self_agreement.of) == (1, 2)
    assert (ann.same.count, ann.same.of) == (bob.same.count, bob.same.of) == (1, 2)
    assert [(day.day, day.judged) for day in ann.days] == [("2026-03-01", 8), ("2026-03-02", len(judged) - 8)]
    assert ann.days[0].minutes == pytest.approx(0.8)
    assert (bob.judged, bob.bulk, bob.undone, bob.qualification) == (2, 1, 1, None)


def test_a_budget_says_what_part_of_the_suspicion_the_first_rows_hold(verdicts: Verdicts) -> None:
    items = verdicts.items
    order = np.argsort(items.rank, kind="stable")
    decide(verdicts, int(order[0]))
    found = {budget.hours: budget for budget in people_of(verdicts).budgets(order, 30.0)}
    suspicion = np.nan_to_num(items.suspicion[order[1:]])
    assert [budget.rows for budget in found.values()] == [30, 60, 120, 239]
    assert found[2].share == pytest.approx(float(suspicion[:60].sum() / suspicion.sum()), rel=1e-6)
    assert found[8].share == pytest.approx(1.0)
    (usual,) = people_of(verdicts).budgets(order, None)
    assert (usual.hours, usual.rows, usual.share) == (1, 239, 1.0)
    assert sentences.budget(usual) == "All 239 unread rows can be judged in 1 hour at this rate."
    said = sentences.budget(Budget(2, 150, 0.629))
    assert said.startswith("150 rows in 2 hours: the first 150 unread rows of the order cover 62 % of the errors")
