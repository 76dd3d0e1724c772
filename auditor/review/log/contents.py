"""Contents: check that every event in a log file is one that auditor would write.

SQLite stores text even in number columns, and a file may come from anywhere. So all events are checked when the file is
opened, and later readers can trust every value. :class:`~auditor.review.log.event.Event` defines the allowed values.
Each distinct value is checked once, however many events have it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import Connection

from auditor.errors import DecisionError, LogError
from auditor.review.log.event import OF_DECISIONS, OF_KIND, Event, Extra, check_labels, may_adjudicate
from auditor.review.log.parts import Id, LabelChange, ModelAnswer, Plan, Pool
from auditor.review.log.records import EARLIEST, LATEST, RESTORE, from_microseconds, labels_of, write_extra
from auditor.review.log.schema import ADDED
from auditor.validation import first_fault
from auditor.wording import quoted

_CHUNK = 10_000
"""Rows held in memory at once."""
_MAX_SEQ = 2**53
"""Upper limit on event numbers: no log has as many events, and nothing below it overflows."""

_COMBINED = {
    **{name: name for name in ("kind", "verdict", "new_labels", "reviewer", "source")},
    **{name: f"iif({name} IS NULL, NULL, 'x')" for name in ("item_id", "batch_id", "undoes")},
    "item_hash": f"iif(item_hash IS NULL, NULL, '{'0' * 32}')",
    "note": "iif(note = '', '', 'x')",
}
"""Columns that must be consistent within an event: the value of some, the presence of others."""
_REST = {"event_id": "x", "run_id": "x", "at": from_microseconds(0)}
_PLAN = Plan(
    target="group",
    wrong_at_most=0.5,
    alpha=0.5,
    rows=("x",),
    digest="0" * 32,
    labels=("x",),
    to=(0,),
    sets=(1,),
    cards=(1,),
    seed="0" * 32,
)
_OWN: Mapping[str, Mapping[str, Any]] = {
    "serve": {"pool": Pool(size=1, mean_p=0.5, q=0.5, q_any=0.5, seed="0" * 32)},
    "certify": {"plan": _PLAN},
    "judge": {"origin": ModelAnswer(instruction="0" * 32)},
    "guideline": {"guidelines": ""},
    "labels": {"labels": LabelChange(operation="delete", labels=("x",))},
}
"""A value of the field that only events of a kind have: its real one is checked on its own."""
_SINGLE_COLUMNS = (
    "event_id",
    "item_id",
    "item_hash",
    "note",
    "seconds",
    "batch_id",
    "suggestion_shown",
    "suspicion_seen",
    "undoes",
)
"""Columns whose values are checked individually."""
_CONTRADICTIONS = {
    "run": "SELECT run, seq, run, 'expected a run of the table runs' FROM events"
    " WHERE run NOT IN (SELECT run FROM runs)",
    "action": "SELECT run, seq, action, 'expected the value of undoes, batch_id or else event_id' FROM events"
    " WHERE action IS NOT coalesce(undoes, batch_id, event_id)",
}
"""Queries for columns that contradict others: run and number of the event, the value, what is wrong."""


def check_contents(connection: Connection, name: str, seen: int) -> None:
    """Refuse a log file that holds a value that auditor would not write.

    Parameters
    ----------
    connection : Connection
        Connection to SQLite, in a transaction.
    name : str
        Name of the file in messages.
    seen : int
        Number of the last migration that the file has seen: later tables and columns do not exist yet.

    Raises
    ------
    LogError
        Names table, row and column of the first such value.
    """
    file: Any = connection.connection.driver_connection
    try:
        fault = next(_faults(file, seen), None)
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", None):
            raise
        fault = _fault_in_encoding(file, seen) or str(error)  # an error of Python's: a text is not UTF-8
    if fault:
        raise LogError(f"{name} cannot be read: {fault}.", RESTORE)


def _fault_in_encoding(file: sqlite3.Connection, seen: int) -> str | None:
    before = file.text_factory
    file.text_factory = lambda data: data.decode(errors="surrogateescape")  # pydantic refuses such text
    try:
        return next(_faults(file, seen), None)
    finally:
        file.text_factory = before


def _faults(file: sqlite3.Connection, seen: int) -> Iterator[str]:
    later = {column for number, added in ADDED.items() if number > seen for column in added}
    for table, types in _types().items():
        if (table, "until") in later:
            continue
        cursor = file.execute(f"SELECT {', '.join(types)} FROM {table}")
        while rows := cursor.fetchmany(_CHUNK):
            for (name, type_), column in zip(types.items(), zip(*rows, strict=True), strict=True):
                if not _fits(type_, set(column)):
                    at = next(at for at, value in enumerate(column) if not _fits(type_, {value}))
                    yield _fault(table, name, rows[at], _reason(type_, column[at]))
    for name, query in _CONTRADICTIONS.items():
        for run, number, value, reason in file.execute(query):
            yield _fault("events", name, (run, number), f"{reason}, found {quoted(value)}")
    extras = f"""SELECT run, seq, extra, kind, verdict, source, batch_id FROM events
                 WHERE extra IS NOT NULL OR kind IN ({", ".join(map(repr, OF_KIND))})"""
    for run, number, extra, *rest in file.execute(extras) if ("events", "extra") not in later else ():
        if reason := _wrong_extra(extra, *rest):
            yield _fault("events", "extra", (run, number), f"{reason}, found {quoted(extra)}")
    combined = ", ".join(f"{expression} AS {name}" for name, expression in _COMBINED.items())
    for values in file.execute(f"SELECT DISTINCT {combined} FROM events"):
        if wrong := _inconsistent(dict(zip(_COMBINED, values, strict=True))):
            events = file.execute(f"SELECT {combined}, run, seq FROM events")
            yield _fault("events", wrong[0], next(row[-2:] for row in events if row[:-2] == values), wrong[1])


def _fits(type_: TypeAdapter[Any], values: set[Any]) -> bool:
    try:
        type_.validate_python(values, strict=True)
    except ValidationError:
        return False
    return True


def _reason(type_: TypeAdapter[Any], value: object) -> str:
    try:
        type_.validate_python({value}, strict=True)
    except ValidationError as error:
        return f"{first_fault(error, with_value=False).why}, found {quoted(value)}"
    return f"found {quoted(value)}"


def _wrong_extra(extra: object, kind: str, verdict: str | None, source: str, batch_id: str | None) -> str | None:
    """Return what is wrong with the column ``extra``; None if nothing is."""
    try:
        found = Extra.model_validate_json(extra) if isinstance(extra, str) else None
    except ValidationError as error:
        return first_fault(error, with_value=False).why
    names = found.model_fields_set if found else set()
    if not found or not names or names != {name for name, value in found if value is not None}:
        return "expected a JSON object without empty fields"
    if write_extra(found) != extra:
        return "expected JSON without spaces, its names in order"
    if (found.answer is not None) != (found.arm == "known"):
        return "expected an answer for cards of the arm known, and for no others"
    if found.adjudication and not may_adjudicate(kind, verdict, source, batch_id, found.arm):
        return "expected an adjudication to be one decision of its own, and not unsure"
    if kind in OF_KIND:
        return None if names == {OF_KIND[kind]} else f"expected the {OF_KIND[kind]} of {kind}, alone"
    return None if kind == "decide" and names <= OF_DECISIONS else "expected no fields beyond those of all events"


def _inconsistent(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the column in which an event is wrong, and the reason; None if it is consistent."""
    try:
        labels = labels_of(values["new_labels"])
    except ValueError:
        return "new_labels", f"expected a JSON array of labels, found {quoted(values['new_labels'])}"
    try:
        rest = {**_REST, **_OWN.get(values["kind"], {})}
        event = Event.model_validate({**rest, **values, "new_labels": labels}, strict=True)
        if event.verdict is not None:
            check_labels(event)
    except ValidationError as error:
        fault = first_fault(error, with_value=False)
        found = f", found {quoted(values[fault.where])}" if fault.where in values else ""
        return fault.where or "kind", f"{fault.why}{found}"
    except DecisionError:
        return "new_labels", f"expected those of {values['verdict']}, found {quoted(values['new_labels'])}"
    return None


