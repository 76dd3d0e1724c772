"""Tally: outcome of each row from the verdicts of several people."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from auditor.arrays import Counts
from auditor.review.log.event import VERDICTS
from auditor.review.view.own import BIT
from auditor.review.view.verdicts import Verdicts

_PLACE = np.zeros(256, np.int64)
_PLACE[[BIT[verdict] for verdict in VERDICTS]] = np.arange(len(VERDICTS))


@dataclass(frozen=True)
class Tally:
    """Outcome of each of D judged rows.

    Attributes
    ----------
    rows : (D,) int64
    verdict : (D,) int64
        Position in :data:`~auditor.review.log.event.VERDICTS` of the majority verdict; -1 at a tie. If anyone judged
        the row one by one, only such verdicts count; an adjudication outranks them all.
        As in an export, two new labels are two opinions, and two sets of fitting labels are one.
    to : (D,) int64
        Code of the new label; -1 for every verdict but ``relabel``.
    judges, opinions : (D,) int64
        Number of reviewers of the row, and of different opinions among them.
    """

    rows: Counts
    verdict: Counts
    to: Counts
    judges: Counts
    opinions: Counts


def tally(verdicts: Verdicts) -> Tally:
    """Combine all reviewers' verdicts on each row."""
    size = len(verdicts.items.label_names) + 1
    kinds = size * len(VERDICTS)  # number of possible opinions
    keys = [np.empty(0, np.int64)]
    people = [verdicts.of(reviewer) for reviewer in verdicts.reviewers]
    voted = np.zeros(len(verdicts.items), np.bool_)
    for own in people:
        voted |= own.bits > 0
    adjudicated = verdicts.adjudicated
    alone = np.where(voted, np.uint8(0), adjudicated.bits)  # no vote stands any more
    people.append(replace(adjudicated, bits=alone))
    singly = np.zeros(len(verdicts.items), np.bool_)
    for own in people:
        singly |= own.at > 0
    for own in people:
        rows = np.flatnonzero((own.bits > 0) & ((own.at > 0) | ~singly))
        keys.append(rows * kinds + _PLACE[own.bits[rows]] * size + own.to[rows])
    held, votes = np.unique(np.concatenate(keys), return_counts=True)
    order = np.lexsort((-votes, held // kinds))  # by row, most frequent opinion first
    row, opinion, votes = held[order] // kinds, held[order] % kinds, votes[order]
    rows, first, opinions = np.unique(row, return_index=True, return_counts=True)
    second = np.where(opinions > 1, votes[np.minimum(first + 1, max(len(votes) - 1, 0))], 0) if len(rows) else first
    tied = votes[first] == second
    settled = adjudicated.bits[rows] > 0
    return Tally(
        rows=rows,
        verdict=np.where(settled, _PLACE[adjudicated.bits[rows]], np.where(tied, -1, opinion[first] // size)),
        to=np.where(settled, adjudicated.to[rows] - 1, np.where(tied, -1, opinion[first] % size - 1)),
        judges=np.add.reduceat(votes, first) if len(rows) else first,
        opinions=opinions,
    )
