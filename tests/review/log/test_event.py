from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from auditor.errors import DecisionError
from auditor.review.log.event import VERDICTS, Event, check_decision, check_labels, item_hash
from tests.review.events import RUN, decide, turn

NAMES = ("joy", "love", "anger")


def relabelled(*new_labels: str, verdict: str = "relabel") -> Event:
    return decide("1", verdict=verdict, new_labels=new_labels, item_hash=item_hash("so glad", "joy"))


def refusal(event: Event, given: str = "joy") -> str:
    with pytest.raises(DecisionError) as refused:
        check_decision(event, NAMES, given, item_hash("so glad", given))
    assert refused.value.todo
    return refused.value.what


def test_an_event_never_changes() -> None:
    event = decide("1")
    with pytest.raises(ValidationError, match="frozen"):
        event.verdict = "exclude"


def test_the_action_is_what_is_undone_as_one() -> None:
    assert decide("1", event_id="e").action == "e"
    assert decide("1", event_id="e", batch_id="b").action == "b"
    assert turn("undo", "b").action == turn("redo", "b").action == "b"


def test_times_are_utc() -> None:
    event = decide("1", at=datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    assert (event.at.hour, event.at.tzinfo) == (10, UTC)
    assert '"at":"2026-01-01T10:00:00Z"' in event.model_dump_json()


def test_there_is_no_negative_zero() -> None:
    event = decide("1", seconds=-0.0, suspicion_seen=-0.0)
    assert str(event.seconds) == str(event.suspicion_seen) == "0.0"


@pytest.mark.parametrize(
    "wrong",
    [
        {"event_id": ""},
        {"event_id": "a b"},
        {"event_id": "e\n"},
        {"event_id": "e" * 65},
        {"run_id": "../x"},
        {"kind": "delete"},
        {"item_id": ""},
        {"item_id": None},
        {"item_id": "a\0"},
        {"item_id": "x" * 501},
        {"item_hash": "0" * 31},
        {"item_hash": None},
        {"item_hash": None, "item_id": None},
        {"reviewer": ""},
        {"reviewer": " ann"},
        {"reviewer": "ann\n"},
        {"reviewer": "x" * 101},
        {"verdict": None},
        {"verdict": "maybe"},
        {"new_labels": [""]},
        {"new_labels": ["a\0"]},
        {"new_labels": ["a"] * 1_001},
        {"note": "x" * 10_001},
        {"note": "\ud800"},
        {"at": datetime(2026, 1, 1)},
        {"at": datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))},
        {"seconds": -1},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"suspicion_seen": 1.01},
        {"source": "shell"},
        {"batch_id": "'; drop table events"},
        {"undoes": "x"},
        {"color": "red"},
    ],
    ids=repr,
)
def test_what_no_event_may_hold(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        decide(**{"item": "1", **wrong})


@pytest.mark.parametrize(
    "wrong", [{"undoes": None}, {"verdict": "keep"}, {"new_labels": ["a"]}, {"note": "n"}, {"batch_id": "b"}], ids=repr
)
def test_an_undo_says_what_it_undoes_and_nothing_else(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        turn(**{"kind": "undo", "undoes": "x", **wrong})


def test_an_event_needs_no_more_than_this() -> None:
    event = Event.model_validate(
        {"event_id": "e", "run_id": RUN, "kind": "undo", "reviewer": "ann", "at": "2026-01-01T00:00Z"}
        | {"source": "queue", "undoes": "x"}
    )
    assert event.item_id is None


@given(st.text(), st.text(), st.text(), st.text())
def test_the_hash_tells_text_and_label_apart(text: str, label: str, other_text: str, other_label: str) -> None:
    same = (text, label) == (other_text, other_label)
    assert (item_hash(text, label) == item_hash(other_text, other_label)) == same
    assert item_hash(text + "x", label) != item_hash(text, "x" + label)


def test_the_hash_stays_what_it_is() -> None:
    """Logs out there hold it."""
    assert item_hash("so glad", "joy") == "fcd1ea825d5e921355dbfefa82887148"


def test_a_decision_on_a_row_that_has_changed_is_refused() -> None:
    event = relabelled("love")
    check_decision(event, NAMES, "joy", item_hash("so glad", "joy"))
    for text, label in (("so glad!", "joy"), ("so glad", "anger")):
        with pytest.raises(DecisionError, match="Row '1' has changed since it was shown"):
            check_decision(event, NAMES, label, item_hash(text, label))


def test_relabel_takes_one_other_known_label() -> None:
    check_decision(relabelled("anger"), NAMES, "joy", item_hash("so glad", "joy"))
    assert "no labels; expected one label" in refusal(relabelled())
    assert "2 labels; expected one label" in refusal(relabelled("love", "anger"))
    assert "'joy': that is its given label" in refusal(relabelled("joy"))
    assert "'envy': the dataset does not have it" in refusal(relabelled("envy"))


def test_ambiguous_takes_two_known_labels() -> None:
    check_decision(relabelled("joy", "love", verdict="ambiguous"), NAMES, "joy", item_hash("so glad", "joy"))
    assert "1 label; expected two" in refusal(relabelled("joy", verdict="ambiguous"))
    assert "two or more different" in refusal(relabelled("joy", "joy", verdict="ambiguous"))
    assert "'envy'" in refusal(relabelled("joy", "envy", verdict="ambiguous"))


def test_none_fits_may_propose_a_new_class() -> None:
    for proposed in ((), ("envy",)):
        check_decision(relabelled(*proposed, verdict="none_fits"), NAMES, "joy", item_hash("so glad", "joy"))
    assert "2 labels" in refusal(relabelled("envy", "awe", verdict="none_fits"))
    assert "not blank" in refusal(relabelled(" ", verdict="none_fits"))
    assert "the dataset already has it" in refusal(relabelled("love", verdict="none_fits"))


@pytest.mark.parametrize("verdict", sorted({*VERDICTS} - {"relabel", "ambiguous", "none_fits"}))
def test_other_verdicts_take_no_label(verdict: str) -> None:
    check_labels(relabelled(verdict=verdict))
    assert "expected no label" in refusal(relabelled("love", verdict=verdict))


def test_a_proposed_class_is_a_name() -> None:
    check_labels(relabelled("x" * 200, verdict="none_fits"))
    assert "201 characters; expected 200 at most" in refusal(relabelled("x" * 201, verdict="none_fits"))


def test_a_decision_takes_a_week_at_most() -> None:
    assert decide("1", seconds=1.5e308).seconds == 7 * 86_400
