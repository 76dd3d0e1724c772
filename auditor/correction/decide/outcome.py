"""Outcome: what the decisions on a row come to, when several people have judged it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from auditor.data import LabeledTexts
from auditor.review.log.event import Event, Verdict, item_hash

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What the decisions on one row come to.

    Attributes
    ----------
    row : int
        Place in the dataset.
    votes : tuple of Event
        The decisions that stand, one a reviewer, oldest first; at least one.
    verdict : str or None
        Of most reviewers; None at a tie. Two new labels are two opinions; two sets of labels that fit are one.
    new_label : str or None
        Of ``relabel``; of ``none_fits``, the class that most of those propose, if there is one.
    """

    row: int
    votes: tuple[Event, ...]
    verdict: Verdict | None
    new_label: str | None

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Who has judged the row, in the order of their decisions."""
        return tuple(vote.reviewer for vote in self.votes)

    @property
    def decided_at(self) -> datetime:
        """When the last of them did."""
        return self.votes[-1].at


@dataclass(frozen=True)
class Outcomes:
    """What all decisions come to.

    Attributes
    ----------
    by_row : dict of int to Outcome
        In the order of the rows.
    stale : tuple of Event
        Decisions about rows that are not what they were: gone, or with another text or given label. They do nothing.
    """

    by_row: dict[int, Outcome]
    stale: tuple[Event, ...]


def find_outcomes(texts: LabeledTexts, decisions: Iterable[Event], reviewers: Collection[str] = ()) -> Outcomes:
    """Bring the decisions on each row together.

    Parameters
    ----------
    texts : LabeledTexts
        N rows.
    decisions : iterable of Event
        Those that stand, one a row and reviewer (:meth:`auditor.review.log.log.DecisionLog.standing`).
    reviewers : collection of str
        Whose decisions count; everybody's when empty.
    """
    by_id: dict[str, list[Event]] = defaultdict(list)
    for event in decisions:
        if not reviewers or event.reviewer in reviewers:
            by_id[event.item_id or ""].append(event)
    ids = texts.table["id"]
    places = pc.index_in(pa.array(by_id, ids.type), value_set=ids).to_pylist()
    found = {row: events for row, events in zip(places, by_id.values(), strict=True) if row is not None}
    stale = [event for row, events in zip(places, by_id.values(), strict=True) if row is None for event in events]
    rows = sorted(found)
    taken = texts.table.select(["text", "label"]).take(pa.array(rows, pa.int64())).to_pylist()
    outcomes = {}
    for row, values in zip(rows, taken, strict=True):
        now = item_hash(values["text"], texts.label_names[values["label"]])
        votes = sorted((e for e in found[row] if e.item_hash == now), key=lambda e: (e.at, e.event_id))
        stale += [event for event in found[row] if event.item_hash != now]
        if votes:
            outcomes[row] = _outcome(row, votes)
    return Outcomes(outcomes, tuple(sorted(stale, key=lambda event: (event.at, event.event_id))))


def _outcome(row: int, votes: Sequence[Event]) -> Outcome:
    opinion = _most((vote.verdict, vote.new_labels[0] if vote.verdict == "relabel" else None) for vote in votes)
    verdict, new_label = opinion or (None, None)
    if verdict == "none_fits":
        new_label = _most(vote.new_labels[0].strip() for vote in votes if vote.verdict == verdict and vote.new_labels)
    return Outcome(row, tuple(votes), verdict, new_label)


def _most(opinions: Iterable[T]) -> T | None:
    """The one that is held most often; None when several are, or there is none."""
    counts = Counter(opinions).most_common(2)
    return counts[0][0] if counts and (len(counts) == 1 or counts[0][1] > counts[1][1]) else None
