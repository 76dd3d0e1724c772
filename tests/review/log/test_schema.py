from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from auditor.errors import LogError
from auditor.review.log import schema
from auditor.review.log.log import DecisionLog
from tests.review.events import RUN, decide, stands
from tests.together import run_together

Open = Callable[..., DecisionLog]


@pytest.fixture
def engine(place: Path | str) -> Iterator[Engine]:
    """The database behind the log's back."""
    made = create_engine(f"sqlite:///{place}" if isinstance(place, Path) else place, poolclass=NullPool)
    yield made
    made.dispose()


def applied(engine: Engine) -> list[tuple[int, str]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT number, name FROM log_migrations ORDER BY number")).all()
        return [(number, name) for number, name in rows]


def test_migrations_are_recorded_and_taken_once(open_log: Open, engine: Engine) -> None:
    expected = [(number, step.name) for number, step in enumerate(schema.MIGRATIONS, start=1)]
    open_log()
    assert applied(engine) == expected
    open_log()
    assert applied(engine) == expected


def test_the_tables_are_those_that_the_code_knows(open_log: Open, engine: Engine) -> None:
    open_log()
    found = {
        name: [column["name"] for column in inspect(engine).get_columns(name)]
        for name in inspect(engine).get_table_names()
        if not name.startswith("sqlite_")
    }
    known = (
        schema.migrations,
        schema.runs,
        schema.events,
        schema.actions,
        schema.standing,
        schema.selections,
        schema.leases,
    )
    assert found == {table.name: [column.name for column in table.columns] for table in known}


OF_OLD = {
    "events": """INSERT INTO events (run, seq, event_id, kind, action, item_id, item_hash, reviewer, verdict,
                                     new_labels, note, at, source)
                 VALUES (1, 1, :id, 'decide', :id, :item, :hash, 'ann', 'keep', '[]', '', 5, 'queue')""",
    "actions": "INSERT INTO actions (run, reviewer, action, size, at) VALUES (1, 'ann', :id, 1, 5)",
    "standing": """INSERT INTO standing (run, item_id, reviewer, seq, at, verdict, source)
                   VALUES (1, :item, 'ann', 1, 5, 'keep', 'queue')""",
}


@pytest.mark.parametrize("before", range(1, len(schema.MIGRATIONS)))
def test_a_log_of_an_older_schema_is_brought_up_to_date(
    open_log: Open, engine: Engine, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    now = schema.MIGRATIONS
    event = decide("1")
    monkeypatch.setattr(schema, "MIGRATIONS", now[:before])
    open_log()
    assert len(applied(engine)) == before
    with engine.begin() as connection:  # as the version of that time wrote it
        about = {"id": event.event_id, "item": event.item_id, "hash": event.item_hash}
        connection.execute(text(OF_OLD["events"]), about)
        connection.execute(text(OF_OLD["actions"]), about)
        connection.execute(text(OF_OLD["standing"]), about)
    monkeypatch.setattr(schema, "MIGRATIONS", now)
    assert stands(open_log()) == {("1", "ann"): "keep"}
    assert len(applied(engine)) == len(now)
    (kept,) = open_log().all_events()
    assert (kept.event_id, kept.arm, kept.evidence_seen, kept.pool) == (event.event_id, None, None, None)


def test_migrations_are_taken_whole_or_not_at_all(
    open_log: Open, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = schema.MIGRATIONS
    broken = replace(now[0], name="broken", statements=("CREATE TABLE half (a INTEGER)", "CREATE NONSENSE"))
    monkeypatch.setattr(schema, "MIGRATIONS", (*now, broken))
    with pytest.raises(LogError, match="NONSENSE"):
        open_log()
    assert inspect(engine).get_table_names() == []
    monkeypatch.setattr(schema, "MIGRATIONS", now)
    open_log()
    monkeypatch.setattr(schema, "MIGRATIONS", (*now, broken))
    with pytest.raises(LogError, match="NONSENSE"):
        open_log()
    assert len(applied(engine)) == len(now)
    assert "half" not in inspect(engine).get_table_names()


def test_a_newer_schema_is_refused_and_left_alone(open_log: Open, engine: Engine) -> None:
    open_log()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO log_migrations VALUES (99, 'from the future', 'later')"))
    with pytest.raises(
        LogError, match=f"schema 99; this version of auditor supports up to {len(schema.MIGRATIONS)}"
    ) as refused:
        open_log()
    assert "Update auditor" in refused.value.todo
    assert len(applied(engine)) == len(schema.MIGRATIONS) + 1


def test_the_database_of_something_else_is_left_alone(open_log: Open, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE events (concert TEXT)"))
    with pytest.raises(LogError, match=r"not a decision log: it holds other tables \(events\)"):
        open_log()
    assert inspect(engine).get_table_names() == ["events"]


def test_events_can_be_neither_changed_nor_removed(open_log: Open, engine: Engine) -> None:
    open_log().append([decide("1")])
    for statement in ("UPDATE events SET verdict = 'exclude'", "DELETE FROM events"):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text(statement))
    assert stands(open_log()) == {("1", "ann"): "keep"}


@pytest.mark.slow
def test_processes_that_make_the_log_at_once_agree(place: Path | str, open_log: Open, engine: Engine) -> None:
    code = (
        "import sys; from pathlib import Path; from auditor.review.log.log import DecisionLog;"
        "place = Path(sys.argv[1]) if sys.argv[2] == 'path' else sys.argv[1];"
        "print('ready', flush=True); sys.stdin.readline(); DecisionLog(place, 'run-1').close()"
    )
    run_together(code, place, "path" if isinstance(place, Path) else "url", number=4)
    assert len(applied(engine)) == len(schema.MIGRATIONS)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT run_id FROM runs")).all() == [(RUN,)]


@pytest.mark.skipif(os.name != "posix", reason="takes rights away as POSIX has them")
@pytest.mark.parametrize("before", range(1, len(schema.MIGRATIONS)))
def test_a_log_of_an_older_schema_that_cannot_be_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    place, now, event = tmp_path / "decisions.db", schema.MIGRATIONS, decide("1")
    monkeypatch.setattr(schema, "MIGRATIONS", now[:before])
    DecisionLog(place, RUN).close()
    with closing(sqlite3.connect(place)) as file, file:
        about = {"id": event.event_id, "item": event.item_id, "hash": event.item_hash}
        for statement in OF_OLD.values():
            file.execute(statement, about)
    monkeypatch.setattr(schema, "MIGRATIONS", now)
    monkeypatch.setattr("auditor.review.log.database._is_read_only", lambda path: True)  # root may write anywhere
    bytes_before = place.read_bytes()
    with closing(DecisionLog(place, RUN, read_only=True)) as log:
        assert stands(log) == {("1", "ann"): "keep"}
        assert log.draws() == []
    assert place.read_bytes() == bytes_before
