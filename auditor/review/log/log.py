"""DecisionLog: decisions go in and are never lost; what stands, what was, and what can be taken back come out."""

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
    Executable,
    Row,
    Select,
    and_,
    func,
    insert,
    literal_column,
    select,
    text,
    tuple_,
    union_all,
)

from auditor.errors import FilterError, LogError
from auditor.review.log import figures, leases, projection
from auditor.review.log.database import Database
from auditor.review.log.event import Event
from auditor.review.log.figures import ReviewerFigures
from auditor.review.log.identity import run_id
from auditor.review.log.records import CHUNK, COLUMNS, RESTORE, Records, TakenError, chunks, to_microseconds
from auditor.review.log.schema import actions, events, runs, selections, standing

__all__ = ["DecisionLog", "ReviewerFigures", "TakenError", "run_id"]

STANDING = (
    *(events.c.item_id, events.c.item_hash, events.c.reviewer, events.c.verdict, events.c.new_labels, events.c.at),
    *(events.c.source, events.c.suggestion_shown, events.c.seconds),
)
"""What :meth:`DecisionLog.standing_columns` gives: ``new_labels`` as JSON, ``at`` in microseconds since 1970."""
_IDS = TypeAdapter(list[str])
_NO_RUN = -1
"""Number of a run that the database does not know; it has no event."""


