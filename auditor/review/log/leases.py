"""Leases: which cards are on whose screen, so that nobody else is served them.

A lease lasts two minutes and is renewed while its card is looked at. It is never a lock on deciding: whoever has a card
may decide it. Leases stand in the log's database, so that several servers share them; the clock is the server's.

Whoever takes a lease waits for nobody who writes to the log: a single statement takes those that are free. Rows are
always locked in the order of their ids, so that two statements never wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from auditor.review.log.records import chunks, to_microseconds
from auditor.review.log.schema import leases

SECONDS = 120.0
"""How long a lease lasts."""
_LASTS = round(SECONDS * 1_000_000)


def leased(connection: Connection, run: int, me: str) -> set[str]:
    """List the items that others hold now."""
    others = (leases.c.run == run, leases.c.reviewer != me, _holds())
    return {str(item_id) for item_id in connection.execute(select(leases.c.item_id).where(*others)).scalars()}


def take(connection: Connection, run: int, me: str, item_ids: Sequence[str]) -> list[str]:
    """Lease items, or renew their leases.

    Returns
    -------
    list of str
        Those that nobody else holds.
    """
    mine, until = set[str](), _now() + _LASTS
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for some in chunks(sorted(set(item_ids))):
        rows = [{"run": run, "item_id": item_id, "reviewer": me, "until": until} for item_id in some]
        taken = (
            insert(leases)
            .values(rows)
            .on_conflict_do_update(
                index_elements=["run", "item_id"],
                set_={"reviewer": me, "until": until},
                where=or_(leases.c.reviewer == me, ~_holds()),
            )
            .returning(leases.c.item_id)
        )
        mine |= set(connection.execute(taken).scalars())
    return [item_id for item_id in dict.fromkeys(item_ids) if item_id in mine]


def ended(connection: Connection, run: int, me: str, keep: Collection[str]) -> list[str]:
    """List the leases of a reviewer but those on some items, and those of anybody that are over."""
    found = select(leases.c.item_id).where(leases.c.run == run, or_(leases.c.reviewer == me, ~_holds()))
    return [item_id for item_id in connection.execute(found).scalars() if item_id not in keep]


def end(connection: Connection, run: int, me: str, item_ids: Sequence[str]) -> None:
    """End leases that :func:`ended` has listed, unless somebody has taken them since."""
    for item_id in sorted(item_ids):
        of_item = (leases.c.run == run, leases.c.item_id == item_id)
        connection.execute(delete(leases).where(*of_item, or_(leases.c.reviewer == me, ~_holds())))


def _holds() -> ColumnElement[bool]:
    """Build the condition that a lease is not over.

    One that would last much longer than any is of a wrong clock. A little longer is possible: a statement that waits
    for another one's row has looked at the clock before it.
    """
    now = _now()
    return leases.c.until.between(now + 1, now + 2 * _LASTS)


def _now() -> int:
    return to_microseconds(datetime.now(UTC))
