from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from auditor.errors import DecisionError, FilterError
from auditor.review.bulk import SAMPLE, Bulk, decide, preview
from auditor.review.filter.filter import Filter
from auditor.review.filter.selection import Selection
from auditor.review.view.card import Cards
from auditor.review.view.items import Items
from auditor.review.view.own import BIT
from auditor.review.view.verdicts import Verdicts
from tests.review import reviewing
from tests.review.runs import ROWS, UNJUDGED

QUEUE = Filter(issue=True, undecided="anyone")
SUGGESTED = Bulk("relabel", use_suggestion=True)


def take(selection: Selection, cards: Cards, which: Any, bulk: Bulk, me: str = "ann", batch_id: str = "batch") -> int:
    """Preview and decide; how many rows."""
    token = preview(selection, cards, which, bulk, me)["token"]
    count: int = decide(selection, which, bulk, me, batch_id=batch_id, token=token)["count"]
    selection.verdicts.catch_up()
    return count


def test_a_preview_counts_shows_and_decides_nothing(selection: Selection, cards: Cards, verdicts: Verdicts) -> None:
    filter = Filter(given=("joy",))
    rows = np.flatnonzero(selection.mask(filter)).tolist()
    shown = preview(selection, cards, filter, Bulk("exclude"), "ann")
    assert (shown["count"], shown["left_out"]) == (len(rows), 0)
    assert shown["changes"] == [{"given": "joy", "to": None, "count": len(rows)}]
    sample = [brief["row"] for brief in shown["sample"]]
    assert len(set(sample)) == SAMPLE
    assert {*sample} <= {*rows}
    assert (sample[0], sample[-1]) == (rows[0], rows[-1])
    verdicts.catch_up()
    assert not verdicts.bits().any()
    assert verdicts.log.changes(0).seq == 0


def test_a_bulk_decides_every_row_found_as_one_step(selection: Selection, cards: Cards, verdicts: Verdicts) -> None:
    rows = selection.rows(QUEUE).tolist()
    assert take(selection, cards, QUEUE, Bulk("exclude", note="all of them")) == len(rows)
    assert np.flatnonzero(verdicts.bits()).tolist() == sorted(rows)
    events = [*verdicts.log.standing()]
    assert {(event.source, event.batch_id, event.note, event.reviewer) for event in events} == {
        ("bulk", "batch", "all of them", "ann")
    }
    assert {event.suggestion_shown for event in events} == {None}
    verdicts.log.undo("ann", "undo")
    verdicts.catch_up()
    assert not verdicts.bits().any()


def test_suggestions_are_taken_row_by_row_and_rows_without_are_left_out(
    selection: Selection, cards: Cards, verdicts: Verdicts, items: Items
) -> None:
    shown = preview(selection, cards, Filter(), SUGGESTED, "ann")
    assert (shown["count"], shown["left_out"]) == (ROWS - len(UNJUDGED), len(UNJUDGED))
    counts = [change["count"] for change in shown["changes"]]
    assert counts == sorted(counts, reverse=True)
    for change in shown["changes"]:
        given, to = items.codes[change["given"]], items.codes[change["to"]]
        assert change["count"] == ((items.given == given) & (items.suggested == to)).sum()
    take(selection, cards, Filter(), SUGGESTED)
    own = verdicts.of("ann")
    judged = np.delete(np.arange(ROWS), UNJUDGED)
    assert (own.bits[judged] == BIT["relabel"]).all()
    np.testing.assert_array_equal(own.to - 1, items.suggested)
    event = next(verdicts.log.standing([items.id_of(0)]))
    assert event.new_labels == (event.suggestion_shown,) == (items.label(items.suggested[0]),)


def test_relabelling_leaves_out_the_rows_that_have_the_label(selection: Selection, cards: Cards, items: Items) -> None:
    bulk = Bulk("relabel", ("joy",))
    joyful = int((items.given == items.codes["joy"]).sum())
    shown = preview(selection, cards, Filter(), bulk, "ann")
    assert (shown["count"], shown["left_out"]) == (ROWS - joyful, joyful)
    assert {change["to"] for change in shown["changes"]} == {"joy"}
    assert "joy" not in {change["given"] for change in shown["changes"]}
    assert take(selection, cards, Filter(), bulk) == ROWS - joyful


def test_rows_can_be_named_by_ids(selection: Selection, cards: Cards, verdicts: Verdicts, items: Items) -> None:
    ids = [items.id_of(row) for row in (9, 7, 9)]
    assert take(selection, cards, [*ids, "unknown"], Bulk("ambiguous", ("joy", "love"))) == 2
    assert np.flatnonzero(verdicts.bits()).tolist() == [7, 9]


