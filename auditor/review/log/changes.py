"""Changes: what has arrived in the log since a view of it was last brought up to date."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import Connection, bindparam, select

from auditor.review.log.event import Kind
from auditor.review.log.projection import ADJUDICATES, touched_rows
from auditor.review.log.records import Records
from auditor.review.log.schema import events

LOOKED_AT = 1_000
"""Maximum number of new events that are looked at one by one."""
_NEW = (
    select(events.c.seq, events.c.kind, events.c.item_id)
    .add_columns((events.c.action == events.c.event_id).label("single"), ADJUDICATES.label("adjudicates"))
    .where(events.c.run == bindparam("of_run"), events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
)


@dataclass(frozen=True)
class Changes:
    """What has arrived since some event.

    Attributes
    ----------
    seq : int
        Number of the last event.
    item_ids : list of str
        Rows whose standing decisions may have changed.
    kinds : collection of str
        Kinds of the new events; of all kinds if the new events are many.
    adjudications : bool
        Whether adjudications may have changed.
    """

    seq: int
    item_ids: list[str]
    kinds: Collection[str]
    adjudications: bool


def changes(connection: Connection, records: Records, after: int) -> Changes:
    """Return what has arrived since the event ``after``. Nothing, or single decisions, take one query."""
    rows = connection.execute(_NEW, {"of_run": records.run, "after": after, "most": LOOKED_AT}).all() if after else None
    if rows is None or len(rows) == LOOKED_AT:
        last = max(after, records.last(connection))
        return Changes(
            last, touched_rows(connection, records.run, after, last), get_args(Kind) if last > after else (), True
        )
    last, kinds = rows[-1].seq if rows else after, {row.kind for row in rows}
    decided = [row for row in rows if row.kind == "decide"]
    if several := bool(kinds & {"undo", "redo"}) or not all(row.single for row in decided):
        item_ids = touched_rows(connection, records.run, after, last)
    else:
        item_ids = list(dict.fromkeys(row.item_id for row in decided))
    return Changes(last, item_ids, kinds, several or any(row.adjudicates for row in decided))
