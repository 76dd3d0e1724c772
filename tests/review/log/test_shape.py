"""A database in which something of somebody else's could act on decisions is refused."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from auditor.errors import LogError
from auditor.review.log.log import DecisionLog
from tests.review.events import RUN, decide, stands

Open = Callable[..., DecisionLog]

DROPS = "CREATE TRIGGER spy BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END"
ADDED = {
    "a trigger that drops": (DROPS, "holds the trigger 'spy', which auditor did not create"),
    "a trigger that changes": (
        "CREATE TRIGGER spy AFTER INSERT ON standing BEGIN UPDATE standing SET verdict = 'keep'; END",
        "holds the trigger 'spy'",
    ),
    "a view": ("CREATE VIEW spy AS SELECT * FROM events", "holds the view 'spy'"),
    "a table": ("CREATE TABLE spy (a)", "holds the table 'spy'"),
    "a table that is computed": ("CREATE VIRTUAL TABLE spy USING fts5(a)", "holds the table 'spy"),
    "an index": ("CREATE UNIQUE INDEX spy ON events (run, reviewer)", "holds the index 'spy'"),
    "another column": ("ALTER TABLE events ADD COLUMN spy TEXT DEFAULT 'x'", "the table 'events' has been changed"),
    "no trigger of ours": ("DROP TRIGGER events_no_update", "lacks the trigger 'events_no_update'"),
    "another trigger of ours": (
        "DROP TRIGGER events_no_update; CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT 1; END",
        "the trigger 'events_no_update' has been changed",
    ),
    "a view in a table's place": (
        "ALTER TABLE selections RENAME TO spy; CREATE VIEW selections AS SELECT * FROM spy",
        "holds the (table 'spy'|index .*|view 'selections')",
    ),
    "a table that replaces": (
        "DROP TABLE selections; CREATE TABLE selections (run INTEGER NOT NULL, key TEXT NOT NULL, ids TEXT NOT NULL,"
        " PRIMARY KEY (run, key) ON CONFLICT IGNORE)",
        "the table 'selections' has been changed",
    ),
}


@pytest.mark.parametrize("change", ADDED)
def test_what_is_not_auditors_is_refused_and_left_alone(change: str, tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with closing(DecisionLog(path, RUN)) as log:
        log.append([decide("1")])
    statements, expected = ADDED[change]
    with closing(sqlite3.connect(path)) as other:
        other.executescript(statements)
    before = path.read_bytes()
    with pytest.raises(LogError, match=f"is not a valid decision log: .*{expected}") as refused:
        DecisionLog(path, RUN)
    assert "\n" not in refused.value.what
    assert path.read_bytes() == before


def test_views_and_triggers_in_a_database_without_a_log_are_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE VIEW log_migrations AS SELECT 3 AS number")
    with pytest.raises(LogError, match="holds the view 'log_migrations'"):
        DecisionLog(path, RUN)


def test_statistics_that_somebody_takes_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    DecisionLog(path, RUN).close()
    with closing(sqlite3.connect(path)) as other:
        other.executescript("ANALYZE; VACUUM")
    with closing(DecisionLog(path, RUN)) as log:
        assert log.append([decide("1")])


def test_nothing_is_called_saved_that_a_trigger_has_dropped(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with closing(DecisionLog(path, RUN)) as log, closing(sqlite3.connect(path)) as other:
        log.append([decide("1")])
        other.execute(DROPS)  # under the running server
        for write in (lambda: log.append([decide("2")]), lambda: log.undo("ann", "undo")):
            with pytest.raises(LogError, match=r"does not keep events as written\. Nothing was saved"):
                write()
        other.execute("DROP TRIGGER spy")
        assert stands(log) == {("1", "ann"): "keep"}
        assert log.append([decide("2")])


ON_POSTGRESQL = {
    "CREATE TRIGGER spy BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION nothing()": "the trigger spy on events",
    "CREATE RULE spy AS ON INSERT TO standing DO INSTEAD NOTHING": "the rule spy on standing",
    "ALTER TABLE events ENABLE ROW LEVEL SECURITY": "row-level security on events",
    "ALTER TABLE events ADD COLUMN spy TEXT": "other columns: events.spy",
    "ALTER TABLE events DISABLE TRIGGER events_no_change": "the trigger that protects events from changes is missing",
    "DROP TRIGGER events_no_change ON events": "the trigger that protects events from changes is missing",
}


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_what_hangs_on_our_tables_in_postgresql_is_refused(place: str, open_log: Open) -> None:
    log = open_log()
    log.append([decide("1")])
    engine = create_engine(place, poolclass=NullPool)
    with engine.begin() as other:
        other.execute(text("CREATE TABLE theirs (a INTEGER)"))  # others may use the database too
        other.execute(
            text("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$")
        )
    for statement, expected in ON_POSTGRESQL.items():
        with engine.connect() as other:
            other.execute(text(statement))
            other.commit()
            with pytest.raises(LogError, match=re.escape(expected)):
                open_log()
            if "BEFORE INSERT" in statement:
                with pytest.raises(LogError, match="does not keep events as written"):
                    log.append([decide("2")])
            for undo in (
                "DROP TRIGGER IF EXISTS spy ON events",
                "DROP RULE IF EXISTS spy ON standing",
                "ALTER TABLE events DISABLE ROW LEVEL SECURITY",
                "ALTER TABLE events DROP COLUMN IF EXISTS spy",
                "ALTER TABLE events ENABLE TRIGGER events_no_change" if "DROP" not in statement else "SELECT 1",
            ):
                other.execute(text(undo))
            other.commit()
    engine.dispose()
