from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import LogError
from auditor.review.log.event import SOURCES, Event
from auditor.review.log.jsonl import export_log, import_log
from auditor.review.log.log import DecisionLog
from tests.disk import files_up_to
from tests.review.events import NOON, RUN, bulk, decide, later, stands, turn

Open = Callable[..., DecisionLog]

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)
labels = texts.filter(bool)
ids = st.text("abcXYZ019_-", min_size=1, max_size=64)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))
_new = count()


@st.composite
def decisions(draw: st.DrawFn) -> Event:
    """Anything that a decision may hold."""
    verdict, new_labels = draw(
        st.one_of(
            st.tuples(st.sampled_from(["keep", "exclude", "unsure"]), st.just([])),
            st.tuples(st.just("relabel"), st.lists(labels, min_size=1, max_size=1)),
            st.tuples(st.just("ambiguous"), st.lists(labels, min_size=2, max_size=4, unique=True)),
            st.tuples(st.just("none_fits"), st.lists(labels.filter(str.strip), max_size=1)),
        )
    )
    return decide(
        draw(labels),
        draw(st.sampled_from(["ann", "Zoë", "李"])),
        verdict,
        new_labels=new_labels,
        event_id=f"{draw(ids)[:40]}-{next(_new)}",
        item_hash=draw(st.text("0123456789abcdef", min_size=32, max_size=32)),
        note=draw(texts),
        at=draw(moments),
        seconds=draw(st.none() | st.floats(0, allow_infinity=False)),
        source=draw(st.sampled_from(SOURCES)),
        batch_id=draw(st.none() | ids),
        suggestion_shown=draw(st.none() | labels),
        suspicion_seen=draw(st.none() | st.floats(0, 1)),
    )


@st.composite
def crowded_logs(draw: st.DrawFn) -> list[Event]:
    """Few rows, reviewers, actions and times, so that they meet; also undos that come before what they undo."""
    made = []
    for number in range(draw(st.integers(0, 12))):
        reviewer, at = draw(st.sampled_from(["ann", "bob"])), later(draw(st.integers(0, 3)))
        event_id, action = f"event-{number}", f"event-{draw(st.integers(0, 3))}"
        kind = draw(st.sampled_from(["decide", "bulk", "undo", "redo"]))
        if kind in ("undo", "redo"):
            made.append(turn(kind, action, reviewer, at=at, event_id=event_id))
        else:
            item, verdict = draw(st.sampled_from("123")), draw(st.sampled_from(["keep", "exclude"]))
            batch = action if kind == "bulk" else None
            made.append(decide(item, reviewer, verdict, at=at, event_id=event_id, batch_id=batch))
    return made


def write(path: Path, events: Iterable[Event]) -> Path:
    path.write_bytes(b"".join(event.model_dump_json().encode() + b"\n" for event in events))
    return path


def expected(events: Iterable[Event]) -> dict[tuple[str | None, str], str | None]:
    """What stands, by the definition alone."""
    in_order = sorted(events, key=lambda event: (event.at, event.event_id))
    last_turn = {(event.reviewer, event.action): event.kind for event in in_order if event.kind != "decide"}
    return {
        (event.item_id, event.reviewer): event.verdict
        for event in in_order
        if event.kind == "decide" and last_turn.get((event.reviewer, event.action)) != "undo"
    }


quick = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.slow
@quick
@given(events=st.lists(decisions(), max_size=8))
def test_nothing_is_lost_either_way(open_log: Open, tmp_path: Path, events: list[Event]) -> None:
    run = f"run-{next(_new)}"
    events = [event.model_copy(update={"run_id": run}) for event in events]
    first, second = open_log(run), DecisionLog(tmp_path / f"{run}.db", run)
    one_way, back = tmp_path / f"{run}.jsonl", tmp_path / f"{run}-back.jsonl"
    try:
        first.append(events, stamp=False)
        assert export_log(first, one_way) == len(events)
        assert import_log(second, one_way) == (len(events), 0)
        export_log(second, back)
        assert back.read_bytes() == one_way.read_bytes()
        assert sorted(second.all_events(), key=_id) == sorted(events, key=_id)
        assert import_log(first, back) == (0, len(events))
    finally:
        first.close()
        second.close()


def _id(event: Event) -> str:
    return event.event_id


