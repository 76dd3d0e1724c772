"""Measure: how well a model's verdicts agree with people's, on cards drawn at random."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from auditor.access.names import model_reviewer
from auditor.estimate.reviewers import Flagging, flagging
from auditor.estimate.shares import Share, share
from auditor.review.feed.blind import Blind
from auditor.review.log.event import Event
from auditor.review.view.opinion import leading_vote


@dataclass(frozen=True)
class Quality:
    """Agreement of a model with people on blind cards that both have judged.

    Attributes
    ----------
    model : str
    cards : int
    flagging : Flagging
        How well the model finds the labels that people did not uphold.
    agreement : Share
        Cards to which model and people give the same label; any of those that fit an ambiguous row counts.
    """

    model: str
    cards: int
    flagging: Flagging
    agreement: Share

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


def measure(blind: Blind, model: str) -> Quality:
    """Compare a model's verdicts with people's on the settled blind draws. No one chose these cards."""
    verdicts = blind.verdicts
    items, log = verdicts.items, verdicts.log
    by_row = {row: event for event in log.judged(model_reviewer(model)) if (row := _row_of(event, blind)) is not None}
    rows = list(dict.fromkeys(row for _, row in blind.settled() if row in by_row))
    votes = defaultdict[int, list[Event]](list)
    row_of = {items.id_of(row): row for row in rows}
    ids = list(row_of)
    for vote in (*log.standing(ids), *log.adjudications(ids)) if ids else ():
        row = row_of[vote.item_id or ""]
        if vote.item_hash == items.hash_of(row):
            votes[row].append(vote)
    flags = np.array([by_row[row].verdict != "keep" for row in rows], np.bool_)
    wrong = np.array([verdicts.outcomes.wrong[row] == 1 for row in rows], np.bool_)
    same = sum(_agree(by_row[row], votes[row], items.label_names[items.given[row]]) for row in rows)
    return Quality(model, len(rows), flagging(flags, wrong), share(same, len(rows)))


def _row_of(event: Event, blind: Blind) -> int | None:
    items = blind.verdicts.items
    row = items.row_of(event.item_id or "")
    return row if row is not None and event.item_hash == items.hash_of(row) else None


def _agree(answer: Event, votes: list[Event], given: str) -> bool:
    vote = leading_vote(votes)
    label = given if answer.verdict == "keep" else answer.new_labels[0]
    if vote is None:
        return False
    return label == given if vote.verdict == "keep" else vote.verdict != "none_fits" and label in vote.new_labels
