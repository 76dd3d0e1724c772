"""Database: durable transactions on SQLite or PostgreSQL, with plain error messages."""

from __future__ import annotations

import os
import selectors
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, SQLAlchemyError

from auditor.errors import LogError
from auditor.review.log import projection, schema
from auditor.review.log.contents import check_contents
from auditor.review.log.shape import check_shape
from auditor.review.log.sqlite import WRITES, copied, open_file, open_nothing, word_of

_DAMAGED = ("is damaged", "Restore it from a backup, or import an exported log into a new one.")
_SQLITE = {
    "SQLITE_NOTADB": ("is not an SQLite database", "Move the file away, or restore it from a backup."),
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_FULL": ("cannot grow: the disk is full", "Free disk space. Everything reported as saved is still there."),
    "SQLITE_IOERR": ("cannot be read or written", "Check the disk. Everything reported as saved is still there."),
    "SQLITE_READONLY": ("cannot be written to", "Give yourself write access to the file and its folder."),
    "SQLITE_PERM": ("cannot be written to", "Give yourself write access to the file and its folder."),
    "SQLITE_CANTOPEN": ("cannot be opened", "Check that its folder exists and that you have write access to it."),
    "SQLITE_TOOBIG": ("holds a value that is too long", "Restore it from a backup."),
    "SQLITE_BUSY": ("is locked by another process", "Wait until it has finished, then try again."),
    "SQLITE_LOCKED": ("is locked by another process", "Wait until it has finished, then try again."),
}
_READ_ONLY = (
    "cannot be written to: the file or its folder is read-only",
    "Give yourself write access to both, or copy the run to where you have it.",
)
_BROKEN = ("holds text that cannot be read", "Something else has written to it: restore it from a backup.")
"""Message for text that is not UTF-8, which Python's own module reports."""
_POSTGRESQL = {
    "42501": ("does not allow this user to make or change its tables", "Ask for these rights, or name another --db."),
    "25006": ("is read-only", "Name the primary server with --db."),
    "53": ("has run out of disk, memory or connections", "Check the server, then try again."),
    "55P03": ("is locked by another process", "Wait until it has finished, then try again."),
}
_MAX_MESSAGE = 300
"""Maximum characters of the database's own message, which may quote its contents."""
_NO_CONNECTION = (
    "cannot be connected to",
    "Check that the server runs, and that user, password, host, port and database in --db are correct.",
)


_CONNECTIONS = 10
"""Connections to PostgreSQL that are kept open; some more are made and closed under load."""
_TICK = 1_000_000_000
"""Nanoseconds within which a change of a file is sure to change its time."""
_checked: dict[Path, tuple[int, ...]] = {}
"""State of the files that this process has checked: another check takes a second or more."""


