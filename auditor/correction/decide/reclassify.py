"""Reclassify: preview a change of the classes, write it to the decision log, and undo it there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from auditor.correction.decide.classes import standing_changes
from auditor.correction.decide.corrections import Corrections, correct
from auditor.errors import DecisionError
from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog
from auditor.review.log.parts import LabelChange


@dataclass(frozen=True)
class Affected:
    """Rows of the corrected dataset that a change of the classes would affect.

    Attributes
    ----------
    rows : int
    left_out : int
        Number of these that would be left out.
    changes : list of (str, str or None, int)
        Label now, new label (None if left out), number of rows; most rows first.
    """

    rows: int
    left_out: int
    changes: list[tuple[str, str | None, int]]


def preview(now: Corrections, change: LabelChange) -> Affected:
    """Count the rows that one more change would affect.

    Raises
    ------
    ExportError
        If the label column cannot hold the new name.
    """
    then = correct(now.texts, now.outcomes, now.policy, now.suggestions, now.certified, (*now.label_changes, change))
    before, after = now.label_names, then.label_names
    rows = np.flatnonzero(now.kept)
    pairs = zip(now.label[rows].tolist(), then.label[rows].tolist(), then.kept[rows].tolist(), strict=True)
    counts = Counter((before[old], after[new] if kept else None) for old, new, kept in pairs)
    changes = [(old, new, count) for (old, new), count in counts.most_common() if old != new]
    return Affected(
        sum(count for *_, count in changes), sum(count for _, new, count in changes if new is None), changes
    )


def write_change(log: DecisionLog, change: LabelChange, me: str, event_id: str) -> None:
    """Write a change to the log. Sending the same ``event_id`` twice writes it once."""
    about = {"event_id": event_id, "run_id": log.run_id, "reviewer": me, "source": "bulk", "at": datetime.now(UTC)}
    log.append([Event.model_validate({**about, "kind": "labels", "labels": change})])


def undo_change(log: DecisionLog, me: str, event_id: str) -> LabelChange:
    """Undo the latest change that stands. Return it.

    Raises
    ------
    DecisionError
        If none stands.
    """
    changes = standing_changes(log)
    if not changes or changes[-1].labels is None:
        raise DecisionError("No change of the classes stands.", "There is nothing to undo.")
    about = {"event_id": event_id, "run_id": log.run_id, "reviewer": me, "source": "bulk", "at": datetime.now(UTC)}
    log.append([Event.model_validate({**about, "kind": "undo", "undoes": changes[-1].event_id})])
    return changes[-1].labels
