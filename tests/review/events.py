"""Events of a made-up run, as clients make them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog

RUN = "run-1"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

_numbers = count()


def decide(item: str, reviewer: str = "ann", verdict: str = "keep", **more: Any) -> Event:
    """A decision on a row, with an id of its own unless it is given one."""
    made = {
        "event_id": f"decision-{next(_numbers)}",
        "run_id": RUN,
        "kind": "decide",
        "item_id": item,
        "item_hash": "0" * 32,
        "reviewer": reviewer,
        "verdict": verdict,
        "at": NOON,
        "source": "queue",
    }
    return Event(**{**made, **more})


def bulk(items: list[str], batch_id: str, reviewer: str = "ann", verdict: str = "keep", **more: Any) -> list[Event]:
    """One action on several rows."""
    return [
        decide(item, reviewer, verdict, batch_id=batch_id, source="bulk", event_id=f"{batch_id}-{number}", **more)
        for number, item in enumerate(items)
    ]


def turn(kind: str, undoes: str, reviewer: str = "ann", **more: Any) -> Event:
    """An undo or redo as it stands in an exported log."""
    made = {"event_id": f"{kind}-{next(_numbers)}", "run_id": RUN, "kind": kind, "reviewer": reviewer}
    return Event(**{**made, "undoes": undoes, "at": NOON, "source": "queue", **more})


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def stands(log: DecisionLog) -> dict[tuple[str | None, str], str | None]:
    """(Row, reviewer) → verdict."""
    return {(event.item_id, event.reviewer): event.verdict for event in log.standing()}
