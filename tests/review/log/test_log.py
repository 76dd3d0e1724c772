from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.errors import DecisionError, FilterError, LogError
from auditor.review.log.changes import Changes
from auditor.review.log.log import DecisionLog, ReviewerFigures
from tests.review.events import RUN, bulk, decide, later, stands, turn

Open = Callable[..., DecisionLog]


def test_what_goes_in_comes_out(open_log: Open) -> None:
    event = decide(
        "train-1 \U0001f600 'quoted\"",
        "Ann Ó Fé",
        "ambiguous",
        new_labels=("joy", '"],\u2028'),
        note="it's\nboth",
        seconds=0.1 + 0.2,
        suggestion_shown="love",
        suspicion_seen=1 / 3,
        at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    )
    assert open_log().append([event], stamp=False) == [event.event_id]
    log = open_log()
    assert list(log.standing()) == list(log.all_events()) == log.history(event.item_id or "") == [event]


def test_an_event_written_twice_is_one_event(open_log: Open) -> None:
    log, one, two = open_log(), decide("1"), decide("2")
    assert log.append([one, one]) == [one.event_id]
    assert log.append([one, two]) == [two.event_id]
    assert open_log().append([two, one]) == []
    assert len(list(log.all_events())) == 2


def test_an_id_that_says_something_else_is_refused_and_nothing_is_written(open_log: Open) -> None:
    log, one = open_log(), decide("1")
    log.append([one])
    other = one.model_copy(update={"verdict": "exclude"})
    with pytest.raises(DecisionError, match=f"already has another event .{one.event_id}"):
        log.append([decide("2"), other])
    with pytest.raises(DecisionError, match="already has another event"):
        log.append([decide("3", event_id="same"), decide("4", event_id="same")])
    assert stands(log) == {("1", "ann"): "keep"}


def test_an_event_of_another_run_is_refused(open_log: Open) -> None:
    with pytest.raises(LogError, match=f"run 'other'.*{RUN}"):
        open_log().append([decide("1", run_id="other")])


def test_stamps_are_now_and_always_later_than_before(open_log: Open) -> None:
    log, ahead = open_log(), datetime.now(UTC) + timedelta(minutes=5)
    log.append([decide(str(n)) for n in range(3)])
    assert all(abs(event.at - datetime.now(UTC)) < timedelta(minutes=1) for event in log.all_events())
    log.append([decide("4", at=ahead)], stamp=False)
    log.append([decide("5")])
    undone = log.undo("ann", "undo")
    assert undone is not None
    times = [event.at for event in log.all_events()]
    assert times[3] == ahead
    assert times == sorted(set(times))
    assert undone.at == times[-1]


def test_the_last_decision_of_each_reviewer_stands(open_log: Open) -> None:
    log = open_log()
    log.append([decide("1", "ann", "keep"), decide("1", "ann", "exclude"), decide("1", "bob", "unsure")])
    assert stands(log) == {("1", "ann"): "exclude", ("1", "bob"): "unsure"}
    assert [event.verdict for event in log.standing(["1", "1", "none"])].count("unsure") == 1
    assert list(log.standing(["none"])) == list(log.standing([])) == []


def test_undo_brings_back_what_stood_before(open_log: Open) -> None:
    log = open_log()
    log.append([decide("1", verdict="keep"), decide("1", verdict="exclude")])
    assert log.undo("bob", "undo-0") is None
    log.undo("ann", "undo-1")
    assert stands(log) == {("1", "ann"): "keep"}
    log.undo("ann", "undo-2")
    assert stands(log) == {}
    assert log.undo("ann", "undo-3") is None
    for number in range(2):
        log.redo("ann", f"redo-{number}")
    assert log.redo("ann", "redo-2") is None
    assert stands(log) == {("1", "ann"): "exclude"}


def test_undo_and_redo_say_what_they_did_and_the_same_id_does_it_once(open_log: Open) -> None:
    log = open_log()
    first, second = decide("1", source="table"), decide("2")
    log.append([first, second])
    undo = open_log().undo("ann", "undo")
    assert undo is not None
    assert (undo.kind, undo.undoes, undo.item_id, undo.item_hash) == ("undo", second.event_id, "2", "0" * 32)
    assert log.undo("ann", "undo") == undo
    assert stands(log) == {("1", "ann"): "keep"}
    redo = log.redo("ann", "redo")
    assert redo is not None
    assert (redo.kind, redo.undoes) == ("redo", second.event_id)
    assert log.redo("ann", "redo") == redo
    chosen = log.undo("ann", "undo-first", first.event_id)
    assert chosen is not None
    assert (chosen.item_id, chosen.source) == ("1", "table")


