"""Desk: a run and its decision log, opened for reviewing; what every request works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from auditor.review.card import Cards
from auditor.review.filter import QUEUE
from auditor.review.items import Items
from auditor.review.keys import DEFAULT_KEYS
from auditor.review.log import DecisionLog
from auditor.review.queue import Queue
from auditor.review.selection import Selection
from auditor.review.verdicts import Verdicts
from auditor.run import Run


@dataclass(frozen=True)
class Desk:
    """All parts of a review, made once; many threads use them at once.

    Attributes
    ----------
    items : Items
    log : DecisionLog
    verdicts : Verdicts
    selection : Selection
    queue : Queue
    cards : Cards
    about : dict
        What ``GET session`` says of it, whoever asks.
    """

    items: Items
    log: DecisionLog
    verdicts: Verdicts
    selection: Selection
    queue: Queue
    cards: Cards
    about: dict[str, Any]

    @classmethod
    def of(cls, run: Run, log: DecisionLog, keys: Mapping[str, str] | None = None) -> Self:
        """Load a run's rows, and what has been decided about them."""
        items = Items.of(run)
        verdicts = Verdicts(items, log)
        selection = Selection(items, verdicts)
        queue = Queue(selection)
        about = {
            "run": {
                "id": log.run_id,
                "name": items.name,
                "source": items.source,
                "rows": len(items),
                "judged": int(np.count_nonzero(~np.isnan(items.suspicion))),
                "issues": int(np.count_nonzero(items.is_issue)),
            },
            "labels": items.label_names,
            "models": items.models,
            "splits": items.splits,
            "sorts": queue.sorts,
            "keys": dict(keys or DEFAULT_KEYS),
            "has": {
                "map": items.map is not None,
                "neighbours": bool(items.neighbours(0)),
                "groups": bool(items.groups),
            },
            "default_query": QUEUE.to_query(),
        }
        cards = Cards(items, verdicts)
        cards.card(0)  # what is read late is read now: later, an audit may be replacing the run's files
        return cls(items, log, verdicts, selection, queue, cards, about)
