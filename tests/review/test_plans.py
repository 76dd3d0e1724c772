"""No question to the log reads a whole table to answer about a row, a reviewer or an action."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from auditor.review.log.log import DecisionLog
from tests.review.events import RUN, bulk, decide

READS_ALL = re.compile(
    r"SCAN (?!new|touched|candidates|\(subquery)"  # what was found already
    r"|(INDEX \w+|PRIMARY KEY) \(run=\?\)$"  # a run is a whole table, mostly
    r"|standing_verdicts"  # everything that a reviewer has decided
    r"|AUTOMATIC"  # an index that is made for the occasion, from everything
)


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    heard: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        heard.append((statement, parameters[0] if many else parameters))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def asks(log: DecisionLog) -> dict[str, Callable[[], object]]:
    return {
        "append": lambda: log.append([decide("1")]),
        "bulk": lambda: log.append(bulk(["1", "2"], "another")),
        "undo": lambda: log.undo("ann", "undo-2"),
        "undo of one": lambda: log.undo("ann", "undo-3", "batch"),
        "redo": lambda: log.redo("ann", "redo-2"),
        "redo of one": lambda: log.redo("ann", "redo-3", "batch"),
        "standing": lambda: list(log.standing(["1", "2"])),
        "history": lambda: log.history("1"),
        "items": lambda: log.items_of("batch"),
        "changes": lambda: log.changes(3),
        "selection": lambda: log.selection(log.save_selection(["1"])),
    }


@pytest.mark.parametrize("question", [*asks(None)])  # type: ignore[arg-type]
def test_every_question_is_answered_by_an_index(tmp_path: Path, question: str) -> None:
    log = DecisionLog(tmp_path / "decisions.db", RUN)
    log.append([decide("1"), *bulk(["1", "2"], "batch")])
    log.undo("ann", "undo-1")
    with statements() as heard:
        asks(log)[question]()
    plans = {}
    with log._database.reading() as connection:
        for statement, parameters in heard:
            # The greatest of an indexed column is found at its end, whatever the plan says.
            if re.match("SELECT (?!max)|INSERT|DELETE", statement):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                plans[statement] = [row.detail for row in rows]
    log.close()
    assert plans
    assert not {s: plan for s, plan in plans.items() if any(READS_ALL.search(step) for step in plan)}
    sorted_first = {s: plan for s, plan in plans.items() if "TEMP B-TREE FOR ORDER BY" in str(plan)}
    assert not [s for s in sorted_first if s.startswith("SELECT actions")], "the last action is found, not sorted out"