@pytest.mark.parametrize("reviewer", ["ann", "bob"])
def test_the_id_of_another_event_is_no_id_for_an_undo(open_log: Open, reviewer: str) -> None:
    log, event = open_log(), decide("1")
    log.append([event])
    log.undo("ann", "undo")
    for taken in (event.event_id, "undo"):
        with pytest.raises(DecisionError, match="already has another event"):
            log.redo(reviewer, taken)


def test_a_target_must_be_theirs_and_in_the_right_state(open_log: Open) -> None:
    log, event = open_log(), decide("1")
    log.append([event, decide("2")])
    assert log.undo("bob", "undo-0", event.event_id) is None
    assert log.redo("ann", "redo-0", event.event_id) is None
    assert log.undo("ann", "undo-1", "no-such-action") is None
    assert log.undo("ann", "undo-2", event.event_id) is not None
    assert log.undo("ann", "undo-3", event.event_id) is None
    assert stands(log) == {("2", "ann"): "keep"}


def test_nothing_is_redone_once_something_else_was_decided_unless_it_is_named(open_log: Open) -> None:
    log, old = open_log(), decide("1")
    log.append([old])
    log.undo("ann", "undo")
    log.append([decide("2", "bob")])
    log.append([decide("3")])
    assert log.redo("ann", "redo-1") is None
    assert log.redo("ann", "redo-2", old.event_id) is not None


def test_a_bulk_is_undone_and_redone_as_one(open_log: Open) -> None:
    log = open_log()
    log.append([decide("2", verdict="exclude"), decide("2", "bob")])
    log.append(bulk(["1", "2", "3"], "batch"))
    assert log.items_of("batch") == ["1", "2", "3"]
    undo = log.undo("ann", "undo")
    assert undo is not None
    assert (undo.undoes, undo.item_id, undo.item_hash, undo.source) == ("batch", None, None, "bulk")
    assert stands(log) == {("2", "ann"): "exclude", ("2", "bob"): "keep"}
    log.redo("ann", "redo")
    assert stands(log) == {("1", "ann"): "keep", ("2", "ann"): "keep", ("3", "ann"): "keep", ("2", "bob"): "keep"}


def test_history_tells_everything_about_a_row(open_log: Open) -> None:
    log = open_log()
    log.append([decide("1", "bob", "unsure")])
    log.append(bulk(["1", "2"], "batch"))
    log.undo("ann", "undo")
    log.append([decide("2", "cid")])
    log.undo("cid", "undo-of-another-row")
    log.redo("ann", "redo")
    told = [(event.kind, event.reviewer, event.verdict) for event in log.history("1")]
    assert told == [
        ("decide", "bob", "unsure"),
        ("decide", "ann", "keep"),
        ("undo", "ann", None),
        ("redo", "ann", None),
    ]
    assert log.history("nothing") == []


def test_changes_name_the_rows_since(open_log: Open) -> None:
    log = open_log()
    assert (log.changes(0).seq, log.changes(0).item_ids) == (0, [])
    log.append([decide("1")])
    first = log.changes(0)
    assert first.item_ids == ["1"]
    log.append(bulk(["2", "3"], "batch"))
    second = log.changes(first.seq)
    assert sorted(second.item_ids) == ["2", "3"]
    assert log.changes(second.seq) == Changes(second.seq, [], set(), False)
    log.undo("ann", "undo")
    third = log.changes(second.seq)
    assert sorted(third.item_ids) == ["2", "3"]
    assert (third.kinds, third.adjudications) == ({"undo"}, True)
    log.append([decide("4", event_id="one"), decide("5", event_id="two"), decide("4", "bob", event_id="three")])
    assert log.changes(third.seq) == Changes(third.seq + 3, ["4", "5"], {"decide"}, False)
    assert log.changes(100) == Changes(100, [], set(), False)


