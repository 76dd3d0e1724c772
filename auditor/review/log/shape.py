"""Shape: check that a database holds the log's own tables, indexes and triggers, and no foreign ones.

A foreign trigger could drop or change a decision that the page then reports as saved. So the database is compared with
what the migrations create: in SQLite completely and literally; in PostgreSQL, which may be shared, only our tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing

from sqlalchemy import Connection, text

from auditor.errors import LogError
from auditor.review.log.schema import ADDED, statements, tables

Shape = set[tuple[str, str, str, str]]
"""Kind, name, table and definition of each object in a database."""

_STATISTICS = {
    ("table", name, name, f"CREATE TABLE {name}({columns})")
    for name, columns in {"sqlite_stat1": "tbl,idx,stat", "sqlite_stat4": "tbl,idx,neq,nlt,ndlt,sample"}.items()
}
"""Statistics tables: which of them exist depends on how SQLite was built."""

_ON_OUR_TABLES = text("""
    WITH ours AS (SELECT oid, relname, relkind, relrowsecurity FROM pg_class WHERE oid IN
                  (SELECT to_regclass(name) FROM unnest(CAST(:names AS text[])) AS name))
    SELECT 'the trigger ' || tgname || ' on ' || relname FROM ours JOIN pg_trigger ON tgrelid = ours.oid
     WHERE NOT tgisinternal AND NOT (relname = 'events' AND tgname = 'events_no_change')
    UNION ALL
    SELECT 'the rule ' || rulename || ' on ' || relname FROM ours JOIN pg_rewrite ON ev_class = ours.oid
    UNION ALL
    SELECT 'row-level security on ' || relname FROM ours WHERE relrowsecurity
    UNION ALL
    SELECT relname || ' as something else than a table' FROM ours WHERE relkind NOT IN ('r', 'p')
""")
_COLUMNS = text("""
    SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
     WHERE pg_class.oid IN (SELECT to_regclass(name) FROM unnest(CAST(:names AS text[])) AS name)
       AND attnum > 0 AND NOT attisdropped
""")
_IS_APPEND_ONLY = text("""
    SELECT count(*) FROM pg_trigger
     WHERE tgrelid = to_regclass('events') AND tgname = 'events_no_change' AND tgenabled IN ('O', 'A')
""")


def check_shape(connection: Connection, name: str, seen: int) -> None:
    """Refuse a database that differs from what the log's migrations create.

    Parameters
    ----------
    connection : Connection
    name : str
        Name of the database in messages.
    seen : int
        Number of the last migration applied.

    Raises
    ------
    LogError
    """
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master").all()
        _compare(name, _shape(found) - _STATISTICS, _expected_shape(seen) - _STATISTICS)
    elif seen:
        columns = {(table.name, column.name) for table in tables for column in table.columns}
        columns -= {column for number, added in ADDED.items() if number > seen for column in added}
        names = {"names": [table.name for table in tables]}
        foreign = list(connection.execute(_ON_OUR_TABLES, names).scalars())
        if foreign:
            raise _refused(name, f"it holds {', '.join(sorted(foreign)[:3])}, which auditor did not create")
        if lacking := columns ^ set(map(tuple, connection.execute(_COLUMNS, names))):
            raise _refused(name, "its tables have other columns: " + ", ".join(map(".".join, sorted(lacking)[:3])))
        if seen > 1 and not connection.execute(_IS_APPEND_ONLY).scalar():
            raise _refused(name, "the trigger that protects events from changes is missing")


def _expected_shape(seen: int) -> Shape:
    """Return the shape that the first ``seen`` migrations create."""
    with closing(sqlite3.connect(":memory:")) as memory:
        for statement in statements("sqlite", 0, seen):
            memory.execute(statement)
        return _shape(memory.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


def _shape(rows: Iterable[Iterable[object]]) -> Shape:
    return {(str(kind), str(name), str(table), " ".join(str(sql).split())) for kind, name, table, sql in rows}


def _compare(name: str, found: Shape, expected: Shape) -> None:
    if found == expected:
        return
    expected_names = {item[:2] for item in expected}
    foreign = sorted(item[:2] for item in found if item[:2] not in expected_names)
    changed = sorted(item[:2] for item in found - expected if item[:2] in expected_names)
    lacking = sorted(expected_names - {item[:2] for item in found})
    for items, reason in ((foreign, "it holds {}, which auditor did not create"), (changed, "{} has been changed")):
        if items:
            raise _refused(name, reason.format(_describe(items[0])))
    raise _refused(name, f"it lacks {_describe(lacking[0])}")


def _describe(item: tuple[str, str]) -> str:
    return f"the {item[0]} {item[1][:60]!r}"


def _refused(name: str, reason: str) -> LogError:
    return LogError(
        f"{name} is not a valid decision log: {reason}.",
        "Something else has changed it: restore it from a backup, or ask the sender for an exported log.",
    )
