"""State derived from the events: which actions can be undone and redone, and which decisions stand.

An action is undone if the last of its reviewer's undos and redos of it is an undo. Of a reviewer's decisions on a row,
the last one whose action is not undone stands. *Last* is by ``(at, event_id)``, never by arrival, so logs can be merged
in any order:

    at 1  ann decides keep     (action A)    keep stands
    at 2  ann decides relabel  (action B)    relabel stands
    at 3  ann undoes B                       keep stands

A repeat, the same card judged again by the same person, measures how well they agree with themselves. It never stands:
their first verdict does, unless they decide anew. An adjudication settles a row and is nobody's vote. The votes
stay as they stand, so that they can still be compared; adjudications are read on their own (:func:`adjudications`).

The statements are built once: building them takes longer than running them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    tuple_,
)

from auditor.review.log.schema import ADDED, actions, analyze, events, runs, standing

_MANY = 1_000
"""Number of events from which a table's statistics are refreshed."""

ADJUDICATES = func.coalesce(events.c.extra, "").contains('"adjudication":true', autoescape=True)
"""Condition that an event is an adjudication. No other value matches: within a text, JSON escapes quotes."""

_RUN: BindParameter[int] = bindparam("of_run")
_AFTER: BindParameter[int] = bindparam("after")
_UNTIL: BindParameter[int] = bindparam("until")