class DecisionLog:
    """The decisions on one run; may be used by several threads, and by several processes at once.

    Every method raises ``LogError`` when the log cannot be read or written. One that writes does so in one
    transaction, which is on the disk when it returns.

    Parameters
    ----------
    url : str or Path
        A path is an SQLite file, made when it is missing; else ``postgresql+psycopg://user:password@host/database``.
    run_id : str
        Other runs in the same database are neither seen nor touched.
    patience : float
        Seconds to wait while another process writes.
    read_only : bool
        Make nothing: a log that is missing is an empty one, and is not to be written to.
    """

    def __init__(self, url: str | Path, run_id: str, *, patience: float = 10.0, read_only: bool = False) -> None:
        self.run_id = run_id
        self._database = Database(url, patience, read_only=read_only)
        try:
            self._run = self._find_run() or (_NO_RUN if read_only else self._enrol())
        except BaseException:
            self.close()
            raise
        self._records = Records(run_id, self._run)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, events: Iterable[Event], *, stamp: bool = True) -> list[str]:
        """Write events, all or none; those that are in the log already are left out.

        Parameters
        ----------
        events : iterable of Event
        stamp : bool
            Set ``at`` to now, and later than that of every event in the log.

        Returns
        -------
        list of str
            Ids of the events that were new.

        Raises
        ------
        DecisionError
            If an id belongs to another event already.
        """
        with self._writing() as (connection, before):
            new = self._records.insert(connection, events, before, stamp=stamp)
            if new:
                projection.project(connection, self._run, before, before + len(new))
        return new

    def undo(self, reviewer: str, event_id: str, target: str | None = None) -> Event | None:
        """Take back a reviewer's latest standing action, or the one named ``target``.

        Returns
        -------
        Event or None
            The undo; for the same ``event_id`` the same one again. None when there is nothing of theirs to undo.
        """
        stands = select(actions.c.action).where(actions.c.undone_at.is_(None), actions.c.at.is_not(None))
        last_first = stands.order_by(actions.c.at.desc(), actions.c.action.desc())
        return self._turn("undo", reviewer, event_id, target, last_first)

    def redo(self, reviewer: str, event_id: str, target: str | None = None) -> Event | None:
        """Bring back the action that a reviewer has undone last, or the one named ``target``.

        Returns
        -------
        Event or None
            The redo; for the same ``event_id`` the same one again. None when there is nothing of theirs to redo or,
            without a target, when they have decided something since.
        """
        undone = select(actions.c.action).where(actions.c.undone_at.is_not(None), actions.c.at.is_not(None))
        if target is None:
            # What was decided since and is undone too has been undone later, and comes first anyway.
            decided = select(func.max(actions.c.at)).where(
                actions.c.run == self._run, actions.c.reviewer == reviewer, actions.c.undone_at.is_(None)
            )
            undone = undone.where(actions.c.undone_at > func.coalesce(decided.scalar_subquery(), -(2**63)))
        last_first = undone.order_by(actions.c.undone_at.desc(), actions.c.action.desc())
        return self._turn("redo", reviewer, event_id, target, last_first)

    def serve(self, draw: Callable[[], Event]) -> Event:
        """Write a blind draw before its card is shown.

        Parameters
        ----------
        draw : callable
            Makes the event, of kind ``serve``. It is called when nobody else can write: what it reads of the log is
            what the draw leaves out, to the last verdict.
        """
        with self._writing() as (connection, before):
            event = draw()
            self._records.insert(connection, [event], before, stamp=True)
        return event

    def lease(self, me: str, item_ids: Sequence[str], *, only: bool = False) -> list[str]:
        """Lease items for two minutes, or renew their leases; those that nobody else holds.

        Parameters
        ----------
        me : str
        item_ids : sequence of str
        only : bool
            End all other leases of theirs: these are the cards that their page holds.
        """
        if not item_ids and not only:
            return []
        with self._writing() as (connection, _):
            if only:
                leases.release(connection, self._run, me, set(item_ids))
            return leases.take(connection, self._run, me, item_ids)

    def rebuild(self) -> None:
        """Make all that follows from the events again."""
        with self._writing() as (connection, last):
            projection.rebuild(connection, self._run, last)

    def save_selection(self, ids: Sequence[str]) -> str:
        """Keep a set of rows; the key that :meth:`selection` gives them back for, always the same for the same set."""
        kept = json.dumps(sorted(set(ids)))
        key = hashlib.sha256(kept.encode()).hexdigest()[:16]
        with self._writing() as (connection, _):
            if connection.execute(self._selection(key)).first() is None:
                connection.execute(insert(selections), {"run": self._run, "key": key, "ids": kept})
        return key

    # -- reading ------------------------------------------------------------------------------------------------

    def standing(self, item_ids: Sequence[str] | None = None) -> Iterator[Event]:
        """Decisions that stand, one a row and reviewer: of the rows named in any order, or all of them, oldest first.

        They are those that stand when the first is asked for. All of them are read while they are iterated over, and
        not held in memory.
        """
        for rows in self._standing(COLUMNS, item_ids):
            yield from map(self._records.event, rows)

    def standing_columns(self, item_ids: Sequence[str] | None = None) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
        """The same decisions in chunks of plain rows of :data:`STANDING`: much quicker."""
        yield from self._standing(STANDING, item_ids)

    def stands(self, reviewer: str, action: str) -> bool:
        """Whether an action of a reviewer's stands, and could so be undone."""
        of_action = (actions.c.run == self._run, actions.c.reviewer == reviewer, actions.c.action == action)
        found = select(actions.c.action).where(*of_action, actions.c.undone_at.is_(None), actions.c.at.is_not(None))
        with self._database.reading() as connection:
            return connection.execute(found).first() is not None

    def all_events(self) -> Iterator[Event]:
        """Every event, by ``(at, event_id)``, read while it is iterated over; none that comes meanwhile."""
        with self._database.reading() as connection:
            last = self._records.last(connection)
        found = select(*COLUMNS).where(events.c.run == self._run, events.c.seq <= last)
        found = found.order_by(events.c.at, events.c.event_id).limit(CHUNK)
        read = self._read(found)
        while read:
            yield from read
            key = to_microseconds(read[-1].at), read[-1].event_id
            read = self._read(found.where(tuple_(events.c.at, events.c.event_id) > key))

    def draws(self, after_seq: int = 0) -> list[tuple[int, Event]]:
        """List the blind draws since an event, each with its number, in the order in which they arrived."""
        found = select(events.c.seq, *COLUMNS).where(
            events.c.run == self._run, events.c.seq > after_seq, events.c.kind == literal_column("'serve'")
        )
        with self._database.reading() as connection:
            rows = connection.execute(found.order_by(events.c.seq)).all()
        return [(int(seq), self._records.event(row)) for seq, *row in rows]

    def served(self, after_seq: int = 0) -> list[tuple[int, Event]]:
        """List the decisions on cards of the default queue since an event, each with its number, by arrival."""
        found = select(events.c.seq, *COLUMNS).where(
            events.c.run == self._run, events.c.seq > after_seq, events.c.kind == "decide", events.c.extra.is_not(None)
        )
        with self._database.reading() as connection:
            rows = connection.execute(found.order_by(events.c.seq)).all()
        return [(int(seq), self._records.event(row)) for seq, *row in rows]

    def leased(self, me: str) -> set[str]:
        """List the items that are on the screens of others."""
        with self._database.reading() as connection:
            return leases.leased(connection, self._run, me)

    def history(self, item_id: str) -> list[Event]:
        """Everybody's decisions on a row, and the undos and redos of them (of bulks too), oldest first."""
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
        """Rows of a decision or of a bulk of them, as they were decided."""
        of_action = (events.c.run == self._run, events.c.action == action, events.c.kind == "decide")
        with self._database.reading() as connection:
            found = connection.execute(select(events.c.item_id).where(*of_action).order_by(events.c.seq))
            return list(dict.fromkeys(found.scalars()))

    def changes(self, after_seq: int) -> tuple[int, list[str]]:
        """What has happened since: the number of the last event, and the rows on which something else may stand now.

        Parameters
        ----------
        after_seq : int
            The number that an earlier call has given, or 0. No event is ever skipped.
        """
        with self._database.reading() as connection:
            last = max(after_seq, self._records.last(connection))
            return last, projection.touched_rows(connection, self._run, after_seq, last)

    def selection(self, key: str) -> list[str]:
        """Rows that :meth:`save_selection` has kept, sorted.

        Raises
        ------
        FilterError
            If there is no such key.
        """
        with self._database.reading() as connection:
            kept = connection.execute(self._selection(key)).scalar()
        if kept is None:
            raise FilterError(f"selection: there is none with the key {key!r}.", "Select the rows again.")
        try:
            return _IDS.validate_json(kept, strict=True)
        except ValidationError:
            raise LogError(f"The decision log holds a selection that cannot be read: {key!r:.80}.", RESTORE) from None

    # -- figures ------------------------------------------------------------------------------------------------

    def reviewers(self) -> list[ReviewerFigures]:
        """Figures of everybody who has ever decided something, by name."""
        with self._database.reading() as connection:
            return figures.of_reviewers(connection, self._run)

    # -- inside -------------------------------------------------------------------------------------------------

    def _find_run(self) -> int | None:
        """Number of the run in this database."""
        with self._database.reading() as connection:
            return connection.execute(select(runs.c.run).where(runs.c.run_id == self.run_id)).scalar()

    def _enrol(self) -> int:
        """Give the run a number."""
        found = select(runs.c.run).where(runs.c.run_id == self.run_id)
        enrol = text("INSERT INTO runs (run_id) VALUES (:run_id) ON CONFLICT (run_id) DO NOTHING")
        with self._database.writing() as connection:
            connection.execute(enrol, {"run_id": self.run_id})
            return int(connection.execute(found).scalar_one())

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, int]]:
        """Transaction of the run's only writer, with the number of the last event."""
        with self._database.writing() as connection:
            # Locked until the commit, so that events are numbered in the order in which they are committed.
            connection.execute(select(runs.c.run).where(runs.c.run == self._run).with_for_update())
            yield connection, self._records.last(connection)

    def _read(self, found: Executable) -> list[Event]:
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        return list(map(self._records.event, rows))

    def _turn(
        self, kind: Literal["undo", "redo"], reviewer: str, event_id: str, target: str | None, candidates: Select[str]
    ) -> Event | None:
        """Undo or redo the first candidate that is the reviewer's."""
        with self._writing() as (connection, before):
            known = self._records.known(connection, [event_id]).get(event_id)
            if known is not None:
                if (known.kind, known.reviewer) != (kind, reviewer):
                    raise TakenError(event_id)
                return known
            theirs = candidates.where(actions.c.run == self._run, actions.c.reviewer == reviewer)
            if target is not None:
                theirs = theirs.where(actions.c.action == target)
            action = connection.execute(theirs.limit(1)).scalar()
            if action is None:
                return None
            of_action = (events.c.run == self._run, events.c.action == action, events.c.reviewer == reviewer)
            made = connection.execute(select(*COLUMNS).where(*of_action, events.c.kind == "decide").limit(2)).all()
            decided = self._records.event(made[0])
            event = Event(
                event_id=event_id,
                run_id=self.run_id,
                kind=kind,
                item_id=decided.item_id if len(made) == 1 else None,
                item_hash=decided.item_hash if len(made) == 1 else None,
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
        """Columns of the decisions that stand, in parts; in between no writer need wait for the reader.

        What stands is kept as numbers of events, which never change: so the parts belong together.
        """
        if item_ids is not None:
            together = and_(events.c.run == standing.c.run, events.c.seq == standing.c.seq)
            found = select(*columns).join_from(standing, events, together).where(standing.c.run == self._run)
            for ids in chunks(dict.fromkeys(item_ids)):
                yield self._rows(found.where(standing.c.item_id.in_(ids)))
            return
        numbers = select(standing.c.seq).where(standing.c.run == self._run).order_by(standing.c.at)
        with self._database.reading() as connection:
            rows = connection.execution_options(yield_per=10 * CHUNK).execute(numbers).scalars()
            stands = array("q", rows)
        for part in chunks(stands):
            found = select(*columns).where(events.c.run == self._run, events.c.seq.in_(part))
            yield self._rows(found.order_by(events.c.at))

    def _rows(self, found: Select[Any]) -> Sequence[Row[*tuple[Any, ...]]]:
        with self._database.reading() as connection:
            return connection.execute(found).all()

    def _selection(self, key: str) -> Select[str]:
        return select(selections.c.ids).where(selections.c.run == self._run, selections.c.key == key)
