"""SQLite: how the decision log is kept in a file, so that what was acknowledged cannot be lost, nor harm be done."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event

from auditor.errors import LogError
from auditor.storage import check_plain, open_plain

WRITES = "auditor_writes"
"""Option of a connection whose next transaction writes."""

_SETTINGS = (
    "PRAGMA synchronous = EXTRA",
    "PRAGMA fullfsync = ON",
    "PRAGMA cache_spill = 32768",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)
"""A commit is on the disk when it returns, also what its journal's name has become, and on macOS, which must be asked
for that once more. Up to 128 MiB of a transaction stay in memory until its end: nobody need wait for it before. What a
received database defines runs nothing that could do harm, and its pages are checked.

SQLite's rollback journal is used, not WAL, though a commit takes longer (17 ms instead of 4, measured on a busy disk).
With WAL, acknowledged decisions were lost when ``decisions.db-wal`` or ``-shm`` was removed under a running server and
a second process opened the log: the newest ones stood in ``-wal`` alone, and ``-shm`` held the locks. Now locks and
decisions are in the file itself, which can be copied, read from a read-only disk, and shared over a network.
"""
_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""What ends a journal that names another file."""
_LARGEST = 2**28
"""Bytes of a value or row that are read."""


def open_file(path: Path, patience: float) -> Engine:
    """Open the file that a log is in, or make it.

    Raises
    ------
    LogError
        If it, or what SQLite keeps beside it, leads elsewhere.
    sqlite3.Error
    """
    _look_beside(path)
    _leave_wal(path, patience)
    engine = create_engine(
        URL.create("sqlite", database=str(path.absolute())), connect_args={"timeout": patience}, max_overflow=50
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST)
        for statement in _SETTINGS:
            connection.execute(statement)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        # A transaction that writes says so at once: one that has read first could not wait for another writer.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
        if writes and connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal":
            raise LogError(
                f"{path} is open in another program, which has changed how it is written (to WAL).",
                "End that program, then try again.",
            )

    return engine


def open_nothing() -> Engine:
    """Open a database that is in memory alone, and goes with its engine."""
    return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def copied(engine: Engine) -> Engine:
    """Copy a database into memory, where it can be brought up to date without a change to its file."""
    copy = open_nothing()
    with engine.connect() as source, copy.connect() as target:
        files: list[Any] = [each.connection.driver_connection for each in (source, target)]
        files[0].backup(files[1])
    engine.dispose()
    return copy


def _look_beside(path: Path) -> None:
    """Refuse a file, or one that SQLite has beside it, that is a link, or has a second name.

    A journal that names another file as its superior would have SQLite remove that file. Ours never do: only a
    transaction on several databases has one.
    """
    trouble, where = "", ""
    try:
        for beside in ("", "-journal", "-wal", "-shm"):
            check_plain(Path(f"{path}{beside}"))
        with open_plain(Path(f"{path}-journal")) as journal:
            journal.seek(max(0, journal.seek(0, os.SEEK_END) - len(_JOURNAL)))
            if journal.read() == _JOURNAL:
                trouble, where = "it names another file, which SQLite would remove", f"{path}-journal"
    except (FileNotFoundError, NotADirectoryError):
        return  # no journal; or no such folder, which SQLite says itself
    except OSError as error:
        trouble, where = error.strerror or str(error), error.filename
    if trouble:
        raise LogError(
            f"{where} cannot be opened: {trouble}.",
            "Put a plain copy there, or restore a backup. If somebody sent you this run, do not trust it.",
        )


def _leave_wal(path: Path, patience: float) -> None:
    """Have a log that an earlier version has written with WAL written without it from now on.

    Nobody else may have it open then: two that wait for each other would wait for ever, so each lets go in between.
    """
    until = time.monotonic() + patience
    while True:
        with closing(sqlite3.connect(path.absolute(), timeout=0, isolation_level=None)) as connection:
            try:
                if connection.execute("PRAGMA journal_mode = DELETE").fetchone() != ("wal",):
                    return
            except sqlite3.OperationalError as error:
                if word_of(error) != "SQLITE_BUSY" or time.monotonic() > until:
                    raise
        time.sleep(random.uniform(0.01, 0.1))


def word_of(error: Any) -> str:
    """``SQLITE_IOERR`` of ``SQLITE_IOERR_WRITE``; empty if the error is not SQLite's."""
    return "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
