"""Adjudications in the log: settled apart from the votes, undone, merged, and checked in received files."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auditor.errors import LogError
from auditor.review.log.jsonl import export_log, import_log
from auditor.review.log.log import DecisionLog
from tests.review.events import RUN, bulk, decide, stands, turn


def settle(item: str, reviewer: str = "eva", verdict: str = "exclude", **more: Any) -> Any:
    return decide(item, reviewer, verdict, adjudication=True, **more)


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "unsure"},
        {"source": "bulk", "batch_id": "all"},
        {"source": "import"},
        {"source": "repeat"},
        {"batch_id": "all"},
        {"arm": "blind"},
        {"adjudication": False},
    ],
)
def test_an_adjudication_is_one_decision_of_its_own(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        decide("a", "eva", **{"verdict": "keep", "adjudication": True, **wrong})
    with pytest.raises(ValidationError):
        turn("undo", "x", adjudication=True)


def test_it_stands_beside_the_votes_also_beside_its_adjudicators_own(open_log: Callable[..., DecisionLog]) -> None:
    log = open_log()
    log.append([decide("a", "ann"), decide("a", "eva", "exclude"), *bulk(["b"], "all", "bob")])
    first, second = settle("a", verdict="keep"), settle("a", "ida")
    log.append([first])
    log.append([second])
    assert stands(log) == {("a", "ann"): "keep", ("a", "eva"): "exclude", ("b", "bob"): "keep"}
    assert [event.event_id for event in log.adjudications(["a", "b"])] == [first.event_id, second.event_id]
    assert [event.event_id for event in log.standing_and_adjudicated()][-1] == second.event_id
    assert log.undo("ida", "undone", None) is not None
    assert [event.event_id for event in log.adjudications()] == [first.event_id]
    assert log.redo("ida", "redone", None) is not None
    assert len(log.adjudications()) == 2
    found = log.changes(4)
    assert (found.seq, found.item_ids, found.adjudications) == (7, ["a"], True)
    log.rebuild()
    assert stands(log)["a", "eva"] == "exclude"


def test_two_logs_merge_to_the_same_state_in_either_order(tmp_path: Path) -> None:
    logs = [DecisionLog(tmp_path / f"{name}.db", RUN) for name in ("one", "two", "both", "other")]
    logs[0].append([decide("a", "ann"), settle("a", "eva", "keep")])
    logs[1].append([decide("a", "bob", "exclude"), settle("a", "ida"), turn("undo", "none", "ida")])
    files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for log, file in zip(logs, files, strict=False):
        export_log(log, file)
    for log, order in ((logs[2], files), (logs[3], files[::-1])):
        for file in order:
            import_log(log, file)
    states = [(stands(log), [event.event_id for event in log.adjudications()]) for log in logs[2:]]
    for log in logs:
        log.close()
    assert states[0] == states[1]
    assert len(states[0][1]) == 2


@pytest.mark.parametrize(
    "extra",
    [
        '{"adjudication":false}',
        '{"adjudication":"yes"}',
        '{"adjudication": true}',  # SQL would not find it
        '{"adjudication":true,"arm":"blind"}',
        '{"arm":"blind","adjudication":true}',
    ],
)
def test_a_received_log_with_another_kind_of_adjudication_is_refused(tmp_path: Path, extra: str) -> None:
    path = tmp_path / "decisions.db"
    with closing(DecisionLog(path, RUN)) as log:
        log.append([decide("a", "eva")])
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DROP TRIGGER events_no_update")
        file.execute("UPDATE events SET extra = ?", (extra,))
        file.execute(
            "CREATE TRIGGER events_no_update BEFORE update ON events"
            " BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END"
        )
    with pytest.raises(LogError, match="column extra"):
        DecisionLog(path, RUN).close()


def test_a_received_log_whose_adjudication_counts_as_a_vote_is_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with closing(DecisionLog(path, RUN)) as log:
        log.append([decide("a", "ann"), settle("a", "eva")])
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(
            "INSERT INTO standing SELECT run, item_id, reviewer, seq, at, verdict, source FROM events"
            " WHERE reviewer = 'eva'"
        )
    with closing(DecisionLog(path, RUN)) as log:
        assert stands(log) == {("a", "ann"): "keep"}
