"""Reviewing by hand: decisions, written to the log as the page writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from auditor.review.log.event import Event
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts

_numbers = count()


def decision(items: Items, row: int, reviewer: str = "ann", verdict: Any = "keep", *labels: str, **more: Any) -> Event:
    """A decision on a row as it is now."""
    made: dict[str, Any] = {
        "event_id": f"event-{next(_numbers)}",
        "run_id": "none",
        "kind": "decide",
        "item_id": items.id_of(row),
        "item_hash": items.hash_of(row),
        "reviewer": reviewer,
        "verdict": verdict,
        "new_labels": labels,
        "at": datetime.now(UTC),
        "source": "queue",
    }
    return Event(**{**made, **more})


def decide(
    verdicts: Verdicts, row: int, reviewer: str = "ann", verdict: Any = "keep", *labels: str, **more: Any
) -> str:
    """Take a decision, and have it known; its action."""
    stamp = "at" not in more
    event = decision(verdicts.items, row, reviewer, verdict, *labels, **{"run_id": verdicts.log.run_id, **more})
    verdicts.log.append([event], stamp=stamp)
    verdicts.catch_up()
    return event.action
