"""Fixes: the order by labels that a reviewer is expected to fix in each minute of reading."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from auditor.arrays import Counts, Float64, Mask, RowIndex
from auditor.estimate.fixes import clear_fit, fixes_a_minute, learn_pace
from auditor.review.feed.learner import Learnt
from auditor.review.view.items import Items
from auditor.review.view.own import BIT, WRONG, Own
from auditor.review.view.verdicts import Verdicts
from auditor.run.artifacts import CONSENSUS

_BLOCK = 1 << 16
_NONE = np.empty(0, np.int64)


class Fixes:
    """Expected fixes a minute of each row, by the verdicts so far.

    Parameters
    ----------
    verdicts : Verdicts
    """

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._constant: tuple[Counts, Float64] | None = None
        self._latest: tuple[RowIndex, RowIndex] | None = None

    def order(self, learnt: Learnt) -> RowIndex:
        """Return all rows, (N,) int32, most fixes a minute first; equal ones as in the learnt order.

        It changes with the learnt order, after every tenth verdict.

        Parameters
        ----------
        learnt : Learnt
        """
        latest = self._latest
        if latest is None or latest[0] is not learnt.order:
            rows = learnt.order
            order = rows[np.argsort(-self.rates(learnt)[rows], kind="stable")].astype(np.int32)
            order.flags.writeable = False
            self._latest = latest = rows, order
        return latest[1]

    def rates(self, learnt: Learnt) -> Float64:
        """Return the expected fixes a minute of each row, (N,) float64; 0 where the audit suggests no label."""
        if self._constant is None:
            self._constant = _lengths(self._verdicts.items), _certainties(self._verdicts.items)
        lengths, certainty = self._constant
        suggests = np.isfinite(certainty)
        clear = clear_fit(np.where(suggests, certainty, 0.5), *self._clear(suggests))
        seconds = learn_pace(*self._timed(lengths)).seconds(lengths)
        return np.where(suggests, fixes_a_minute(learnt.error, clear, seconds), 0.0)

    def _timed(self, lengths: Counts) -> tuple[Counts, Float64]:
        """Return the length of each text judged one by one, and the seconds that each verdict took."""
        taken = [(own, np.flatnonzero((own.at > 0) & (own.seconds > 0))) for own in self._people()]
        characters = np.concatenate([_NONE, *(lengths[rows] for _, rows in taken)])
        return characters, np.concatenate([np.empty(0), *(own.seconds[rows] for own, rows in taken)])

    def _clear(self, suggests: Mask) -> tuple[Counts, Mask]:
        """Return the row of each verdict that does not uphold a label, and whether it is *relabel*."""
        wrong = [(own, np.flatnonzero((own.at > 0) & (own.bits & WRONG > 0) & suggests)) for own in self._people()]
        rows = np.concatenate([_NONE, *(rows for _, rows in wrong)])
        return rows, np.concatenate([_NONE > 0, *(own.bits[rows] == BIT["relabel"] for own, rows in wrong)])

    def _people(self) -> list[Own]:
        return [self._verdicts.of(name) for name in self._verdicts.reviewers]


def _lengths(items: Items) -> Counts:
    """(N,) characters of each text."""
    return np.asarray(pc.utf8_length(items.texts).to_numpy(zero_copy_only=False), np.int64)


def _certainties(items: Items) -> Float64:
    """(N,) consensus probability of the suggestion over that of all labels but the given one; NaN where unknown."""
    chances, rows = items.probabilities(CONSENSUS), len(items)
    certainty = np.full(rows, np.nan)
    for start in range(0, rows, _BLOCK):
        block = np.arange(start, min(start + _BLOCK, rows))
        at = block[(items.suggested[block] >= 0) & (items.given[block] >= 0)]
        suggested, given = (chances[at, codes[at]].astype(np.float64) for codes in (items.suggested, items.given))
        certainty[at] = np.clip(suggested / np.maximum(1 - given, 1e-9), 0, 1)
    return certainty
