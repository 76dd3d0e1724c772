"""Database: transactions on SQLite or PostgreSQL that are on the disk when they are over, and fail in plain words."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from auditor.errors import LogError
from auditor.review.log import projection, schema
from auditor.review.log.contents import check_contents
from auditor.review.log.shape import check_shape
from auditor.review.log.sqlite import WRITES, copied, open_file, open_nothing, word_of

_DAMAGED = ("is damaged", "Restore it from a backup; an exported log can be imported into a new one.")
_SQLITE = {
    "SQLITE_NOTADB": ("is no SQLite database", "Move the file away, or restore it from a backup."),
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_FULL": ("cannot grow: the disk is full", "Make room; what was said to be saved is there."),
    "SQLITE_IOERR": ("cannot be read or written", "See to the disk; what was said to be saved is there."),
    "SQLITE_READONLY": ("cannot be written to", "Give yourself write access to the file and its folder."),
    "SQLITE_PERM": ("cannot be written to", "Give yourself write access to the file and its folder."),
    "SQLITE_CANTOPEN": ("cannot be opened", "See that its folder exists, and that you may write there."),
    "SQLITE_TOOBIG": ("holds what is too long to be read", "Restore it from a backup."),
    "SQLITE_BUSY": ("is held by another process", "Wait until it has finished, then try again."),
    "SQLITE_LOCKED": ("is held by another process", "Wait until it has finished, then try again."),
}
_READ_ONLY = (
    "cannot be written to: you may only read it, or its folder",
    "Give yourself write access to both, or copy the run to where you have it.",
)
_BROKEN = ("holds what cannot be read", "Something else has written to it: restore it from a backup.")
"""What Python's own module says of text that is no UTF-8."""
_POSTGRESQL = {
    "42501": ("does not allow this user to make or change its tables", "Ask for these rights, or take another --db."),
    "25006": ("is read-only", "Name the primary server with --db."),
    "53": ("has run out of disk, memory or connections", "See to the server, then try again."),
    "55P03": ("is held by another process", "Wait until it has finished, then try again."),
}
_LONGEST = 300
"""Characters of the database's own words, which may hold some of what is in it."""
_NO_CONNECTION = (
    "cannot be connected to",
    "See that the server runs, and that user, password, host, port and database of --db are right.",
)


_TICK = 1_000_000_000
"""Nanoseconds in which a file's time changes, if the file does."""
_checked: dict[Path, tuple[int, ...]] = {}
"""Files that this process has looked through, as they were then: looking again takes a second or more."""


