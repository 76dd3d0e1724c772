"""Guidelines and changes of classes in a received log: valid ones are read, others refused with their place."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auditor.errors import LogError
from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog
from tests.review.events import NOON, RUN, decide

RENAME = {"operation": "rename", "labels": ["joy"], "to": "bliss"}


def other(kind: str, **fields: Any) -> Event:
    about = {"event_id": f"e-{kind}", "run_id": RUN, "kind": kind, "reviewer": "ann", "at": NOON, "source": "queue"}
    return Event.model_validate({**about, **fields})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "decisions.db"
    with closing(DecisionLog(path, RUN)) as log:
        log.append(
            [decide("1", guideline="0" * 12), other("guideline", guidelines="# hi"), other("labels", labels=RENAME)]
        )
        log.append([other("undo", undoes="e-labels")])
    return path


def changed(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        trigger = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'events_no_update'").fetchone()[0]
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute(statement, values)
        connection.execute(trigger)


def test_they_are_read_as_written(file: Path) -> None:
    with closing(DecisionLog(file, RUN)) as log:
        found = {event.kind: event for event in log.all_events()}
        assert (found["guideline"].guidelines, found["decide"].guideline) == ("# hi", "0" * 12)
        assert found["labels"].labels == other("labels", labels=RENAME).labels
        assert [event.item_id for event in log.standing()] == ["1"]
        assert log.reviewers()[0].decided == 1
        assert not [event for _, event in log.served() if event.kind == "decide"]


@pytest.mark.parametrize(
    ("kind", "extra"),
    [
        *(
            ("guideline", extra)
            for extra in (None, "{}", '{"labels": 1}', '{"guidelines": 1}', '{"guidelines": "a\\u0000"}')
        ),
        ("guideline", '{"guidelines": "%s"}' % ("x" * 50_001)),
        ("guideline", '{"guidelines": "x", "arm": "blind"}'),
        *(("labels", extra) for extra in (None, '{"guidelines": "x"}', '{"labels": {}}')),
        ("labels", '{"labels": {"operation": "rename", "labels": ["a"]}}'),
        ("labels", '{"labels": {"operation": "rename", "labels": ["a"], "to": " a"}}'),
        ("labels", '{"labels": {"operation": "rename", "labels": ["a"], "to": "a\\nb"}}'),
        ("labels", '{"labels": {"operation": "delete", "labels": ["a"], "to": "b"}}'),
        ("labels", '{"labels": {"operation": "delete", "labels": []}}'),
        ("labels", '{"labels": {"operation": "drop", "labels": ["a"]}}'),
        *(("decide", extra) for extra in ('{"guideline": "x"}', '{"guidelines": "x"}', '{"labels": null}')),
        ("undo", '{"guideline": "000000000000"}'),
    ],
    ids=lambda value: f"{value!s:.60}",
)
def test_others_are_refused(file: Path, kind: str, extra: str | None) -> None:
    changed(file, "UPDATE events SET extra = ? WHERE kind = ?", extra, kind)
    with pytest.raises(LogError, match="column extra: "):
        DecisionLog(file, RUN)


@pytest.mark.parametrize("column", ["item_id", "verdict", "note", "undoes", "batch_id", "new_labels"])
@pytest.mark.parametrize("kind", ["guideline", "labels"])
def test_they_have_nothing_of_decisions(file: Path, kind: str, column: str) -> None:
    value = {"new_labels": '["joy"]', "verdict": "keep", "undoes": f"e-{kind}", "batch_id": f"e-{kind}"}.get(
        column, "x"
    )
    changed(file, f"UPDATE events SET {column} = ? WHERE kind = ?", value, kind)
    with pytest.raises(LogError, match="table events"):
        DecisionLog(file, RUN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "guideline"},
        {"kind": "labels"},
        {"kind": "guideline", "guidelines": "x" * 50_001},
        {"kind": "guideline", "guidelines": "\ud800"},
        {"kind": "guideline", "guidelines": "x", "labels": RENAME},
        {"kind": "guideline", "guidelines": "x", "guideline": "0" * 12},
        {"kind": "labels", "labels": {**RENAME, "more": 1}},
        {"kind": "undo", "undoes": "x", "guidelines": "x"},
    ],
    ids=repr,
)
def test_what_no_such_event_may_hold(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        other(**wrong)
