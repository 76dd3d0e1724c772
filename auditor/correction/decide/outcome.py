"""Outcome: the result of the decisions on a row, from one or several people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from auditor.data import LabeledTexts
from auditor.review.log.event import TOGETHER, Event, Verdict, item_hash
from auditor.vocabulary import NOT_UPHELD

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """Result of the decisions on one row.

    Attributes
    ----------
    row : int
        Position in the dataset.
    votes : tuple of Event
        Standing decisions, one per reviewer, oldest first; at least one, unless the row is adjudicated.
    verdict : str or None
        Verdict of the adjudication, else the majority verdict; None at a tie. If anyone judged the row one by one,
        only such verdicts count. Two new labels are two opinions; two sets of fitting labels are one.
    new_label : str or None
        New label of ``relabel``; for ``none_fits``, the new class that most of its reviewers propose, if any.
    adjudication : Event or None
        The last adjudication, which outranks the votes.
    """

    row: int
    votes: tuple[Event, ...]
    verdict: Verdict | None
    new_label: str | None
    adjudication: Event | None = None

    @property
    def decisions(self) -> tuple[Event, ...]:
        """The votes, and the adjudication last."""
        return (*self.votes, self.adjudication) if self.adjudication else self.votes

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Reviewers of the row, in the order of their decisions, the adjudicator last."""
        return tuple(dict.fromkeys(decision.reviewer for decision in self.decisions))

    @property
    def judged_singly(self) -> bool:
        """Whether anyone has judged the row one by one, not in bulk."""
        return any(decision.source not in TOGETHER for decision in self.decisions)

    @property
    def is_wrong(self) -> bool:
        """Whether the given label is not upheld, as :class:`auditor.review.view.own.Outcomes` counts it.

        The adjudication decides, else the majority of the one-by-one verdicts, at a tie the first of them.
        """
        if self.adjudication:
            return self.adjudication.verdict in NOT_UPHELD
        counted = [vote.verdict for vote in self.votes if vote.source not in TOGETHER and vote.verdict != "unsure"]
        against = [verdict in NOT_UPHELD for verdict in counted]
        return 2 * sum(against) + (against[:1] == [True]) > len(against)

    @property
    def decided_at(self) -> datetime:
        """Time of the last decision."""
        return max(decision.at for decision in self.decisions)


@dataclass(frozen=True)
class Outcomes:
    """Results of all decisions.

    Attributes
    ----------
    by_row : dict of int to Outcome
        Outcomes in the order of the rows.
    stale : tuple of Event
        Decisions on rows that no longer exist or have another text or given label. They have no effect.
    """

    by_row: dict[int, Outcome]
    stale: tuple[Event, ...]


def find_outcomes(texts: LabeledTexts, decisions: Iterable[Event], reviewers: Collection[str] = ()) -> Outcomes:
    """Combine the decisions on each row.

    Parameters
    ----------
    texts : LabeledTexts
        N rows.
    decisions : iterable of Event
        Standing decisions, one per row and reviewer, and adjudications
        (:meth:`auditor.review.log.log.DecisionLog.standing_and_adjudicated`).
    reviewers : collection of str
        Reviewers whose decisions count; all if empty.
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
        current_hash = item_hash(values["text"], texts.label_names[values["label"]])
        votes = sorted((e for e in found[row] if e.item_hash == current_hash), key=lambda e: (e.at, e.event_id))
        stale += [event for event in found[row] if event.item_hash != current_hash]
        if votes:
            outcomes[row] = _outcome(row, votes)
    return Outcomes(outcomes, tuple(sorted(stale, key=lambda event: (event.at, event.event_id))))


def _outcome(row: int, decisions: Sequence[Event]) -> Outcome:
    votes = [event for event in decisions if not event.adjudication]
    adjudication = next((event for event in reversed(decisions) if event.adjudication), None)
    singly = [vote for vote in votes if vote.source not in TOGETHER]
    # An adjudication outranks all votes, and one-by-one decisions outrank bulk ones.
    counted = [adjudication] if adjudication else singly or votes
    opinion = _most((vote.verdict, vote.new_labels[0] if vote.verdict == "relabel" else None) for vote in counted)
    verdict, new_label = opinion or (None, None)
    if verdict == "none_fits":
        new_label = _most(vote.new_labels[0].strip() for vote in counted if vote.verdict == verdict and vote.new_labels)
    return Outcome(row, tuple(votes), verdict, new_label, adjudication)


def _most(opinions: Iterable[T]) -> T | None:
    """Return the most frequent opinion; None at a tie, or without any."""
    counts = Counter(opinions).most_common(2)
    return counts[0][0] if counts and (len(counts) == 1 or counts[0][1] > counts[1][1]) else None
