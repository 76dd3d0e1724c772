"""DecisionLog: stores decisions durably, and reads what stands, what was decided, and what can be undone."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import (
    Column,
    Connection,
    Row,
    Select,
    and_,
    func,
    insert,
    select,
    text,
    tuple_,
    union_all,
)

from auditor.errors import FilterError, LogError
from auditor.review.log import figures, leases, projection
from auditor.review.log.changes import Changes, changes
from auditor.review.log.database import Database
from auditor.review.log.event import Event
from auditor.review.log.figures import ReviewerFigures
from auditor.review.log.identity import run_id
from auditor.review.log.kinds import KindReader
from auditor.review.log.records import CHUNK, COLUMNS, RESTORE, Records, TakenError, chunks, to_microseconds
from auditor.review.log.schema import actions, events, runs, selections, standing

__all__ = ["DecisionLog", "ReviewerFigures", "TakenError", "run_id"]

STANDING = (
    *(events.c.item_id, events.c.item_hash, events.c.reviewer, events.c.verdict, events.c.new_labels, events.c.at),
    *(events.c.source, events.c.suggestion_shown, events.c.seconds, events.c.note, events.c.extra),
)
"""Columns of :meth:`DecisionLog.standing_columns`: ``new_labels`` as JSON, ``at`` in microseconds since 1970."""
_IDS = TypeAdapter(list[str])
_NO_RUN = -1
"""Number of a run that the database does not have. It has no events."""


class DecisionLog(KindReader):
    """The decisions on one run. Safe to use from several threads and processes at once.

    Every method raises ``LogError`` when the log cannot be read or written. A method that writes does so in one
    transaction, which is on the disk when the method returns.

    Parameters
    ----------
    url : str or Path
        Path of an SQLite file, created if missing; or ``postgresql+psycopg://user:password@host/database``.
    run_id : str
        Id of the run. Other runs in the same database are neither read nor changed.
    patience : float
        Seconds to wait while another process writes.
    read_only : bool
        Create nothing: a missing log reads as an empty one, and must not be written to.
    """

    def __init__(self, url: str | Path, run_id: str, *, patience: float = 10.0, read_only: bool = False) -> None:
        self.run_id = run_id
        self._database = Database(url, patience, read_only=read_only)
        try:
            self._run = self._find_run() or (_NO_RUN if read_only else self._register_run())
        except BaseException:
            self.close()
            raise
        self._records = Records(run_id, self._run)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, events: Iterable[Event], *, stamp: bool = True) -> list[str]:
        """Write events, all or none. Skip those already in the log.

        Parameters
        ----------
        events : iterable of Event
        stamp : bool
            Set ``at`` to the current time, later than every event in the log.

        Returns
        -------
        list of str
            Ids of the events that were new.

        Raises
        ------
        DecisionError
            If an id already belongs to another event.
        """
        with self._writing() as (connection, before):
            new = self._records.insert(connection, events, before, stamp=stamp)
            if new:
                projection.project(connection, self._run, before, before + len(new))
        return new

    def undo(self, reviewer: str, event_id: str, target: str | None = None) -> Event | None:
        """Undo a reviewer's latest standing action, or the action ``target``.

        Returns
        -------
        Event or None
            The undo; a repeated ``event_id`` returns the same event. None if the reviewer has nothing to undo.
        """
        standing_actions = select(actions.c.action).where(actions.c.undone_at.is_(None), actions.c.at.is_not(None))
        last_first = standing_actions.order_by(actions.c.at.desc(), actions.c.action.desc())
        return self._turn("undo", reviewer, event_id, target, last_first)

    def redo(self, reviewer: str, event_id: str, target: str | None = None) -> Event | None:
        """Redo the action that a reviewer undid last, or the action ``target``.

        Returns
        -------
        Event or None
            The redo; a repeated ``event_id`` returns the same event. None if the reviewer has nothing to redo or,
            without a target, has decided something since.
        """
        undone = select(actions.c.action).where(actions.c.undone_at.is_not(None), actions.c.at.is_not(None))
        if target is None:
            # A later decision that was undone too was undone later, so it comes first anyway.
            decided = select(func.max(actions.c.at)).where(
                actions.c.run == self._run, actions.c.reviewer == reviewer, actions.c.undone_at.is_(None)
            )
            undone = undone.where(actions.c.undone_at > func.coalesce(decided.scalar_subquery(), -(2**63)))
        last_first = undone.order_by(actions.c.undone_at.desc(), actions.c.action.desc())
        return self._turn("redo", reviewer, event_id, target, last_first)

    def serve(self, draw: Callable[[], Event]) -> Event:
        """Write a blind draw, or a plan, before its card is shown.

        Parameters
        ----------
        draw : callable
            Makes the event, of kind ``serve`` or ``certify``. It is called while nobody else can write, so that it
            sees every verdict that the draw must leave out.
        """
        with self._writing() as (connection, before):
            event = draw()
            self._records.insert(connection, [event], before, stamp=True)
        return event

    def lease(self, me: str, item_ids: Sequence[str], *, only: bool = False) -> list[str]:
        """Lease items for two minutes, or renew their leases. Return those that nobody else holds.

        Parameters
        ----------
        me : str
        item_ids : sequence of str
        only : bool
            End all their other leases: these are the cards that their page holds.
        """
        if only:
            with self._database.reading() as connection:
                ended = leases.ended(connection, self._run, me, set(item_ids))
            if ended:
                with self._database.writing(alone=False) as connection:
                    leases.end(connection, self._run, me, ended)
        if not item_ids:
            return []
        with self._database.writing(alone=False) as connection:
            return leases.take(connection, self._run, me, item_ids)

    def rebuild(self) -> None:
        """Rebuild everything derived from the events."""
        with self._writing() as (connection, last):
            projection.rebuild(connection, self._run, last)

    def save_selection(self, ids: Sequence[str]) -> str:
        """Save a set of rows. Return its key for :meth:`selection`, the same for equal sets."""
        kept = json.dumps(sorted(set(ids)))
        key = hashlib.sha256(kept.encode()).hexdigest()[:16]
        with self._writing() as (connection, _):
            if connection.execute(self._selection(key)).first() is None:
                connection.execute(insert(selections), {"run": self._run, "key": key, "ids": kept})
        return key

    # -- reading ------------------------------------------------------------------------------------------------

    def standing(self, item_ids: Sequence[str] | None = None) -> Iterator[Event]:
        """Yield the decisions that stand, one per row and reviewer: of some rows in any order, or of all, oldest first.

        They stand as of the start of the iteration. They are read on the way and not all held in memory.
        """
        for rows in self._standing(COLUMNS, item_ids):
            yield from map(self._records.event, rows)

    def adjudications(self, item_ids: Sequence[str] | None = None) -> list[Event]:
        """Return the adjudications that are not undone, of some rows or of all; the last one of a row counts."""
        found = projection.adjudications(self._run, COLUMNS)
        if item_ids is None:
            return self._read(found)
        parts = (self._read(found.where(events.c.item_id.in_(ids))) for ids in chunks(dict.fromkeys(item_ids)))
        return [event for part in parts for event in part]

    def standing_and_adjudicated(self) -> Iterator[Event]:
        """Yield everything that a row's outcome depends on: the decisions that stand, then the adjudications."""
        yield from self.standing()
        yield from self.adjudications()

    def standing_columns(self, item_ids: Sequence[str] | None = None) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
        """Yield the same decisions as chunks of plain rows of :data:`STANDING`, which is much faster."""
        yield from self._standing(STANDING, item_ids)

    def stands(self, reviewer: str, action: str) -> bool:
        """Return whether a reviewer's action stands, so that it can be undone."""
        of_action = (actions.c.run == self._run, actions.c.reviewer == reviewer, actions.c.action == action)
        found = select(actions.c.action).where(*of_action, actions.c.undone_at.is_(None), actions.c.at.is_not(None))
        with self._database.reading() as connection:
            return connection.execute(found).first() is not None

    def all_events(self) -> Iterator[Event]:
        """Yield every event by ``(at, event_id)``, without those that arrive during the iteration."""
        with self._database.reading() as connection:
            last = self._records.last(connection)
        found = select(*COLUMNS).where(events.c.run == self._run, events.c.seq <= last)
        found = found.order_by(events.c.at, events.c.event_id).limit(CHUNK)
        read = self._read(found)
        while read:
            yield from read
            key = to_microseconds(read[-1].at), read[-1].event_id
            read = self._read(found.where(tuple_(events.c.at, events.c.event_id) > key))

    def leased(self, me: str) -> set[str]:
        """List the items that are on the screens of others."""
        with self._database.reading() as connection:
            return leases.leased(connection, self._run, me)

    def history(self, item_id: str) -> list[Event]:
        """Return all decisions on a row and their undos and redos, also of bulk actions, oldest first."""
        of_row = (events.c.run == self._run, events.c.item_id == item_id, events.c.kind == "decide")
        actions_of_row = select(events.c.action, events.c.reviewer).where(*of_row)
        turns = select(*COLUMNS).where(
            events.c.run == self._run,
            events.c.kind.in_(("undo", "redo")),
            tuple_(events.c.action, events.c.reviewer).in_(actions_of_row),
        )
        found = union_all(select(*COLUMNS).where(*of_row), turns)
        return self._read(found.order_by("at", "event_id"))

    def items_of(self, action: str) -> list[str]:
        """Return the rows of a decision or bulk action, in the order decided."""
        of_action = (events.c.run == self._run, events.c.action == action, events.c.kind == "decide")
        with self._database.reading() as connection:
            found = connection.execute(select(events.c.item_id).where(*of_action).order_by(events.c.seq))
            return list(dict.fromkeys(found.scalars()))

    def changes(self, after_seq: int) -> Changes:
        """Return what has arrived since an event.

        Parameters
        ----------
        after_seq : int
            ``seq`` of an earlier answer, or 0. No event is ever skipped.
        """
        with self._database.reading() as connection:
            return changes(connection, self._records, after_seq)

    def selection(self, key: str) -> list[str]:
        """Return the rows that :meth:`save_selection` saved, sorted.

        Raises
        ------
        FilterError
            If the key does not exist.
        """
        with self._database.reading() as connection:
            kept = connection.execute(self._selection(key)).scalar()
        if kept is None:
            raise FilterError(f"There is no selection with the key {key!r}.", "Select the rows again.")
        try:
            return _IDS.validate_json(kept, strict=True)
        except ValidationError:
            raise LogError(f"The decision log holds a selection that cannot be read: {key!r:.80}.", RESTORE) from None

    # -- figures ------------------------------------------------------------------------------------------------

    def reviewers(self) -> list[ReviewerFigures]:
        """Return figures of everyone who has ever decided something, by name."""
        with self._database.reading() as connection:
            return figures.of_reviewers(connection, self._run)

    # -- inside -------------------------------------------------------------------------------------------------

    def _find_run(self) -> int | None:
        """Return the run's number in this database; None without one."""
        with self._database.reading() as connection:
            return connection.execute(select(runs.c.run).where(runs.c.run_id == self.run_id)).scalar()

    def _register_run(self) -> int:
        """Assign the run a number."""
        found = select(runs.c.run).where(runs.c.run_id == self.run_id)
        register = text("INSERT INTO runs (run_id) VALUES (:run_id) ON CONFLICT (run_id) DO NOTHING")
        with self._database.writing() as connection:
            connection.execute(register, {"run_id": self.run_id})
            return int(connection.execute(found).scalar_one())

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, int]]:
        """Open a transaction as the run's only writer. Yield it with the number of the last event."""
        with self._database.writing() as connection:
            # Locked until the commit, so that events are numbered in commit order.
            connection.execute(select(runs.c.run).where(runs.c.run == self._run).with_for_update())
            yield connection, self._records.last(connection)

    def _turn(
        self, kind: Literal["undo", "redo"], reviewer: str, event_id: str, target: str | None, candidates: Select[str]
    ) -> Event | None:
        """Undo or redo the reviewer's first candidate."""
        with self._writing() as (connection, before):
            existing = self._records.existing(connection, [event_id]).get(event_id)
            if existing is not None:
                if (existing.kind, existing.reviewer) != (kind, reviewer):
                    raise TakenError(event_id)
                return existing
            own_candidates = candidates.where(actions.c.run == self._run, actions.c.reviewer == reviewer)
            if target is not None:
                own_candidates = own_candidates.where(actions.c.action == target)
            action = connection.execute(own_candidates.limit(1)).scalar()
            if action is None:
                return None
            of_action = (events.c.run == self._run, events.c.action == action, events.c.reviewer == reviewer)
            decisions = connection.execute(select(*COLUMNS).where(*of_action, events.c.kind == "decide").limit(2)).all()
            decided = self._records.event(decisions[0])
            event = Event(
                event_id=event_id,
                run_id=self.run_id,
                kind=kind,
                item_id=decided.item_id if len(decisions) == 1 else None,
                item_hash=decided.item_hash if len(decisions) == 1 else None,
                reviewer=reviewer,
                at=self._records.now(connection),
                source=decided.source,
                undoes=action,
            )
            self._records.insert(connection, [event], before, stamp=False)
            projection.project(connection, self._run, before, before + 1)
            return event

    def _standing(
        self, columns: Sequence[Column[Any]], item_ids: Sequence[str] | None
    ) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
        """Yield columns of the decisions that stand, in parts, so that writers never wait for the reader.

        The parts are consistent: the decisions to read are fixed first, by event numbers, and events never change.
        """
        if item_ids is not None:
            together = and_(events.c.run == standing.c.run, events.c.seq == standing.c.seq)
            found = select(*columns).join_from(standing, events, together).where(standing.c.run == self._run)
            for ids in chunks(dict.fromkeys(item_ids)):
                yield self._rows(found.where(standing.c.item_id.in_(ids)))
            return
        numbers = select(standing.c.seq).where(standing.c.run == self._run).order_by(standing.c.at)
        with self._database.reading(streams=True) as connection:
            rows = connection.execution_options(yield_per=10 * CHUNK).execute(numbers).scalars()
            seqs = array("q", rows)
        for part in chunks(seqs):
            found = select(*columns).where(events.c.run == self._run, events.c.seq.in_(part))
            yield self._rows(found.order_by(events.c.at))

    def _rows(self, found: Select[Any]) -> Sequence[Row[*tuple[Any, ...]]]:
        with self._database.reading() as connection:
            return connection.execute(found).all()

    def _selection(self, key: str) -> Select[str]:
        return select(selections.c.ids).where(selections.c.run == self._run, selections.c.key == key)