class Database:
    """A database with the schema of the decision log. Safe to use from several threads.

    Parameters
    ----------
    url : str or Path
        Path of an SQLite file, created if missing; or ``postgresql+psycopg://user:password@host/database``.
    patience : float
        Seconds to wait while another process writes.
    read_only : bool
        Create no file and no table: where they are missing, there are no events.

    Raises
    ------
    LogError
        If the database cannot be used, here and in every transaction. No message contains the password.
    """

    def __init__(self, url: str | Path, patience: float, *, read_only: bool = False) -> None:
        self._writer = threading.Lock()  # threads queue here in order; SQLite would make them poll
        self._secrets: set[str] = set()
        self._file = url.absolute() if isinstance(url, Path) else None
        self._opened: tuple[int, int] | None = None
        if isinstance(url, Path):
            self.name = str(url)
            if not read_only and (_is_read_only(url.parent) or _is_read_only(url)):
                raise LogError(f"{self.name} {_READ_ONLY[0]}.", _READ_ONLY[1])
            with self._explained_errors():
                self._engine = open_nothing() if read_only and not os.path.lexists(url) else open_file(url, patience)
        else:
            address = _parsed(url)
            self.name = f"postgresql://{address.host or 'localhost'}:{address.port or 5432}/{address.database or ''}"
            self._secrets = {str(secret) for secret in (address.password, address.query.get("password")) if secret}
            self._engine = _postgresql(address, patience)
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
        """Refuse a database that auditor would not write.

        Returns
        -------
        int
            Number of the last migration applied.
        bool
            Whether the derived tables match the events.
        """
        with self.reading() as connection:
            found = schema.version(connection, self.name)
            check_shape(connection, self.name, found)
            if not found or self._file is None:  # a server enforces column types, and is never received as a file
                return found, True
            state = _state(self._file)
            if state == _checked.get(self._file):
                return found, True
            check_contents(connection, self.name, found)
            is_current = projection.is_current(connection, found)
            if is_current and state[-1] < time.time_ns() - _TICK:  # a change within the tick would go unnoticed
                _checked[self._file] = state
            return found, is_current

    @contextmanager
    def reading(self, *, streams: bool = False) -> Iterator[Connection]:
        """Read. On PostgreSQL, each statement sees what is committed when it begins, as in a transaction of its own.

        Parameters
        ----------
        streams : bool
            Read within a transaction, which a result that is not read at once needs there. It costs two more messages
            to the server.
        """
        with self._explained_errors(), self._engine.connect() as connection:
            if not streams and self._engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        """Write in one transaction: afterwards, all or nothing is on the disk.

        Parameters
        ----------
        alone : bool
            Wait for the other threads that write. Whoever does not needs no order among writers. SQLite always waits.
        """
        self._check_place()
        turn = self._writer if alone or self._file else nullcontext()
        with self._explained_errors(), turn, self._engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                yield connection
        self._check_place()  # a file without a name would lose what was reported as saved

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _is_read_only(self) -> bool:
        return self._file is not None and (_is_read_only(self._file.parent) or _is_read_only(self._file))

    def _check_place(self) -> None:
        if self._opened and self._identity() != self._opened:  # SQLite would keep writing to it
            raise LogError(
                f"{self.name} has been removed or replaced since it was opened.",
                "Put it back, or restart with the current file.",
            )

    def _identity(self) -> tuple[int, int] | None:
        """Return the identity of the file at the path; None for PostgreSQL, and without a file."""
        with suppress(OSError):
            if self._file:
                found = self._file.stat()
                return found.st_dev, found.st_ino
        return None

    @contextmanager
    def _explained_errors(self) -> Iterator[None]:
        try:
            yield
        except UnicodeError as error:  # in an SQLite message that quotes contents of the file
            raise LogError(f"{self.name} {_DAMAGED[0]}.", _DAMAGED[1]) from error
        except (DBAPIError, sqlite3.Error) as error:
            cause: Any = error.orig if isinstance(error, DBAPIError) else error
            what, todo = _explain(cause)
            message = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
            for secret in self._secrets:
                message = message.replace(secret, "***")
            message = message[:_MAX_MESSAGE]
            raise LogError(f"{self.name} {what} ({message}).", todo) from cause
        except SQLAlchemyError as error:
            raise LogError(f"{self.name} cannot be used ({type(error).__name__}).", "Try again.") from error


def _state(file: Path) -> tuple[int, ...]:
    """Return values that change whenever the file does."""
    found = file.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _explain(error: Any) -> tuple[str, str]:
    if isinstance(error, sqlite3.Error):
        code = word_of(error)
        return _SQLITE.get(
            code, _BROKEN if not code else ("refuses", "Try again. If it fails again, restore it from a backup.")
        )
    state = getattr(error, "sqlstate", None)
    if state is None:
        return _NO_CONNECTION
    found = (words for code, words in _POSTGRESQL.items() if state.startswith(code))
    return next(found, ("refuses", "Check the server, then try again."))


def _is_read_only(path: Path) -> bool:
    """Return whether a file or folder exists but cannot be written to."""
    return path.exists() and not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _parsed(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):  # its message may contain the password
        address = None
    if address is None or address.drivername not in {"postgresql", "postgresql+psycopg"}:
        raise LogError(
            f"--db: {'no database address' if address is None else f'{address.drivername} is not supported'};"
            " expected postgresql+psycopg://user:password@host/database.",
            "Give such an address, or omit --db to use a file in the run directory.",
        )
    return address.set(drivername="postgresql+psycopg")


def _postgresql(url: URL, patience: float) -> Engine:
    try:
        engine = create_engine(url, pool_size=_CONNECTIONS, connect_args={"connect_timeout": 10})
    except ModuleNotFoundError:
        raise LogError(
            "--db: psycopg, the driver for PostgreSQL, is not installed.",
            "Install it: pip install 'label-auditor[postgres]'.",
        ) from None

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
            cursor.execute(f"SET lock_timeout = {round(patience * 1000)}")
        connection.commit()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, *_: object) -> None:
        """Replace all connections once the server has ended one, which it says unasked. Asking takes a message each."""
        with selectors.DefaultSelector() as selector:
            if not connection.closed:
                selector.register(connection.fileno(), selectors.EVENT_READ)
            if connection.closed or selector.select(0):
                raise InvalidatePoolError

    return engine
