"""Tally: what the verdicts on each row come to, when several people have judged it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.review.log.event import VERDICTS
from auditor.review.view.verdicts import BIT, Verdicts

Codes = npt.NDArray[np.int64]

_PLACE = np.zeros(256, np.int64)
_PLACE[[BIT[verdict] for verdict in VERDICTS]] = np.arange(len(VERDICTS))


@dataclass(frozen=True)
class Tally:
    """What stands for each of D rows that somebody has judged.

    Attributes
    ----------
    rows : (D,) int64
    verdict : (D,) int64
        Place in :data:`~auditor.review.log.event.VERDICTS` of what most reviewers say; -1 at a tie. As in an export,
        two new labels are two opinions, and two sets of labels that fit are one.
    to : (D,) int64
        Code of the new label; -1 for every verdict but ``relabel``.
    judges, opinions : (D,) int64
        Reviewers of the row, and different opinions among them.
    """

    rows: Codes
    verdict: Codes
    to: Codes
    judges: Codes
    opinions: Codes


def tally(verdicts: Verdicts) -> Tally:
    """Bring everybody's verdicts on each row together."""
    size = len(verdicts.items.label_names) + 1
    kinds = size * len(VERDICTS)  # opinions that there may be
    keys = [np.empty(0, np.int64)]
    for reviewer in verdicts.reviewers:
        own = verdicts.of(reviewer)
        rows = np.flatnonzero(own.bits)
        keys.append(rows * kinds + _PLACE[own.bits[rows]] * size + own.to[rows])
    held, votes = np.unique(np.concatenate(keys), return_counts=True)
    order = np.lexsort((-votes, held // kinds))  # row by row, the opinion that most hold first
    row, opinion, votes = held[order] // kinds, held[order] % kinds, votes[order]
    rows, first, opinions = np.unique(row, return_index=True, return_counts=True)
    second = np.where(opinions > 1, votes[np.minimum(first + 1, max(len(votes) - 1, 0))], 0) if len(rows) else first
    tied = votes[first] == second
    return Tally(
        rows=rows,
        verdict=np.where(tied, -1, opinion[first] // size),
        to=np.where(tied, -1, opinion[first] % size - 1),
        judges=np.add.reduceat(votes, first) if len(rows) else first,
        opinions=opinions,
    )
