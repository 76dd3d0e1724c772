"""Records: events as rows of the table ``events``, written once and read back equal."""

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
from auditor.review.log.event import LAST, MAX_LABELS, Event, Extra, Label
from auditor.review.log.schema import count_again, events

CHUNK = 500
"""Rows that go to or come from the database at once."""

EXTRA = tuple(Extra.model_fields)
"""Fields of an event that are kept together, as JSON, in the column ``extra``."""
_FIELDS = [name for name in Event.model_fields if name not in {"run_id", *EXTRA}]
COLUMNS = [*(events.c[name] for name in _FIELDS), events.c.extra]
"""What :meth:`Records.event` reads an event from."""

RESTORE = (
    "Something other than auditor has written to it: restore it from a backup, or ask whoever sent it for the log that"
    " `auditor log export` writes, and import that into a new one."
)
"""What to do about a log that holds what auditor does not write."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LABELS = TypeAdapter(Annotated[tuple[Label, ...], Field(max_length=MAX_LABELS)])
_T = TypeVar("_T")


class TakenError(DecisionError):
    """An event's id belongs to another event already; ``event_id`` says which."""

    def __init__(self, event_id: str) -> None:
        super().__init__(
            f"Event {event_id!r} is in the decision log already, and says something else there.",
            "Decide again: every decision needs an id of its own.",
        )
        self.event_id = event_id


def to_microseconds(at: datetime) -> int:
    """Since 1970, UTC: how the log stores a time."""
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(at: int) -> datetime:
    """Undo :func:`to_microseconds`."""
    return _EPOCH + at * _MICROSECOND


EARLIEST, LATEST = to_microseconds(datetime.min.replace(tzinfo=UTC)), to_microseconds(LAST)
"""The times that an event may have, as the log stores them."""


def labels_of(kept: str) -> tuple[str, ...]:
    """Labels from the JSON array in which the log stores them.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if type(kept) is not str:
        raise ValueError("a JSON array of labels is a text")
    return _LABELS.validate_json(kept, strict=True) if kept != "[]" else ()


def chunks(things: Iterable[_T]) -> Iterator[list[_T]]:
    """Cut into lists of :data:`CHUNK`."""
    rest = iter(things)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


@dataclass(frozen=True)
class Records:
    """The events of one run.

    Attributes
    ----------
    run_id : str
    run : int
        Its number in the database.
    """

    run_id: str
    run: int

    def last(self, connection: Connection) -> int:
        """Number of the last event, 0 when there is none."""
        found = select(func.max(events.c.seq)).where(events.c.run == self.run)
        return connection.execute(found).scalar() or 0

    def now(self, connection: Connection) -> datetime:
        """Now, but later than every event in the log."""
        last = connection.execute(select(func.max(events.c.at)).where(events.c.run == self.run)).scalar()
        now = datetime.now(UTC)
        return now if last is None else max(now, from_microseconds(last + 1))

    def known(self, connection: Connection, ids: Sequence[str]) -> dict[str, Event]:
        """Those of at most :data:`CHUNK` event ids that are in the log, with their events."""
        found = select(*COLUMNS).where(events.c.run == self.run, events.c.event_id.in_(ids))
        return {event.event_id: event for event in map(self.event, connection.execute(found))}

    def insert(self, connection: Connection, given: Iterable[Event], last: int, *, stamp: bool) -> list[str]:
        """Write the events that are not known yet, numbered from ``last + 1`` on; their ids.

        Raises
        ------
        DecisionError
            If an id belongs to another event already; with ``stamp``, times are not compared.
        LogError
            If an event is of another run, or the database has not kept what it was given.
        """
        at, new = self.now(connection), list[str]()
        for number, chunk in enumerate(chunks(given), start=1):
            known, rows = self.known(connection, [event.event_id for event in chunk]), list[dict[str, Any]]()
            for event in chunk:
                before = known.get(event.event_id)
                if before is None:
                    known[event.event_id] = event
                    last += 1
                    rows.append(self._row(event, last, at if stamp else event.at))
                    at += _MICROSECOND
                elif before != (event.model_copy(update={"at": before.at}) if stamp else event):
                    raise TakenError(event.event_id)
            if rows:
                connection.execute(insert(events), rows)
                self._check_kept(connection, rows)
                new += [row["event_id"] for row in rows]
            if number == 2:  # more may come
                count_again(connection, events)
        return new

    def event(self, row: Sequence[Any]) -> Event:
        """The event in a row of :data:`COLUMNS`.

        Raises
        ------
        LogError
            If it is none, because something else has written to the database since it was opened.
        """
        *known, extra = row
        values = dict(zip(_FIELDS, known, strict=True))
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
        """See in the same transaction whether the rows are there as they were given: a trigger may have stepped in."""
        columns, numbers = [events.c[name] for name in rows[0]], [row["seq"] for row in rows]
        found = select(*columns).where(events.c.run == self.run, events.c.seq.between(numbers[0], numbers[-1]))
        kept = connection.execute(found.order_by(events.c.seq))
        if [tuple(row) for row in kept] != [tuple(row.values()) for row in rows]:
            raise LogError(
                "The decision log does not keep what is written to it: nothing was saved.",
                "Something in its database changes or drops it: restore it from a backup, or take another --db.",
            )

    def _row(self, event: Event, seq: int, at: datetime) -> dict[str, Any]:
        if event.run_id != self.run_id:
            raise LogError(
                f"Event {event.event_id!r} is of run {event.run_id!r}; this is the decision log of {self.run_id!r}.",
                "Name the run that it was made on.",
            )
        row = {name: getattr(event, name) for name in _FIELDS}
        row |= {"run": self.run, "seq": seq, "action": event.action, "at": to_microseconds(at)}
        return row | {"new_labels": json.dumps(event.new_labels), "extra": _extra(event)}


def _extra(event: Event) -> str | None:
    """Write the fields that few events have."""
    kept = event.model_dump(mode="json", include=set(EXTRA), exclude_none=True)
    return json.dumps(kept, separators=(",", ":"), sort_keys=True) if kept else None


def _read_extra(extra: str) -> dict[str, Any]:
    """Undo :func:`_extra`.

    Raises
    ------
    ValueError
        If it is something else.
    """
    return dict(Extra.model_validate_json(extra))