@pytest.mark.slow
@quick
@given(events=crowded_logs(), data=st.data())
def test_the_order_of_imports_does_not_matter(
    open_log: Open, tmp_path: Path, events: list[Event], data: st.DataObject
) -> None:
    run = f"run-{next(_new)}"
    events = [event.model_copy(update={"run_id": run}) for event in events]
    shuffled = data.draw(st.permutations(events))
    cut, overlap = data.draw(st.integers(0, len(events))), data.draw(st.integers(0, 2))
    parts = [write(tmp_path / "a", shuffled[: cut + overlap]), write(tmp_path / "b", shuffled[cut:])]
    outcomes = []
    for number, order in enumerate((parts, parts[::-1])):
        log = open_log(run) if number else DecisionLog(tmp_path / f"{run}.db", run)
        for part in order:
            import_log(log, part)
        out = tmp_path / f"{run}-{number}.jsonl"
        export_log(log, out)
        outcomes.append((stands(log), log.reviewers(), out.read_bytes()))
        log.rebuild()
        assert (stands(log), log.reviewers()) == outcomes[-1][:2]
        log.close()
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == expected(events)


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["one way", "the other"])
def test_of_two_at_the_same_moment_the_one_with_the_greater_id_is_the_last(
    open_log: Open, tmp_path: Path, order: slice
) -> None:
    log = open_log()
    pairs = [
        [decide("1", event_id="a"), decide("1", event_id="b", verdict="exclude")],
        [decide("2", event_id="c"), turn("undo", "c", event_id="d"), turn("redo", "c", event_id="e")],
        [decide("4", event_id="Z", verdict="exclude"), decide("4", event_id="a1")],
        [decide("3", event_id="f"), turn("redo", "f", event_id="g"), turn("undo", "f", event_id="h")],
    ]
    for number, event in enumerate(one for pair in pairs for one in pair[order]):
        import_log(log, write(tmp_path / f"{number}", [event]))
    assert stands(log) == {("1", "ann"): "exclude", ("2", "ann"): "keep", ("4", "ann"): "keep"}


def test_what_stands_on_two_machines_meets_in_one(open_log: Open, tmp_path: Path) -> None:
    at_home, at_work = open_log(), DecisionLog(tmp_path / "work.db", RUN)
    at_home.append(bulk(["1", "2"], "batch"))
    export_log(at_home, tmp_path / "home.jsonl")
    import_log(at_work, tmp_path / "home.jsonl")
    at_work.append([decide("2", verdict="exclude"), decide("3", "bob")])
    at_work.undo("ann", "undo", "batch")
    export_log(at_work, tmp_path / "work.jsonl")
    assert import_log(at_home, tmp_path / "work.jsonl") == (3, 2)
    assert stands(at_home) == stands(at_work) == {("2", "ann"): "exclude", ("3", "bob"): "keep"}
    redo = at_home.redo("ann", "redo", "batch")
    assert redo is not None, "what was undone elsewhere can be redone here"
    at_work.close()


def line(**changes: object) -> bytes:
    return json.dumps({**json.loads(decide("2", at=later(1)).model_dump_json()), **changes}).encode()


BAD_LINES = {
    "torn": line()[:-9],
    "no JSON": b"hello",
    "not an object": b"[1, 2]",
    "null": b"null",
    "empty object": b"{}",
    "not UTF-8": line().replace(b'"ann"', b'"\xff\xfe"'),
    "half a surrogate pair": line(note="x").replace(b'"x"', b'"\\ud800"'),
    "deep": b"[" * 100_000,
    "endless": b'{"note": "' + b"x" * 5_000_000 + b'"}',
    "unknown field": line(color="red"),
    "missing field": line().replace(b'"reviewer"', b'"viewer"'),
    "unknown kind": line(kind="drop"),
    "unknown verdict": line(verdict="perhaps"),
    "verdict missing": line(verdict=None),
    "a number as text": line(seconds="1"),
    "no number": line(seconds=1).replace(b'"seconds": 1', b'"seconds": NaN'),
    "a negative time": line(seconds=-1),
    "suspicion over one": line(suspicion_seen=1.5),
    "a time without a zone": line(at="2026-01-01T12:00:00"),
    "a time that is none": line(at="yesterday"),
    "a time outside of time": line(at="0001-01-01T00:00:00+10:00"),
    "a time in the future": line(at="9999-12-31T23:59:59.999999Z"),
    "a name over two lines": line(reviewer="ann\nbob"),
    "a name that hides": line(reviewer="ann\u202e"),
    "a nul": line(note="\0"),
    "a nul in the row": line(item_id="\0"),
    "a long note": line(note="x" * 10_001),
    "an id of another shape": line(event_id="../../etc"),
    "a hash of another shape": line(item_hash="0"),
    "a decision that undoes": line(undoes="x"),
    "an undo with a verdict": line(kind="undo", undoes="x"),
    "an undo of nothing": line(kind="undo", verdict=None),
    "relabelled as nothing": line(verdict="relabel"),
    "ambiguous with one": line(verdict="ambiguous", new_labels=["joy"]),
    "kept with a label": line(new_labels=["joy"]),
    "of another run": line(run_id="run-2"),
    "an id that is taken": line(event_id="taken"),
}


