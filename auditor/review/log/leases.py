"""Leases: which cards are on whose screen, so that nobody else is served them.

A lease lasts two minutes and is renewed while its card is looked at. It is never a lock on deciding: whoever has a card
may decide it. Leases stand in the log's database, so that several servers share them; the clock is the server's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select

from auditor.review.log.records import chunks, to_microseconds
from auditor.review.log.schema import leases

SECONDS = 120.0
"""How long a lease lasts."""
_LASTS = round(SECONDS * 1_000_000)


def leased(connection: Connection, run: int, me: str) -> set[str]:
    """List the items that others hold now."""
    now = _now()
    # One that would last longer than any does is of a clock that was wrong.
    others = (leases.c.run == run, leases.c.reviewer != me, leases.c.until.between(now + 1, now + _LASTS))
    return {str(item_id) for item_id in connection.execute(select(leases.c.item_id).where(*others)).scalars()}


def take(connection: Connection, run: int, me: str, item_ids: Sequence[str]) -> list[str]:
    """Lease items, or renew their leases, in the transaction of the run's only writer.

    Returns
    -------
    list of str
        Those that nobody else holds.
    """
    now = _now()
    connection.execute(delete(leases).where(leases.c.run == run, ~leases.c.until.between(now + 1, now + _LASTS)))
    free: list[str] = []
    for some in chunks(dict.fromkeys(item_ids)):
        of_some = (leases.c.run == run, leases.c.item_id.in_(some))
        found = select(leases.c.item_id).where(*of_some, leases.c.reviewer != me)
        others = set(connection.execute(found).scalars())
        mine = [item_id for item_id in some if item_id not in others]
        connection.execute(delete(leases).where(leases.c.run == run, leases.c.item_id.in_(mine)))
        rows = [{"run": run, "item_id": item_id, "reviewer": me, "until": now + _LASTS} for item_id in mine]
        if rows:
            connection.execute(insert(leases), rows)
        free += mine
    return free


def release(connection: Connection, run: int, me: str, keep: Collection[str]) -> None:
    """End all leases of a reviewer but those on some items."""
    mine = select(leases.c.item_id).where(leases.c.run == run, leases.c.reviewer == me)
    gone = [item_id for item_id in connection.execute(mine).scalars() if item_id not in keep]
    for some in chunks(gone):
        connection.execute(
            delete(leases).where(leases.c.run == run, leases.c.reviewer == me, leases.c.item_id.in_(some))
        )


def _now() -> int:
    return to_microseconds(datetime.now(UTC))
