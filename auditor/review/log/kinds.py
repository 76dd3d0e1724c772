"""Kinds: reads the events of one kind: draws, plans, cards served, verdicts of models, guidelines, classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import ColumnElement, Executable, and_, literal_column, or_, select

from auditor.review.log.database import Database
from auditor.review.log.event import Event
from auditor.review.log.records import COLUMNS, Records, chunks
from auditor.review.log.schema import events


class KindReader:
    """Reads events of one run by their kind; part of :class:`~auditor.review.log.log.DecisionLog`."""

    _database: Database
    _records: Records
    _run: int

    def draws(self, after_seq: int = 0) -> list[tuple[int, Event]]:
        """Return the blind draws after an event, each with its number, in order of arrival."""
        return self._since(after_seq, events.c.kind == literal_column("'serve'"))

    def plans(self) -> list[Event]:
        """Return the plans of certificates, oldest first."""
        found = select(*COLUMNS).where(events.c.run == self._run, events.c.kind == literal_column("'certify'"))
        return self._read(found.order_by(events.c.at, events.c.event_id))

    def judged(self, model: str | None = None, item_ids: Sequence[str] | None = None) -> list[Event]:
        """Return the last verdict of each model on each row.

        Parameters
        ----------
        model : str, optional
            Reviewer name of a model. Default: all models.
        item_ids : sequence of str, optional
            Rows. Default: all.
        """
        found = select(*COLUMNS).where(events.c.run == self._run, events.c.kind == literal_column("'judge'"))
        if model is not None:
            found = found.where(events.c.reviewer == model)
        parts = [None] if item_ids is None else chunks(dict.fromkeys(item_ids))
        last: dict[tuple[str, str | None], Event] = {}
        for part in parts:
            some = found if part is None else found.where(events.c.item_id.in_(part))
            for event in self._read(some.order_by(events.c.at, events.c.event_id)):
                last[event.reviewer, event.item_id] = event
        return list(last.values())

    def served(self, after_seq: int = 0) -> list[tuple[int, Event]]:
        """Return the decisions on cards of the default queue, and all undos and redos, after an event.

        Each comes with its number, in order of arrival.
        """
        decided = and_(events.c.kind == "decide", events.c.extra.like('%"arm"%'))
        return self._since(after_seq, or_(decided, events.c.kind.in_(("undo", "redo"))))

    def of_kind(self, kind: Literal["guideline", "labels"], after_seq: int = 0) -> list[tuple[int, Event]]:
        """Return the events of a kind after an event, each with its number, in order of arrival."""
        return self._since(after_seq, events.c.kind == kind)

    def turns_of(self, action_ids: Sequence[str]) -> list[Event]:
        """Return the undos and redos of some actions, by anyone, in any order."""
        turns = (events.c.kind.in_(("undo", "redo")), events.c.action.in_(action_ids))
        return [event for _, event in self._since(0, *turns)]

    def _since(self, after_seq: int, *conditions: ColumnElement[bool]) -> list[tuple[int, Event]]:
        """Return the events after number ``after_seq`` that meet the conditions, each with its number, by arrival."""
        found = select(events.c.seq, *COLUMNS).where(events.c.run == self._run, events.c.seq > after_seq, *conditions)
        with self._database.reading() as connection:
            rows = connection.execute(found.order_by(events.c.seq)).all()
        return [(int(seq), self._records.event(row)) for seq, *row in rows]

    def _read(self, found: Executable) -> list[Event]:
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        return list(map(self._records.event, rows))
