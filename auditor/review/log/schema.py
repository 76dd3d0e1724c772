"""The tables of the decision log, and the migrations that create them.

``events`` is the log. The database itself ensures that no event is changed or removed. ``actions`` and ``standing`` are
derived from it and can be rebuilt at any time (:mod:`auditor.review.log.projection`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
)

from auditor.errors import LogError

_LOCK = 5_072_843_197_031_464  # an arbitrary number, unlikely to be used by others

_metadata = MetaData()

migrations = Table(
    "log_migrations", _metadata, Column("number", Integer), Column("name", Text), Column("applied_at", Text)
)
"""Migrations applied to this database."""

runs = Table("runs", _metadata, Column("run", Integer), Column("run_id", Text))
"""Several runs may share a database; each has a number there. On PostgreSQL, writers lock the run's row."""

events = Table(
    "events",
    _metadata,
    Column("run", Integer),
    Column("seq", BigInteger),  # 1, 2, 3 … in the run: the order in which events arrived and were committed
    Column("event_id", Text),
    Column("kind", Text),
    Column("action", Text),  # Event.action
    Column("item_id", Text),
    Column("item_hash", Text),
    Column("reviewer", Text),
    Column("verdict", Text),
    Column("new_labels", Text),  # a JSON array
    Column("note", Text),
    Column("at", BigInteger),  # microseconds since 1970, UTC
    Column("seconds", Double),
    Column("source", Text),
    Column("batch_id", Text),
    Column("suggestion_shown", Text),
    Column("suspicion_seen", Double),
    Column("undoes", Text),
    Column("extra", Text),  # JSON object of the fields that only some events have (records.EXTRA); null for none
)

actions = Table(
    "actions",
    _metadata,
    Column("run", Integer),
    Column("reviewer", Text),
    Column("action", Text),
    Column("size", Integer),  # decisions in it
    Column("at", BigInteger),  # time of the last one; null while only the undo has arrived
    Column("undone_at", BigInteger),  # null while it stands
)
"""What each reviewer can undo and redo."""

standing = Table(
    "standing",
    _metadata,
    Column("run", Integer),
    Column("item_id", Text),
    Column("reviewer", Text),
    Column("seq", BigInteger),  # the reviewer's last decision on this row that is not undone
    Column("at", BigInteger),
    Column("verdict", Text),
    Column("source", Text),
)
"""Each reviewer's current verdict on each row."""

selections = Table("selections", _metadata, Column("run", Integer), Column("key", Text), Column("ids", Text))
"""Sets of rows that links refer to. ``ids`` is a JSON array."""

leases = Table(
    "leases",
    _metadata,
    Column("run", Integer),
    Column("item_id", Text),
    Column("reviewer", Text),
    Column("until", BigInteger),  # microseconds since 1970, by the server's clock
)
"""Cards that are on somebody's screen; see :mod:`auditor.review.log.leases`. They are state, no events."""

tables = tuple(_metadata.tables.values())
"""All tables."""


@dataclass(frozen=True)
class Migration:
    """One step of the schema: statements for both databases, then statements for one of them.

    ``{text}`` sorts by bytes, as Python does; ``{serial}`` counts up; ``{clustered}`` keeps rows in their primary key.
    """

    name: str
    statements: tuple[str, ...] = ()
    only: dict[str, tuple[str, ...]] = field(default_factory=dict)


_WORDS = {
    "sqlite": {"text": "TEXT", "serial": "INTEGER", "clustered": "WITHOUT ROWID"},
    "postgresql": {"text": 'TEXT COLLATE "C"', "serial": "SERIAL", "clustered": ""},
}

_STATISTICS = {
    # index (a table's own name stands for its primary key): rows, then rows for each value of its columns so far
    "events": "1000000 1000000 1",
    "events_once": "1000000 1000000 1",
    "events_in_time": "1000000 1000000 1 1",
    "events_of_item": "1000000 1000000 3 2 1",
    "events_of_action": "1000000 1000000 10 10 5",
    "events_timed": "1000000 1000000 200000 200",
    "actions": "1000000 1000000 200000 1",
    "actions_to_undo": "1000000 1000000 200000 1 1",
    "actions_to_redo": "10000 10000 2000 1 1",
    "standing": "1000000 1000000 10 1",
    "standing_verdicts": "1000000 1000000 200000 40000",
    "standing_in_time": "1000000 1000000 1 1 1 1",
}

MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "events and what follows from them",
        (
            "CREATE TABLE runs (run {serial} PRIMARY KEY, run_id {text} NOT NULL UNIQUE)",
            """CREATE TABLE events (
                run INTEGER NOT NULL, seq BIGINT NOT NULL, event_id {text} NOT NULL, kind {text} NOT NULL,
                action {text} NOT NULL, item_id {text}, item_hash {text}, reviewer {text} NOT NULL, verdict {text},
                new_labels {text} NOT NULL, note {text} NOT NULL, at BIGINT NOT NULL, seconds DOUBLE PRECISION,
                source {text} NOT NULL, batch_id {text}, suggestion_shown {text}, suspicion_seen DOUBLE PRECISION,
                undoes {text}, PRIMARY KEY (run, seq)) {clustered}""",
            "CREATE UNIQUE INDEX events_once ON events (run, event_id)",
            "CREATE INDEX events_in_time ON events (run, at, event_id)",
            "CREATE INDEX events_of_item ON events (run, item_id, reviewer, at)",
            "CREATE INDEX events_of_action ON events (run, action, reviewer, kind)",
            "CREATE INDEX events_timed ON events (run, reviewer, seconds) WHERE seconds IS NOT NULL",
            """CREATE TABLE actions (
                run INTEGER NOT NULL, reviewer {text} NOT NULL, action {text} NOT NULL, size INTEGER NOT NULL,
                at BIGINT, undone_at BIGINT, PRIMARY KEY (run, reviewer, action)) {clustered}""",
            "CREATE INDEX actions_to_undo ON actions (run, reviewer, at, action) WHERE undone_at IS NULL",
            "CREATE INDEX actions_to_redo ON actions (run, reviewer, undone_at, action) WHERE undone_at IS NOT NULL",
            """CREATE TABLE standing (
                run INTEGER NOT NULL, item_id {text} NOT NULL, reviewer {text} NOT NULL, seq BIGINT NOT NULL,
                at BIGINT NOT NULL, verdict {text} NOT NULL, source {text} NOT NULL,
                PRIMARY KEY (run, item_id, reviewer)) {clustered}""",
            "CREATE INDEX standing_verdicts ON standing (run, reviewer, verdict)",
            "CREATE INDEX standing_in_time ON standing (run, at, seq, reviewer, source)",
            "CREATE TABLE selections (run INTEGER NOT NULL, key {text} NOT NULL, ids {text} NOT NULL,"
            " PRIMARY KEY (run, key))",
        ),
    ),
    Migration(
        "events stay as they are",
        only={
            "sqlite": tuple(
                f"CREATE TRIGGER events_no_{verb} BEFORE {verb} ON events"
                " BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END"
                for verb in ("update", "delete")
            ),
            "postgresql": (
                "CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'the decision log is append-only'; END $$",
                "CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events"
                " FOR EACH STATEMENT EXECUTE FUNCTION events_refuse()",
            ),
        },
    ),
    Migration(
        "what to expect of the tables",
        # SQLite plans queries by table statistics, and nothing updates those of a growing log. Without any, it
        # assumes ten events per run. These are the statistics of a log with a million events.
        only={
            "sqlite": (
                "ANALYZE log_migrations",  # creates the table of statistics
                "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES "
                + ", ".join(f"('{index.split('_')[0]}', '{index}', '{rows}')" for index, rows in _STATISTICS.items()),
                "ANALYZE sqlite_master",  # loads them
            )
        },
    ),
    Migration(
        "what draws and their verdicts tell",
        (
            "ALTER TABLE events ADD COLUMN extra {text}",
            "CREATE INDEX events_served ON events (run, seq) WHERE kind = 'serve'",
        ),
    ),
    Migration(
        "cards on somebody's screen",
        (
            """CREATE TABLE leases (
                run INTEGER NOT NULL, item_id {text} NOT NULL, reviewer {text} NOT NULL, until BIGINT NOT NULL,
                PRIMARY KEY (run, item_id)) {clustered}""",
        ),
    ),
    Migration(
        "plans of certificates, verdicts of models",
        (
            "CREATE INDEX events_planned ON events (run, seq) WHERE kind = 'certify'",
            "CREATE INDEX events_judged ON events (run, item_id) WHERE kind = 'judge'",
        ),
    ),
)
ADDED = {
    4: {("events", "extra")},
    5: {("leases", column.name) for column in leases.columns},
}
"""Columns that a later migration added."""


def analyze(connection: Connection, table: Table) -> None:
    """Tell PostgreSQL that a table has grown, which it would notice only a minute later.

    Until then it plans for a small table, and takes hours for a million events in one transaction.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {table.name}")


def version(connection: Connection, name: str) -> int:
    """Return the number of the last migration applied to the database, 0 for an empty one.

    Parameters
    ----------
    connection : Connection
    name : str
        Name of the database in messages.

    Raises
    ------
    LogError
        If the database is not a decision log, or has a newer schema.
    """
    tables = set(inspect(connection).get_table_names())
    if migrations.name not in tables:
        present = tables if connection.dialect.name == "sqlite" else tables & set(_metadata.tables)
        if present:
            raise LogError(
                f"{name} is not a decision log: it holds other tables ({', '.join(sorted(present)[:5])}).",
                "Name another database with --db.",
            )
        return 0
    found = connection.execute(select(func.max(migrations.c.number))).scalar() or 0
    if not isinstance(found, int) or found < 0:
        raise LogError(f"{name} is damaged: its schema is {found!r:.60}.", "Restore it from a backup.")
    if found > len(MIGRATIONS):
        raise LogError(
            f"{name} has schema {found}; this version of auditor supports up to {len(MIGRATIONS)}.",
            "Update auditor, or name another database with --db.",
        )
    return found


def migrate(connection: Connection, name: str) -> None:
    """Apply the missing migrations in the transaction of ``connection``: all or none."""
    dialect = connection.dialect.name
    if dialect == "postgresql":  # SQLite has only one writer at a time
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    seen = version(connection, name)
    for number, step in enumerate(MIGRATIONS[seen:], start=seen + 1):
        for statement in statements(dialect, number - 1, number):
            connection.exec_driver_sql(statement)
        applied = {"number": number, "name": step.name, "applied_at": datetime.now(UTC).isoformat(timespec="seconds")}
        connection.execute(insert(migrations), applied)


def statements(dialect: str, seen: int, until: int) -> Iterator[str]:
    """Yield the statements of the migrations after number ``seen``, up to number ``until``."""
    if seen == 0 < until:
        yield (
            f"CREATE TABLE IF NOT EXISTS {migrations.name}"
            " (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)"
        )
    for step in MIGRATIONS[seen:until]:
        yield from (statement.format(**_WORDS[dialect]) for statement in step.statements)
        yield from step.only.get(dialect, ())