class Database:
    """A database with the schema of the decision log; it may be used by several threads.

    Parameters
    ----------
    url : str or Path
        A path is an SQLite file, made when it is missing; else ``postgresql+psycopg://user:password@host/database``.
    patience : float
        Seconds to wait while another process writes.
    read_only : bool
        Make no file and no table: where they are missing, there are no events.

    Raises
    ------
    LogError
        If it cannot be opened, here and in every transaction. No message holds the password.
    """

    def __init__(self, url: str | Path, patience: float, *, read_only: bool = False) -> None:
        self._writer = threading.Lock()  # threads queue here, in order; SQLite would have them poll
        self._secrets: set[str] = set()
        self._file = url.absolute() if isinstance(url, Path) else None
        self._opened: tuple[int, int] | None = None
        if isinstance(url, Path):
            self.name = str(url)
            if not read_only and (_is_read_only(url.parent) or _is_read_only(url)):
                raise LogError(f"{self.name} {_READ_ONLY[0]}.", _READ_ONLY[1])
            with self._in_plain_words():
                self._engine = open_nothing() if read_only and not os.path.lexists(url) else open_file(url, patience)
        else:
            where = _parsed(url)
            self.name = f"postgresql://{where.host or 'localhost'}:{where.port or 5432}/{where.database or ''}"
            self._secrets = {str(secret) for secret in (where.password, where.query.get("password")) if secret}
            self._engine = _postgresql(where, patience)
        try:
            found, is_current = self._check()
            if read_only and not found:
                self._engine.dispose()
                self._engine = open_nothing()
            if read_only and 0 < found < len(schema.MIGRATIONS) and self._file and self._is_read_only():
                self._engine = copied(self._engine)
            if found < len(schema.MIGRATIONS):
                with self.writing() as connection:
                    schema.migrate(connection, self.name)
            if not is_current:
                with self.writing() as connection:
                    projection.rebuild_all(connection)
            self._opened = self._identity()
        except BaseException:
            self.close()
            raise

    def _check(self) -> tuple[int, bool]:
        """Refuse what is not a log as auditor writes it.

        Returns
        -------
        int
            Number of the last migration that it has seen.
        bool
            Whether all that follows from the events does.
        """
        with self.reading() as connection:
            found = schema.version(connection, self.name)
            check_shape(connection, self.name, found)
            if not found or self._file is None:  # a server knows the types of its columns, and nobody sends one
                return found, True
            state = _state(self._file)
            if state == _checked.get(self._file):
                return found, True
            check_contents(connection, self.name, found)
            is_current = projection.is_current(connection)
            if is_current and state[-1] < time.time_ns() - _TICK:  # else it may change again, and look the same
                _checked[self._file] = state
            return found, is_current

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read in one transaction."""
        with self._in_plain_words(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write in one transaction: all of it is on the disk afterwards, or none of it."""
        self._check_place()
        with self._in_plain_words(), self._writer, self._engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                yield connection
        self._check_place()  # else something would be called saved that is in a file without a name

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _is_read_only(self) -> bool:
        return self._file is not None and (_is_read_only(self._file.parent) or _is_read_only(self._file))

    def _check_place(self) -> None:
        if self._opened and self._identity() != self._opened:  # SQLite would write on all the same
            raise LogError(
                f"{self.name} has been removed or replaced since it was opened.",
                "Put it back, or start again with what is there now.",
            )

    def _identity(self) -> tuple[int, int] | None:
        """Which file the path leads to; None for PostgreSQL, and where there is none."""
        with suppress(OSError):
            if self._file:
                found = self._file.stat()
                return found.st_dev, found.st_ino
        return None

    @contextmanager
    def _in_plain_words(self) -> Iterator[None]:
        try:
            yield
        except UnicodeError as error:  # in SQLite's own words about a file, which quote what is in it
            raise LogError(f"{self.name} {_DAMAGED[0]}.", _DAMAGED[1]) from error
        except (DBAPIError, sqlite3.Error) as error:
            cause: Any = error.orig if isinstance(error, DBAPIError) else error
            what, todo = _plain(cause)
            said = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
            for secret in self._secrets:
                said = said.replace(secret, "***")
            said = said[:_LONGEST]
            raise LogError(f"{self.name} {what} ({said}).", todo) from cause
        except SQLAlchemyError as error:
            raise LogError(f"{self.name} cannot be used ({type(error).__name__}).", "Try again.") from error


def _state(file: Path) -> tuple[int, ...]:
    """What changes whenever a file does."""
    found = file.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _plain(error: Any) -> tuple[str, str]:
    if isinstance(error, sqlite3.Error):
        word = word_of(error)
        return _SQLITE.get(
            word, _BROKEN if not word else ("refuses", "Try again; if it stays so, restore it from a backup.")
        )
    state = getattr(error, "sqlstate", None)
    if state is None:
        return _NO_CONNECTION
    found = (words for code, words in _POSTGRESQL.items() if state.startswith(code))
    return next(found, ("refuses", "See to the server, then try again."))


def _is_read_only(path: Path) -> bool:
    """Whether a file or folder is there, but on a read-only disk or not ours to write to."""
    return path.exists() and not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _parsed(url: str) -> URL:
    try:
        where = make_url(url)
    except (ArgumentError, ValueError):  # whose messages may hold the password
        where = None
    if where is None or where.drivername not in {"postgresql", "postgresql+psycopg"}:
        raise LogError(
            f"--db: {'no database address' if where is None else f'{where.drivername} is not supported'};"
            " expected postgresql+psycopg://user:password@host/database.",
            "Give such an address, or leave --db away for a file in the run's directory.",
        )
    return where.set(drivername="postgresql+psycopg")


def _postgresql(url: URL, patience: float) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    except ModuleNotFoundError:
        raise LogError(
            "--db: psycopg, which talks to PostgreSQL, is not installed.",
            "Install it: pip install 'label-auditor[postgres]'.",
        ) from None

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
            cursor.execute(f"SET lock_timeout = {round(patience * 1000)}")
        connection.commit()

    return engine