@pytest.mark.parametrize("bad", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_named_and_nothing_is_imported(tmp_path: Path, bad: bytes) -> None:
    log = DecisionLog(tmp_path / "decisions.db", RUN)
    try:
        log.append([decide("0", event_id="taken")])
        path = write(tmp_path / "in.jsonl", [decide("1")])
        path.write_bytes(path.read_bytes() + b"\n" + bad + b"\n" + line(item_id="3") + b"\n")
        with pytest.raises(LogError, match=r"in\.jsonl, line 3: ") as refused:
            import_log(log, path)
        assert len(refused.value.what) < 600
        assert stands(log) == {("0", "ann"): "keep"}
        assert log.changes(1).seq == 1
        path.write_bytes(path.read_bytes().replace(b"\n" + bad, b""))
        assert import_log(log, path) == (2, 0)
    finally:
        log.close()


def test_a_last_line_without_an_end_is_whole_or_refused(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.db", RUN)
    path = write(tmp_path / "in.jsonl", [decide("1"), decide("2")])
    whole = path.read_bytes()
    path.write_bytes(whole[:-2])
    with pytest.raises(LogError, match="line 2"):
        import_log(log, path)
    path.write_bytes(whole[:-1])
    assert import_log(log, path) == (2, 0)
    log.close()


def test_a_clock_may_be_a_little_ahead(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.db", RUN)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    assert import_log(log, write(tmp_path / "in", [decide("1", at=soon)])) == (1, 0)
    log.append([decide("1", verdict="exclude")])
    assert stands(log) == {("1", "ann"): "exclude"}
    log.close()


@pytest.mark.parametrize("content", [b"text,label\nhi,joy\n", b"\x00\xff", b'{"event_id": "1"}\n'])
def test_an_export_replaces_no_file_of_another_kind(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "tweets.csv"
    file.write_bytes(content)
    with closing(DecisionLog(tmp_path / "decisions.db", RUN)) as log:
        with pytest.raises(LogError, match=r"tweets\.csv exists and is not an export of this decision log"):
            export_log(log, file)
        with pytest.raises(LogError, match="is not an export"):
            export_log(log, tmp_path / "decisions.db")
    assert file.read_bytes() == content


def test_an_export_replaces_an_earlier_one_and_loses_no_event(tmp_path: Path) -> None:
    file = tmp_path / "backup.jsonl"
    with closing(DecisionLog(tmp_path / "decisions.db", RUN)) as log:
        for row in ("1", "2"):
            log.append([decide(row, at=NOON)])
            export_log(log, file)
    before = file.read_bytes()
    with closing(DecisionLog(tmp_path / "emptied.db", RUN)) as log:
        with pytest.raises(LogError, match="holds 2 events that this decision log does not have"):
            export_log(log, file)
        assert file.read_bytes() == before
        import_log(log, file)
        export_log(log, file)
    assert file.read_bytes() == before


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.db", RUN)
    log.append([decide(str(n), at=NOON) for n in range(400)])
    with pytest.raises(LogError, match=r"missing\.jsonl cannot be read"):
        import_log(log, tmp_path / "missing.jsonl")
    with pytest.raises(LogError, match="cannot be read"):
        import_log(log, tmp_path)
    with pytest.raises(LogError, match="cannot be written"):
        export_log(log, tmp_path / "missing" / "out.jsonl")
    export_log(log, tmp_path / "out.jsonl")
    before = (tmp_path / "out.jsonl").read_bytes()
    with files_up_to(40_000), pytest.raises(LogError, match=r"out\.jsonl cannot be written"):
        export_log(log, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))
    log.close()