def test_the_same_batch_is_decided_once(selection: Selection, cards: Cards, verdicts: Verdicts) -> None:
    filter = Filter(given=("joy",))
    token = preview(selection, cards, filter, Bulk("unsure"), "ann")["token"]
    first = decide(selection, filter, Bulk("unsure"), "ann", batch_id="batch", token=token)
    seq = verdicts.log.changes(0).seq
    assert decide(selection, filter, Bulk("unsure"), "ann", batch_id="batch", token=token) == first
    assert verdicts.log.changes(0).seq == seq
    assert take(selection, cards, filter, Bulk("unsure"), batch_id="another") == first["count"]


def test_what_has_changed_since_the_preview_is_not_decided(
    selection: Selection, cards: Cards, verdicts: Verdicts
) -> None:
    token = preview(selection, cards, QUEUE, SUGGESTED, "ann")["token"]
    reviewing.decide(verdicts, int(selection.rows(QUEUE)[0]), "bob")
    left = len(selection.rows(QUEUE))
    with pytest.raises(DecisionError, match=f"changed since the preview: the action would now decide {left} of them"):
        decide(selection, QUEUE, SUGGESTED, "ann", batch_id="batch", token=token)
    assert len([*verdicts.log.standing()]) == 1
    assert take(selection, cards, QUEUE, SUGGESTED) == left


def test_a_token_is_of_the_rows_their_labels_and_what_is_decided(
    selection: Selection, cards: Cards, verdicts: Verdicts, items: Items
) -> None:
    other = replace(items, fingerprint="another dataset")
    another = np.where(items.suggested < 0, -1, (items.suggested + 1) % 6).astype(np.int32)
    swapped = replace(items, suggested=another)
    cases = [
        (selection, QUEUE, SUGGESTED),
        (selection, Filter(issue=True, split=("train",)), SUGGESTED),
        (selection, QUEUE, Bulk("exclude")),
        (selection, QUEUE, Bulk("keep")),
        (selection, QUEUE, Bulk("keep", note="noted later")),
        (selection, QUEUE, Bulk("ambiguous", ("joy", "love"))),
        (selection, QUEUE, Bulk("ambiguous", ("joy", "fear"))),
        (Selection(other, verdicts), QUEUE, SUGGESTED),
        (Selection(swapped, verdicts), QUEUE, SUGGESTED),
    ]
    tokens = [preview(*case[:1], cards, *case[1:], "ann")["token"] for case in cases]
    assert len(set(tokens)) == len(tokens)
    assert preview(selection, cards, QUEUE, SUGGESTED, "bob")["token"] == tokens[0]


@pytest.mark.parametrize(
    ("bulk", "why"),
    [
        (Bulk("relabel"), "expected one label"),
        (Bulk("relabel", ("joy", "love")), "expected one label"),
        (Bulk("relabel", ("bliss",)), "does not have"),
        (Bulk("ambiguous", ("joy",)), "two or more"),
        (Bulk("none_fits", ("joy",)), "the dataset already has it"),
        (Bulk("keep", ("joy",)), "expected no label"),
        (Bulk("perhaps"), "verdict"),  # type: ignore[arg-type]
        (Bulk("keep", note="\0"), "note"),
        (Bulk("exclude", use_suggestion=True), "expected 'relabel'"),
        (Bulk("relabel", ("joy",), use_suggestion=True), "expected 'relabel'"),
    ],
)
def test_a_decision_that_no_row_could_take_is_refused(
    selection: Selection, cards: Cards, verdicts: Verdicts, bulk: Bulk, why: str
) -> None:
    with pytest.raises(DecisionError, match=why):
        preview(selection, cards, QUEUE, bulk, "ann")
    with pytest.raises(DecisionError, match=why):
        decide(selection, QUEUE, bulk, "ann", batch_id="batch", token="")
    assert [*verdicts.log.standing()] == []


def test_nothing_to_decide_is_said(selection: Selection, cards: Cards) -> None:
    shown = preview(selection, cards, [], Bulk("keep"), "ann")
    assert (shown["count"], shown["sample"], shown["changes"]) == (0, [], [])
    with pytest.raises(DecisionError, match="no row"):
        decide(selection, [], Bulk("keep"), "ann", batch_id="batch", token=shown["token"])


def test_a_bad_filter_is_refused(selection: Selection, cards: Cards) -> None:
    with pytest.raises(FilterError):
        preview(selection, cards, Filter(given=("bliss",)), Bulk("keep"), "ann")


def test_the_id_of_another_action_decides_nothing(selection: Selection, cards: Cards, verdicts: Verdicts) -> None:
    single = reviewing.decide(verdicts, 1)
    take(selection, cards, [selection.items.id_of(2)], Bulk("unsure"), batch_id="batch")
    for batch_id, bulk, me in [
        (single, Bulk("keep"), "ann"),
        ("batch", Bulk("keep"), "ann"),
        ("batch", Bulk("unsure"), "bob"),
    ]:
        with pytest.raises(DecisionError, match="the id of another action"):
            decide(selection, QUEUE, bulk, me, batch_id=batch_id, token="")