def _fault(table: str, column: str, row: Sequence[Any], reason: str) -> str:
    location = ", ".join(f"{name} {quoted(value)}" for name, value in zip(_KEYS[table], row, strict=False))
    return f"table {table}, {location}, column {column}: {reason}"


_KEYS = {"runs": ("run",), "events": ("run", "seq"), "leases": ("run", "item_id")}


@cache
def _types() -> Mapping[str, Mapping[str, TypeAdapter[Any]]]:
    """Return the type of each column's set of values, by table and column, key columns first."""
    hints = get_type_hints(Event, include_extras=True)
    tables: Mapping[str, Mapping[str, Any]] = {
        "runs": {"run": int, "run_id": Id},
        "events": {
            "run": int,
            "seq": Annotated[int, Field(ge=1, le=_MAX_SEQ)],
            "at": Annotated[int, Field(ge=EARLIEST, le=LATEST)],
            **{name: hints[name] for name in _SINGLE_COLUMNS},
        },
        "leases": {
            "run": int,
            "item_id": hints["item_id"],
            "reviewer": hints["reviewer"],
            "until": Annotated[int, Field(ge=EARLIEST, le=LATEST)],
        },
    }
    return {
        table: {name: TypeAdapter(set[type_]) for name, type_ in columns.items()}  # type: ignore[valid-type]
        for table, columns in tables.items()
    }