def test_changes_of_many_events_are_those_of_their_parts(open_log: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    log, seen, parts = open_log(), 1, set[str]()
    log.append([decide("0")])
    for number in range(1, 6):
        log.append([decide(str(number)), *bulk([str(number), f"b{number}"], f"batch-{number}")])
        part = log.changes(seen)
        seen, parts = part.seq, parts | {*part.item_ids}
    for number in (3, 1_000):
        monkeypatch.setattr("auditor.review.log.changes.LOOKED_AT", number)
        whole = log.changes(1)
        assert (whole.seq, {*whole.item_ids}) == (seen, parts)
    assert "decide" in whole.kinds


def test_runs_in_one_database_do_not_see_each_other(open_log: Open) -> None:
    one, other = open_log(), open_log("run-2")
    one.append([decide("1", event_id="same")])
    other.append([decide("1", event_id="same", verdict="exclude", run_id="run-2")])
    key = one.save_selection(["1"])
    assert stands(one) == {("1", "ann"): "keep"}
    assert (other.changes(0).seq, other.changes(0).item_ids) == (1, ["1"])
    one.undo("ann", "undo")
    one.rebuild()
    assert stands(other) == {("1", "ann"): "exclude"}
    assert [figures.by_verdict for figures in other.reviewers()] == [{"exclude": 1}]
    with pytest.raises(FilterError, match=key):
        other.selection(key)


def test_figures(open_log: Open) -> None:
    log = open_log()
    assert log.reviewers() == []
    log.append(
        [
            decide("1", seconds=1.0, at=later(0)),
            decide("2", "ann", "exclude", seconds=4.0, at=later(1)),
            decide("2", "ann", "unsure", seconds=2.0, at=later(2)),
            decide("1", "bob", at=later(3)),
            *bulk(["3", "4", "5"], "batch", at=later(4)),
            turn("undo", "batch", at=later(5)),
            decide("6", "cid", seconds=3.0, at=later(6), event_id="gone"),
            turn("undo", "gone", "cid", at=later(7)),
        ],
        stamp=False,
    )
    assert log.reviewers() == [
        ReviewerFigures("ann", 2, 3, later(0), later(4), 2.0, {"keep": 1, "unsure": 1}),
        ReviewerFigures("bob", 1, 0, later(3), later(3), None, {"keep": 1}),
        ReviewerFigures("cid", 0, 1, later(6), later(6), 3.0, {}),
    ]
    log.append([decide("7", seconds=3.0, at=later(8))], stamp=False)
    assert log.reviewers()[0].median_seconds == 2.5


def test_a_selection_is_kept_under_the_same_key(open_log: Open) -> None:
    log = open_log()
    key = log.save_selection(["b", "a", "b", "ü"])
    assert open_log().save_selection(["ü", "a", "b"]) == key
    assert log.save_selection(["a"]) != key
    assert log.selection(key) == ["a", "b", "ü"]
    with pytest.raises(FilterError, match=r"selection.*'none'"):
        log.selection("none")


def test_many_more_than_go_to_the_database_at_once(open_log: Open) -> None:
    log, items = open_log(), [f"row-{number}" for number in range(1_203)]
    events = bulk(items, "batch")
    assert len(log.append(events)) == 1_203
    assert log.append([*events, decide("new")])[0].startswith("decision-")
    assert log.items_of("batch") == items
    assert {event.item_id for event in log.standing(items)} == set(items)
    log.undo("ann", "undo", "batch")
    assert stands(log) == {("new", "ann"): "keep"}


def test_threads_share_a_log(open_log: Open) -> None:
    log = open_log()

    def work(reviewer: str) -> None:
        for number in range(8):
            log.append([decide(f"row-{number}", reviewer)])
            assert any(event.reviewer == reviewer for event in log.standing([f"row-{number}"]))
        log.undo(reviewer, f"undo-of-{reviewer[-1]}")

    names = [f"reviewer {number}" for number in range(8)]
    with ThreadPoolExecutor(len(names)) as pool:
        for done in [pool.submit(work, name) for name in names]:
            done.result()
    assert stands(log) == {(f"row-{number}", name): "keep" for number in range(7) for name in names}
    assert log.changes(0).seq == 8 * 9


def test_reading_goes_on_while_somebody_writes(open_log: Open) -> None:
    log = open_log()
    log.append([decide(str(number)) for number in range(1_100)])
    reading = log.standing()
    first = next(reading)
    open_log().append([decide("0", verdict="exclude"), decide("new")])
    rest = [first, *reading]
    assert len(rest) == 1_100, "the state when the reading began"
    assert {event.verdict for event in rest} == {"keep"}


def test_a_reading_that_is_left_halfway_holds_nothing_up(open_log: Open) -> None:
    log = open_log()
    log.append([decide(str(number)) for number in range(1_100)])
    for _ in range(80):
        next(log.standing())
    assert log.append([decide("new")])


def test_everything_can_be_made_again_from_the_events(open_log: Open) -> None:
    log = open_log()
    log.append([decide("1"), decide("1", "bob"), *bulk(["1", "2"], "batch")])
    log.undo("ann", "undo-1")
    log.append([decide("3")])
    log.undo("ann", "undo-2")
    log.undo("bob", "undo-3")
    log.redo("bob", "redo")
    before = stands(log), log.reviewers()
    log.rebuild()
    assert (stands(log), log.reviewers()) == before
    redone = log.redo("ann", "redo-after")
    assert redone is not None
    assert redone.item_id == "3"


def test_a_file_that_was_taken_away_is_not_written_on(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.db", RUN)
    log.append([decide("1")])
    for file in tmp_path.iterdir():
        file.rename(file.with_name("away-" + file.name))
    with pytest.raises(LogError, match="removed or replaced"):
        log.append([decide("2")])
    for file in list(tmp_path.glob("away-*")):
        file.rename(file.with_name(file.name.removeprefix("away-")))
    log.append([decide("3")])
    assert len(list(log.all_events())) == 2
    log.close()
