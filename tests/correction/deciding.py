"""Corrections of what was read, from decisions in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np

from auditor.config import ReadConfig
from auditor.correction.decide.corrections import Corrections, Suggestions, correct
from auditor.correction.decide.outcome import find_outcomes
from auditor.correction.decide.policy import Policy
from auditor.data import LabeledTexts, read
from auditor.review.log.event import Event, item_hash

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONFIG = ReadConfig(text="text", label="label", drop_invalid=True)

_numbers = count()


def vote(texts: LabeledTexts, row: int, verdict: Any, *labels: str, reviewer: str = "ann", **more: Any) -> Event:
    """A decision on a row as it is; of several, the later is the younger."""
    number = next(_numbers)
    made: dict[str, Any] = {
        "event_id": f"vote-{number}",
        "run_id": "run",
        "kind": "decide",
        "item_id": texts.ids[row],
        "item_hash": item_hash(texts.texts[row], texts.label_names[texts.labels[row]]),
        "reviewer": reviewer,
        "verdict": verdict,
        "new_labels": labels,
        "at": NOON + timedelta(seconds=number),
        "source": "queue",
    }
    return Event(**{**made, **more})


def no_suggestions(texts: LabeledTexts) -> Suggestions:
    """Nothing is suggested for any row."""
    nothing = np.full(len(texts), np.nan, dtype=np.float32)
    return Suggestions(np.full(len(texts), -1, dtype=np.int32), nothing, nothing)


def corrected(
    source: Any,
    *votes: Event,
    policy: Policy | None = None,
    config: ReadConfig = CONFIG,
    suggestions: Suggestions | None = None,
) -> Corrections:
    """Read a source, unless it was read already, and apply decisions."""
    texts = source if isinstance(source, LabeledTexts) else read(source, config)
    return correct(texts, find_outcomes(texts, votes), policy or Policy(), suggestions or no_suggestions(texts))


def relabelled(source: Any, changes: Mapping[int, str], policy: Policy | None = None, **more: Any) -> Corrections:
    """Give rows new labels; a class that there is not is proposed as a new one."""
    config = more.pop("config", CONFIG)
    texts = source if isinstance(source, LabeledTexts) else read(source, config)
    votes = [
        vote(texts, row, "relabel" if label in texts.label_names else "none_fits", label)
        for row, label in changes.items()
    ]
    return corrected(texts, *votes, policy=policy or Policy(add_classes=True), **more)
