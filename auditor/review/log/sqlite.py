"""SQLite: store the decision log in a file, durably and safely."""

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
"""Execution option of a connection whose next transaction writes."""

_SETTINGS = (
    "PRAGMA synchronous = EXTRA",
    "PRAGMA fullfsync = ON",
    "PRAGMA cache_spill = 32768",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)
"""A commit is on the disk when it returns, including the removal of its journal; macOS needs one more setting for that.
Up to 128 MiB of a transaction stay in memory until its end, so that readers need not wait before. A received database
cannot run harmful code from its schema, and its pages are checked.

The log uses SQLite's rollback journal, not WAL, although commits take longer (17 ms instead of 4 on a busy disk). With
WAL, acknowledged decisions were lost if someone removed ``decisions.db-wal`` or ``-shm`` under a running server and a
second process opened the log: only ``-wal`` held the newest ones, and ``-shm`` held the locks. Now the file itself
holds locks and decisions. It can be copied, read from a read-only disk, and shared over a network.
"""
_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""Last bytes of a journal that names another file."""
_MAX_VALUE = 2**28
"""Maximum bytes of a value or row."""


def open_file(path: Path, patience: float) -> Engine:
    """Open the file of a log, or create it.

    Raises
    ------
    LogError
        If the file, or one of SQLite's files beside it, is a link.
    sqlite3.Error
    """
    _check_files(path)
    _leave_wal(path, patience)
    engine = create_engine(
        URL.create("sqlite", database=str(path.absolute())), connect_args={"timeout": patience}, max_overflow=50
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the listener below begins transactions
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
        for statement in _SETTINGS:
            connection.execute(statement)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        # A writing transaction must say so at once: after reading, it could not wait for another writer.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
        if writes and connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal":
            raise LogError(
                f"{path} is open in another program, which has switched it to WAL mode.",
                "End that program, then try again.",
            )

    return engine


def open_nothing() -> Engine:
    """Open an in-memory database that lives as long as its engine."""
    return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


def copied(engine: Engine) -> Engine:
    """Copy a database into memory, where it can be brought up to date without a change to its file."""
    copy = open_nothing()
    with engine.connect() as source, copy.connect() as target:
        files: list[Any] = [connection.connection.driver_connection for connection in (source, target)]
        files[0].backup(files[1])
    engine.dispose()
    return copy


def _check_files(path: Path) -> None:
    """Refuse a file, or one of SQLite's files beside it, that is a link or has a second name.

    A journal that names another file as its master makes SQLite remove that file. Ours never do: only a transaction on
    several databases has a master journal.
    """
    trouble, blamed = "", ""
    try:
        for suffix in ("", "-journal", "-wal", "-shm"):
            check_plain(Path(f"{path}{suffix}"))
        with open_plain(Path(f"{path}-journal")) as journal:
            journal.seek(max(0, journal.seek(0, os.SEEK_END) - len(_JOURNAL)))
            if journal.read() == _JOURNAL:
                trouble, blamed = "it names another file, which SQLite would remove", f"{path}-journal"
    except (FileNotFoundError, NotADirectoryError):
        return  # no journal; or no such folder, which SQLite reports
    except OSError as error:
        trouble, blamed = error.strerror or str(error), error.filename
    if trouble:
        raise LogError(
            f"{blamed} cannot be opened: {trouble}.",
            "Put a plain copy there, or restore a backup. If someone sent you this run, do not trust it.",
        )


def _leave_wal(path: Path, patience: float) -> None:
    """Switch a log that an earlier version wrote in WAL mode to the rollback journal.

    No other process may have it open then. Each attempt closes its connection, so that two processes do not wait for
    each other forever.
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
    """Return ``SQLITE_IOERR`` for ``SQLITE_IOERR_WRITE``; an empty string if the error is not SQLite's."""
    return "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