def _of_action(table: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Build the condition that a row of ``table`` belongs to the action of a row of ``other``."""
    return and_(table.c.run == _RUN, table.c.action == other.c.action, table.c.reviewer == other.c.reviewer)


_new = (
    select(events.c.reviewer, events.c.action)
    .where(events.c.run == _RUN, events.c.seq > _AFTER, events.c.seq <= _UNTIL)
    .where(events.c.kind.in_(("decide", "undo", "redo")))
    .distinct()
    .subquery("new")
)
"""The actions that the new events belong to. Only decisions, undos and redos are of one."""

_decision = events.alias("decision")
_touched = (
    select(_decision.c.item_id, _decision.c.reviewer)
    .join_from(_new, _decision, _of_action(_decision, _new) & (_decision.c.kind == "decide"))
    .distinct()
    .subquery("touched")
)
"""Row and reviewer of every decision of these actions."""


def _refresh_actions() -> tuple[Executable, Executable]:
    turn = events.alias("turn")
    undone_at = (
        select(case((turn.c.kind == "undo", turn.c.at)))
        .where(_of_action(turn, _new), turn.c.kind.in_(("undo", "redo")))
        .order_by(turn.c.at.desc(), turn.c.event_id.desc())
        .limit(1)
        .correlate(_new)
        .scalar_subquery()
    )
    found = (
        select(_RUN, *_new.c, func.count(_decision.c.seq), func.max(_decision.c.at), undone_at)
        .outerjoin_from(_new, _decision, _of_action(_decision, _new) & (_decision.c.kind == "decide"))
        .group_by(*_new.c)
    )
    key = tuple_(actions.c.reviewer, actions.c.action)
    return (
        delete(actions).where(actions.c.run == _RUN, key.in_(select(_new))),
        insert(actions).from_select(["run", "reviewer", "action", "size", "at", "undone_at"], found),
    )


def _refresh_standing() -> tuple[Executable, Executable]:
    columns = [column.name for column in standing.columns]
    place = func.row_number().over(
        partition_by=(events.c.item_id, events.c.reviewer), order_by=(events.c.at.desc(), events.c.event_id.desc())
    )
    of_touched = and_(
        events.c.run == _RUN,
        events.c.item_id == _touched.c.item_id,
        events.c.reviewer == _touched.c.reviewer,
        events.c.kind == "decide",
        events.c.source != "repeat",
        ~ADJUDICATES,
    )
    candidates = (
        select(*(events.c[name] for name in columns), place.label("place"))
        .join_from(_touched, events, of_touched)
        .join(actions, _of_action(actions, events))
        .where(actions.c.undone_at.is_(None))
        .subquery("candidates")
    )
    key = tuple_(standing.c.item_id, standing.c.reviewer)
    last = select(*(candidates.c[name] for name in columns)).where(candidates.c.place == 1)
    return (
        delete(standing).where(standing.c.run == _RUN, key.in_(select(_touched))),
        insert(standing).from_select(columns, last),
    )


_ACTIONS, _STANDING = _refresh_actions(), _refresh_standing()
_TOUCHED_ROWS = select(_touched.c.item_id).distinct()
_DECIDED_ROWS = (
    select(events.c.item_id)
    .where(events.c.run == _RUN, events.c.item_id.is_not(None), events.c.seq <= _UNTIL)
    .distinct()
)


_WRONG = (
    # An action that differs from its events.
    """WITH made AS (
        SELECT run, reviewer, action, sum(kind = 'decide') AS size, max(at) FILTER (WHERE kind = 'decide') AS at,
               CASE WHEN sum(kind <> 'decide') THEN (
                   SELECT CASE kind WHEN 'undo' THEN at END FROM events AS turn
                    WHERE (turn.run, turn.action, turn.reviewer) = (events.run, events.action, events.reviewer)
                      AND kind IN ('undo', 'redo')
                    ORDER BY at DESC, event_id DESC LIMIT 1) END AS undone_at
          FROM events WHERE kind IN ('decide', 'undo', 'redo') GROUP BY run, action, reviewer)
       SELECT 1 FROM made LEFT JOIN actions USING (run, reviewer, action)
        WHERE (actions.size, actions.at, actions.undone_at) IS NOT (made.size, made.at, made.undone_at)""",
    # More actions than the events have.
    """WITH made AS (SELECT DISTINCT run, action, reviewer FROM events WHERE kind IN ('decide', 'undo', 'redo'))
       SELECT 1 WHERE (SELECT count(*) FROM actions WHERE run IN (SELECT run FROM runs))
                   <> (SELECT count(*) FROM made)""",
    # Something else standing than a decision that is not undone, and neither a repeat nor an adjudication.
    """SELECT 1 FROM standing LEFT JOIN events USING (run, seq)
         LEFT JOIN actions ON (actions.run, actions.reviewer, actions.action)
                            = (events.run, events.reviewer, events.action)
        WHERE standing.run IN (SELECT run FROM runs)
          AND (events.item_id, events.reviewer, events.at, events.verdict, events.source, events.kind, undone_at,
               events.source = 'repeat' OR {adjudicates})
              IS NOT (standing.item_id, standing.reviewer, standing.at, standing.verdict, standing.source, 'decide',
                      NULL, 0)""",
    # A decision that is not undone, and is later than the one that stands.
    """SELECT 1 FROM events JOIN actions USING (run, reviewer, action)
         LEFT JOIN standing USING (run, item_id, reviewer)
        WHERE events.kind = 'decide' AND events.source <> 'repeat' AND undone_at IS NULL
          AND NOT {adjudicates}
          AND (standing.seq IS NULL OR (standing.seq <> events.seq AND (events.at, events.event_id) > (
              SELECT at, event_id FROM events AS last WHERE (last.run, last.seq) = (standing.run, standing.seq))))""",
)
"""Queries for rows of ``actions`` and ``standing`` of an SQLite file that contradict its events."""


def is_current(connection: Connection, seen: int) -> bool:
    """Return whether ``actions`` and ``standing`` of an SQLite file match its events, in every run.

    Parameters
    ----------
    connection : Connection
    seen : int
        Number of the last migration that the file has seen.
    """
    has_extra = all(("events", "extra") not in added for number, added in ADDED.items() if number > seen)
    adjudicates = """coalesce(events.extra, '') LIKE '%"adjudication":true%'""" if has_extra else "0"
    queries = (f"{wrong.format(adjudicates=adjudicates)} LIMIT 1" for wrong in _WRONG)
    return all(connection.exec_driver_sql(query).first() is None for query in queries)


def rebuild_all(connection: Connection) -> None:
    """Rebuild ``actions`` and ``standing`` of every run."""
    last = select(runs.c.run, func.max(events.c.seq)).join(events, events.c.run == runs.c.run).group_by(runs.c.run)
    for run, until in connection.execute(last).all():
        rebuild(connection, run, until)


def project(connection: Connection, run: int, after: int, until: int) -> None:
    """Bring ``actions`` and ``standing`` up to date with the events ``after < seq <= until``.

    Parameters
    ----------
    connection : Connection
        Connection in the transaction that wrote the events.
    run : int
        Number of the run.
    after, until : int
        Number of the last event already included, and of the last event.
    """
    many = until - after > _MANY
    if many:
        analyze(connection, events)
    for table, steps in ((actions, _ACTIONS), (standing, _STANDING)):
        for step in steps:
            connection.execute(step, {"of_run": run, "after": after, "until": until})
        if many:
            analyze(connection, table)


def rebuild(connection: Connection, run: int, until: int) -> None:
    """Rebuild ``actions`` and ``standing`` from the events."""
    for table in (actions, standing):
        connection.execute(delete(table).where(table.c.run == run))
    project(connection, run, 0, until)


def adjudications(run: int, columns: Sequence[Column[Any]]) -> Select[Any]:
    """Return the query for the adjudications that are not undone, oldest first: the last one of a row counts."""
    return (
        select(*columns)
        .join_from(
            events,
            actions,
            and_(
                actions.c.run == events.c.run,
                actions.c.action == events.c.action,
                actions.c.reviewer == events.c.reviewer,
            ),
        )
        .where(events.c.run == run, events.c.kind == "decide", ADJUDICATES, actions.c.undone_at.is_(None))
        .order_by(events.c.at, events.c.event_id)
    )


def touched_rows(connection: Connection, run: int, after: int, until: int) -> list[str]:
    """Return the rows whose standing decisions the events ``after < seq <= until`` may have changed."""
    found = _TOUCHED_ROWS if after else _DECIDED_ROWS  # equal when starting at 0, but quicker by an index
    return list(connection.execute(found, {"of_run": run, "after": after, "until": until}).scalars())
