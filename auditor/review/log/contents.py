"""Contents: whether every event in a log's file is one that auditor writes.

SQLite keeps a text where a number should be, and a file may come from anywhere. So all events are looked through when
the file is opened, and whoever reads the log afterwards need not doubt a value. Each column is checked as a set against
its type in :class:`~auditor.review.log.event.Event`, which takes a few microseconds an event.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, get_type_hints

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from sqlalchemy import Connection

from auditor.errors import DecisionError, LogError
from auditor.review.log.event import Event, Id, check_labels
from auditor.review.log.records import EARLIEST, LATEST, RESTORE, from_microseconds, labels_of
from auditor.validation import first_fault

_CHUNK = 10_000
"""Rows that are held in memory at once."""
_SHOWN = 60
"""Characters of a value that a message shows."""
_MOST = 2**53
"""No log has as many events, and nothing overflows below."""
_ODD = {
    "run": "SELECT run, seq, run, 'expected a run of the table runs' FROM events"
    " WHERE run NOT IN (SELECT run FROM runs)",
    "action": "SELECT run, seq, action, 'expected the value of undoes, batch_id or else event_id' FROM events"
    " WHERE action IS NOT coalesce(undoes, batch_id, event_id)",
}
"""What of an event's columns does not suit the rest: number of the run and the event, the value, what is wrong."""
_COMBINATIONS = """
    SELECT run, min(seq), kind, verdict, new_labels, iif(item_id IS NULL, NULL, 'x') AS item_id,
           iif(item_hash IS NULL, NULL, '00000000000000000000000000000000') AS item_hash, substr(note, 1, 1) AS note,
           iif(batch_id IS NULL, NULL, 'x') AS batch_id, iif(undoes IS NULL, NULL, 'x') AS undoes
      FROM events GROUP BY run, kind, verdict, new_labels, 6, 7, 8, 9, 10
"""
"""Events that differ in more than in which row, batch or action they name, and in the rest of their note."""
_SAME = {"event_id": "x", "run_id": "x", "reviewer": "x", "at": from_microseconds(0), "source": "queue"}


def check_contents(connection: Connection, name: str) -> None:
    """Refuse a log in a file that holds a value which auditor does not write.

    Parameters
    ----------
    connection : Connection
        To SQLite, in a transaction.
    name : str
        What messages call the file.

    Raises
    ------
    LogError
        With table, row and column of the first such value.
    """
    file: Any = connection.connection.driver_connection
    try:
        fault = next(_faults(file), None)
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", None):
            raise
        fault = _fault_in_encoding(file) or str(error)  # Python's own error: a text is not UTF-8
    if fault:
        raise LogError(f"{name} cannot be read: {fault}.", RESTORE)


def _fault_in_encoding(file: sqlite3.Connection) -> str | None:
    before = file.text_factory
    file.text_factory = lambda data: data.decode(errors="surrogateescape")  # which is no text to pydantic
    try:
        return next(_faults(file), None)
    finally:
        file.text_factory = before


def _faults(file: sqlite3.Connection) -> Iterator[str]:
    for table, key in (("runs", 1), ("events", 2)):
        names = [*_types()[table]]
        cursor = file.execute(f"SELECT {', '.join(names)} FROM {table}")
        while rows := cursor.fetchmany(_CHUNK):
            for at, name in enumerate(names):
                yield from _column_faults(table, name, key, at, rows)
    for column, query in _ODD.items():
        for run, seq, value, why in file.execute(query):
            yield _fault("events", column, (run, seq), f"{why}, found {_shown(value)}")
    cursor = file.execute(_COMBINATIONS)
    names = [column for column, *_ in cursor.description]
    for row in cursor:
        yield from _combination_faults(dict(zip(names, row, strict=True)), row[:2])


def _column_faults(table: str, name: str, key: int, at: int, rows: Sequence[Any]) -> Iterator[str]:
    type_ = _types()[table][name]
    try:
        type_.validate_python({row[at] for row in rows}, strict=True)
    except ValidationError:
        for row in rows:
            try:
                type_.validate_python({row[at]}, strict=True)
            except ValidationError as error:
                why = first_fault(error, with_value=False).why
                yield _fault(table, name, row[:key], f"{why}, found {_shown(row[at])}")


def _combination_faults(values: dict[str, Any], key: Sequence[Any]) -> Iterator[str]:
    fields = {name: value for name, value in values.items() if name in Event.model_fields}
    try:
        event = Event.model_validate(_SAME | fields | {"new_labels": labels_of(values["new_labels"])})
        if event.kind == "decide":
            check_labels(event)
    except ValidationError as error:
        yield _fault("events", "kind", key, first_fault(error, with_value=False).why)
    except DecisionError:
        yield _fault(
            "events", "new_labels", key, f"they do not suit {values['verdict']}: {_shown(values['new_labels'])}"
        )


def _fault(table: str, column: str, key: Sequence[Any], why: str) -> str:
    where = ", ".join(f"{name} {value}" for name, value in zip(("run", "number"), key, strict=False))
    return f"table {table}, {where}, column {column}: {why}"


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _is_labels(value: str) -> str:
    labels_of(value)
    return value


@cache
def _types() -> Mapping[str, Mapping[str, TypeAdapter[Any]]]:
    """By table and column: a set of the column's values."""
    hints = get_type_hints(Event, include_extras=True)
    number, moment = Annotated[int, Field(ge=1, le=_MOST)], Annotated[int, Field(ge=EARLIEST, le=LATEST)]
    own = {"at": moment, "new_labels": Annotated[str, AfterValidator(_is_labels)]}
    fields = {name: own.get(name, hints[name]) for name in Event.model_fields if name != "run_id"}
    tables = {"runs": {"run": int, "run_id": Id}, "events": {"run": int, "seq": number, **fields}}
    return {
        table: {name: TypeAdapter(set[type_]) for name, type_ in columns.items()}  # type: ignore[valid-type]
        for table, columns in tables.items()
    }
