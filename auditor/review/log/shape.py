"""Shape: whether a database holds the log's own tables, indexes and triggers, and nothing that acts behind its back.

A trigger of somebody else's can drop or change a decision that the page then calls saved. So what is there is compared
with what the migrations make: in SQLite all of it, to the letter; in PostgreSQL, which others may use too, what hangs
on our tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing

from sqlalchemy import Connection, text

from auditor.errors import LogError
from auditor.review.log.schema import statements, tables

Shape = set[tuple[str, str, str, str]]
"""Kind, name, table and definition of each thing that a database holds."""

_STATISTICS = {
    ("table", name, name, f"CREATE TABLE {name}({columns})")
    for name, columns in {"sqlite_stat1": "tbl,idx,stat", "sqlite_stat4": "tbl,idx,neq,nlt,ndlt,sample"}.items()
}
"""Which of these there are depends on how SQLite was built."""

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
    """Refuse a database that holds something else than the log's migrations have made.

    Parameters
    ----------
    connection : Connection
    name : str
        What messages call the database.
    seen : int
        Number of the last migration that it has seen.

    Raises
    ------
    LogError
    """
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master").all()
        _compare(name, _shape(found) - _STATISTICS, _made(seen) - _STATISTICS)
    elif seen:
        columns = {(table.name, column.name) for table in tables for column in table.columns}
        names = {"names": [table.name for table in tables]}
        others = list(connection.execute(_ON_OUR_TABLES, names).scalars())
        if others:
            raise _refused(name, f"it holds {', '.join(sorted(others)[:3])}, which are not auditor's")
        if lacking := columns ^ set(map(tuple, connection.execute(_COLUMNS, names))):
            raise _refused(name, "its tables have other columns: " + ", ".join(map(".".join, sorted(lacking)[:3])))
        if seen > 1 and not connection.execute(_IS_APPEND_ONLY).scalar():
            raise _refused(name, "the trigger that keeps events as they are is missing")


def _made(seen: int) -> Shape:
    """What the first migrations make."""
    with closing(sqlite3.connect(":memory:")) as made:
        for statement in statements("sqlite", 0, seen):
            made.execute(statement)
        return _shape(made.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


def _shape(rows: Iterable[Iterable[object]]) -> Shape:
    return {(str(kind), str(name), str(table), " ".join(str(sql).split())) for kind, name, table, sql in rows}


def _compare(name: str, found: Shape, made: Shape) -> None:
    if found == made:
        return
    known = {thing[:2] for thing in made}
    others = sorted(thing[:2] for thing in found if thing[:2] not in known)
    changed = sorted(thing[:2] for thing in found - made if thing[:2] in known)
    lacking = sorted(known - {thing[:2] for thing in found})
    for things, why in ((others, "it holds {}, which is not auditor's"), (changed, "{} is not as auditor makes it")):
        if things:
            raise _refused(name, why.format(_in_words(things[0])))
    raise _refused(name, f"it lacks {_in_words(lacking[0])}")


def _in_words(thing: tuple[str, str]) -> str:
    return f"the {thing[0]} {thing[1][:60]!r}"


def _refused(name: str, why: str) -> LogError:
    return LogError(
        f"{name} is no decision log as auditor makes it: {why}.",
        "Something else has changed it: restore it from a backup, or ask whoever sent it for an exported log.",
    )
