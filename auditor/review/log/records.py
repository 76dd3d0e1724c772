"""Records: events as rows of the table ``events``, written once and read back unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter
from sqlalchemy import Connection, func, insert, select

from auditor.errors import DecisionError, LogError
from auditor.review.log.event import LAST, Event, Extra
from auditor.review.log.parts import MAX_LABELS, Label
from auditor.review.log.schema import analyze, events

CHUNK = 500
"""Rows written to or read from the database at once."""

EXTRA = tuple(Extra.model_fields)
"""Fields of an event that the column ``extra`` holds together, as JSON."""
_FIELDS = [name for name in Event.model_fields if name not in {"run_id", *EXTRA}]
COLUMNS = [*(events.c[name] for name in _FIELDS), events.c.extra]
"""Columns that :meth:`Records.event` reads an event from."""

RESTORE = (
    "Something other than auditor has written to it: restore it from a backup, or ask the sender for a file written by"
    " `auditor log export`, and import that into a new log."
)
"""Advice on a log with contents that auditor does not write."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LABELS = TypeAdapter(Annotated[tuple[Label, ...], Field(max_length=MAX_LABELS)])
_T = TypeVar("_T")


class TakenError(DecisionError):
    """The id ``event_id`` already belongs to another event."""

    def __init__(self, event_id: str) -> None:
        super().__init__(
            f"The decision log already has another event {event_id!r}.",
            "Decide again: every decision needs an id of its own.",
        )
        self.event_id = event_id


def to_microseconds(at: datetime) -> int:
    """Convert a time to microseconds since 1970 (UTC), as the log stores it."""
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(at: int) -> datetime:
    """Convert microseconds since 1970 to a time; the inverse of :func:`to_microseconds`."""
    return _EPOCH + at * _MICROSECOND


def in_time(event: Event) -> tuple[int, str]:
    """Return the key by which events are ordered, whenever they arrived: ``(at, event_id)``."""
    return to_microseconds(event.at), event.event_id


EARLIEST, LATEST = to_microseconds(datetime.min.replace(tzinfo=UTC)), to_microseconds(LAST)
"""Range of an event's time, as the log stores it."""


def labels_of(kept: str) -> tuple[str, ...]:
    """Read labels from the JSON array in which the log stores them.

    Raises
    ------
    ValueError
        If it is not an array of labels.
    """
    if type(kept) is not str:
        raise ValueError("a JSON array of labels is a text")
    return _LABELS.validate_json(kept, strict=True) if kept != "[]" else ()


def chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Split into lists of :data:`CHUNK` items."""
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


@dataclass(frozen=True)
class Records:
    """The events of one run.

    Attributes
    ----------
    run_id : str
    run : int
        Number of the run in the database.
    """

    run_id: str
    run: int

    def last(self, connection: Connection) -> int:
        """Return the number of the last event, 0 without any."""
        found = select(func.max(events.c.seq)).where(events.c.run == self.run)
        return connection.execute(found).scalar() or 0

    def now(self, connection: Connection) -> datetime:
        """Return the current time, or a later one if the log has an event at or after it."""
        last = connection.execute(select(func.max(events.c.at)).where(events.c.run == self.run)).scalar()
        now = datetime.now(UTC)
        return now if last is None else max(now, from_microseconds(last + 1))

    def existing(self, connection: Connection, ids: Sequence[str]) -> dict[str, Event]:
        """Return the events in the log that have one of at most :data:`CHUNK` ids, by id."""
        found = select(*COLUMNS).where(events.c.run == self.run, events.c.event_id.in_(ids))
        return {event.event_id: event for event in map(self.event, connection.execute(found))}

    def insert(self, connection: Connection, given: Iterable[Event], last: int, *, stamp: bool) -> list[str]:
        """Write the events that are new, numbered from ``last + 1``. Return their ids.

        Raises
        ------
        DecisionError
            If an id already belongs to another event. With ``stamp``, times are not compared.
        LogError
            If an event belongs to another run, or the database has not kept an event as written.
        """
        at, new = self.now(connection), list[str]()
        for number, chunk in enumerate(chunks(given), start=1):
            existing, rows = self.existing(connection, [event.event_id for event in chunk]), list[dict[str, Any]]()
            for event in chunk:
                before = existing.get(event.event_id)
                if before is None:
                    existing[event.event_id] = event
                    last += 1
                    rows.append(self._row(event, last, at if stamp else event.at))
                    at += _MICROSECOND
                elif before != (event.model_copy(update={"at": before.at}) if stamp else event):
                    raise TakenError(event.event_id)
            if rows:
                connection.execute(insert(events), rows)
                self._check_kept(connection, rows)
                new += [row["event_id"] for row in rows]
            if number == 2:  # many more may follow
                analyze(connection, events)
        return new

    def event(self, row: Sequence[Any]) -> Event:
        """Return the event in a row of :data:`COLUMNS`.

        Raises
        ------
        LogError
            If the row is not an event: something else has written to the database since it was opened.
        """
        *stored, extra = row
        values = dict(zip(_FIELDS, stored, strict=True))
        try:
            values |= {} if extra is None else _read_extra(extra)
            values["at"] = from_microseconds(values["at"])
            values["new_labels"] = labels_of(values["new_labels"])
            return Event(run_id=self.run_id, **values)
        except (TypeError, ValueError, OverflowError) as error:
            raise LogError(
                f"The decision log holds an event that cannot be read: {values['event_id']!r:.80}.", RESTORE
            ) from error

    def _check_kept(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Check in the same transaction that the rows are stored as written: a trigger may have changed them."""
        columns, numbers = [events.c[name] for name in rows[0]], [row["seq"] for row in rows]
        found = select(*columns).where(events.c.run == self.run, events.c.seq.between(numbers[0], numbers[-1]))
        kept = connection.execute(found.order_by(events.c.seq))
        if [tuple(row) for row in kept] != [tuple(row.values()) for row in rows]:
            raise LogError(
                "The decision log does not keep events as written. Nothing was saved.",
                "Something in its database changes or drops them: restore it from a backup, or name another --db.",
            )

    def _row(self, event: Event, seq: int, at: datetime) -> dict[str, Any]:
        if event.run_id != self.run_id:
            raise LogError(
                f"Event {event.event_id!r} is of run {event.run_id!r}; this is the decision log of {self.run_id!r}.",
                "Name the run that the event belongs to.",
            )
        row = {name: getattr(event, name) for name in _FIELDS}
        row |= {"run": self.run, "seq": seq, "action": event.action, "at": to_microseconds(at)}
        return row | {"new_labels": json.dumps(event.new_labels), "extra": _extra(event)}


def _extra(event: Event) -> str | None:
    """Return the fields that few events have as JSON."""
    kept = Extra.model_construct(**{name: getattr(event, name) for name in EXTRA})
    return write_extra(kept) or None


def write_extra(extra: Extra) -> str:
    """Write the fields that are not empty as JSON, always in the same form, so that SQL can look for one.

    Returns
    -------
    str
        Blank if all fields are empty.
    """
    kept = extra.model_dump(mode="json", exclude_none=True)
    return json.dumps(kept, separators=(",", ":"), sort_keys=True) if kept else ""


def _read_extra(extra: str) -> dict[str, Any]:
    """Read the JSON that :func:`_extra` wrote.

    Raises
    ------
    ValueError
        If it is not valid.
    """
    return dict(Extra.model_validate_json(extra))
