"""Agreement as a view of the log: whose verdicts count, on which rows, and what is said of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.review.feed import sentences
from auditor.review.feed.agreement import Agreement, Agreements
from auditor.review.feed.blind import Blind
from auditor.review.feed.served import Served
from auditor.review.view.verdicts import Verdicts
from tests.review.reviewing import decide

SERVED = {"arm": "static", "hidden": False}


def measured(verdicts: Verdicts) -> Agreement:
    return Agreements(verdicts, Served(verdicts, Blind(verdicts))).measure()


def both(verdicts: Verdicts, row: int, *said: tuple[Any, ...], **more: Any) -> None:
    for name, (verdict, *labels) in zip(("ann", "bob", "cyd"), said, strict=False):
        decide(verdicts, row, name, verdict, *labels, **more)


def test_nothing_is_said_before_two_people_have_judged_a_row(verdicts: Verdicts) -> None:
    decide(verdicts, 0, "ann")
    decide(verdicts, 1, "bob")
    found = measured(verdicts)
    assert (found.rows, found.alpha, found.by_people) == (0, None, ())
    assert sentences.agreement(found).startswith("How far people agree is not known")
    json.dumps(found.as_dict(), allow_nan=False)


def test_only_one_by_one_verdicts_of_people_count(verdicts: Verdicts) -> None:
    labels = verdicts.items.label_names
    other = next(name for name in labels if name != verdicts.items.label(verdicts.items.given[0]))
    both(verdicts, 0, ("keep",), ("relabel", other))
    both(verdicts, 1, ("keep",), ("keep",))
    both(verdicts, 2, ("keep",), ("unsure",))
    decide(verdicts, 4, "ann", "keep")
    decide(verdicts, 4, "bob", "exclude", source="bulk", batch_id="all")
    decide(verdicts, 5, "ann", "keep")
    decide(verdicts, 1, "ann", "exclude", source="repeat", arm="repeat", hidden=True)
    found = measured(verdicts)
    assert (found.rows, found.same.count, found.served) == (2, 1, False)
    assert [(pair.first, pair.second, pair.same.of) for pair in found.by_people] == [("ann", "bob", 2)]
    given = verdicts.items.label(verdicts.items.given[0])
    assert [(one.given, one.new, one.rows, one.same) for one in found.by_change] == [(given, other, 1, None)]
    assert sum(part.same.of for part in found.by_class) == 2
    assert (found.alpha, found.by_people[0].kappa) == (None, None)
    assert sentences.agreement(found) == (
        "How far people agree is not known: 2 rows that several people chose to judge, too few for Krippendorff's α; "
        "all say the same on 1 of them."
    )


def test_rows_that_the_queue_served_to_several_people_stand_alone(verdicts: Verdicts) -> None:
    both(verdicts, 0, ("keep",), ("exclude",), **SERVED)
    both(verdicts, 1, ("keep",), ("keep",), **SERVED)
    decide(verdicts, 2, "ann", "keep", **SERVED)
    decide(verdicts, 2, "bob", "exclude")  # from the table
    found = measured(verdicts)
    assert (found.served, found.rows, found.left_out) == (True, 2, 1)
    said = sentences.agreement(found)
    assert ": 2 rows that the queue served to several people" in said
    assert "1 other row that several people judged was left out." in said


def test_undoing_takes_a_verdict_out_again(verdicts: Verdicts) -> None:
    decide(verdicts, 0, "ann")
    action = decide(verdicts, 0, "bob", "exclude")
    assert measured(verdicts).rows == 1
    verdicts.log.undo("bob", "undone", action)
    verdicts.catch_up()
    assert measured(verdicts).rows == 0


def test_by_day_is_the_day_of_a_rows_last_verdict(verdicts: Verdicts) -> None:
    day = datetime(2026, 3, 1, 12, tzinfo=UTC)
    decide(verdicts, 0, "ann", at=day)
    decide(verdicts, 0, "bob", at=day + timedelta(days=1))
    decide(verdicts, 1, "ann", at=day + timedelta(days=1))
    decide(verdicts, 1, "bob", "exclude", at=day + timedelta(days=2))
    found = [(part.name, part.same.count, part.same.of) for part in measured(verdicts).by_day]
    assert found == [("2026-03-02", 1, 1), ("2026-03-03", 0, 1)]


def test_many_rows_give_an_interval(verdicts: Verdicts) -> None:
    for row in range(60, 90):
        both(verdicts, row, ("keep",), ("exclude" if row % 5 == 0 else "keep",), ("keep",), **SERVED)
    found = measured(verdicts)
    assert found.alpha is not None
    assert found.alpha.low is not None
    assert "(95 %: " in sentences.agreement(found)
    assert len(found.by_people) == 3


def test_nine_rows_have_no_alpha_and_ten_have_one(verdicts: Verdicts) -> None:
    labels = verdicts.items.label_names
    for row in range(60, 69):
        new = labels[verdicts.items.given[row] - 1]
        both(verdicts, row, ("keep",) if row == 60 else ("relabel", new), ("relabel", new), **SERVED)
    few = measured(verdicts)
    assert (few.rows, few.alpha, few.by_people[0].kappa) == (9, None, None)
    assert {change.same for change in few.by_change} == {None}
    assert "too few for Krippendorff's α" in sentences.agreement(few)
    both(verdicts, 69, ("keep",), ("keep",), **SERVED)
    enough = measured(verdicts)
    assert enough.alpha is not None
    assert enough.by_people[0].kappa is not None
    assert sentences.agreement(enough).startswith("Krippendorff's α is ")
