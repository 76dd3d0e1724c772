"""Own: one reviewer's decisions as arrays over the rows, and what the decisions of several come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.arrays import Codes, Float32, Float64, Mask
from auditor.vocabulary import NOT_UPHELD, VERDICTS

Bits = npt.NDArray[np.uint8]

BIT = {verdict: 1 << place for place, verdict in enumerate(VERDICTS)}
"""Bit of each verdict: the verdicts on a row, from any number of reviewers, fit into one byte. 0 is undecided."""
SHOWN, FOLLOWED = 1, 2
WRONG = sum(BIT[verdict] for verdict in NOT_UPHELD)
"""Bits of the verdicts that do not uphold the given label."""


@dataclass(frozen=True, eq=False)
class Own:
    """One reviewer's decisions on N rows. Zeros mean none, so that only actual decisions use memory.

    Attributes
    ----------
    bits : (N,) uint8
        :data:`BIT` of the verdict.
    to : (N,) int32
        Code of the new label, plus 1.
    suggestion : (N,) uint8
        For rows kept or relabelled one by one: :data:`SHOWN` if a suggestion was shown, :data:`FOLLOWED` if it was
        also followed.
    at : (N,) float64
        Time of decisions made one by one, in seconds since 1970.
    seconds : (N,) float32
        Time that the row was on the screen; 0 where unknown.
    guideline : (N,) int32
        Code of the guidelines' version that the reviewer had, :attr:`Verdicts.versions`; 0 for none.
    """

    bits: Bits
    to: Codes
    suggestion: Bits
    at: Float64
    seconds: Float32
    guideline: Codes

    @classmethod
    def none(cls, rows: int) -> Own:
        """Return arrays without decisions."""
        bits, to, suggestion = np.zeros(rows, np.uint8), np.zeros(rows, np.int32), np.zeros(rows, np.uint8)
        return cls(bits, to, suggestion, np.zeros(rows), np.zeros(rows, np.float32), np.zeros(rows, np.int32))

    def put(self, rows: Codes, fresh: Own) -> None:
        """Replace the decisions on some rows."""
        self.bits[rows], self.to[rows] = fresh.bits, fresh.to
        self.suggestion[rows], self.at[rows], self.seconds[rows] = fresh.suggestion, fresh.at, fresh.seconds
        self.guideline[rows] = fresh.guideline

    def take(self, rows: Mask) -> Own:
        """Return the decisions on some rows."""
        kept = self.bits[rows], self.to[rows], self.suggestion[rows], self.at[rows], self.seconds[rows]
        return Own(*kept, self.guideline[rows])


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Joint outcome of the verdicts on N rows that people have judged one by one.

    An adjudication decides; else the majority of the verdicts; at a tie, the first verdict. Bulk and imported verdicts
    do not count, nor does *unsure*:

        keep, relabel, relabel    wrong (2 of 3)
        keep, relabel             not wrong: a tie, and keep came first
        keep, relabel, adjudicated relabel   wrong

    Attributes
    ----------
    wrong : (N,) int8
        1 where the given label is not upheld (``relabel``, ``none_fits``, ``exclude``), 0 where it is, -1 where the
        row is not judged.
    problem : (N,) int8
        As ``wrong``, with ``ambiguous`` counted as well.
    at : (N,) float64
        Time of the first verdict, or of an adjudication without any, in seconds since 1970; infinite where the row is
        not judged.
    """

    wrong: npt.NDArray[np.int8]
    problem: npt.NDArray[np.int8]
    at: npt.NDArray[np.float64]

    @classmethod
    def none(cls, rows: int) -> Outcomes:
        """Return outcomes of rows that nobody has judged."""
        return cls(np.full(rows, -1, np.int8), np.full(rows, -1, np.int8), np.full(rows, np.inf))

    def put(self, rows: Codes, decisions: Sequence[Own], adjudicated: Own) -> None:
        """Recompute the outcomes of some rows from each reviewer's decisions on them, and the adjudications."""
        problem = WRONG | BIT["ambiguous"]
        wrong, first = majority(decisions, len(rows), WRONG)
        settled = adjudicated.bits > 0
        self.wrong[rows] = np.where(settled, (adjudicated.bits & WRONG) > 0, wrong)
        self.problem[rows] = np.where(
            settled, (adjudicated.bits & problem) > 0, majority(decisions, len(rows), problem)[0]
        )
        self.at[rows] = np.where(settled & np.isinf(first), adjudicated.at, first)


def differ(decisions: Sequence[Own], size: int) -> Mask:
    """Return the rows on which the one-by-one verdicts of different people differ.

    As in an export, two new labels are two opinions, and two sets of fitting labels are one.
    """
    first, differ = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    for own in decisions:
        opinion = np.where((own.at > 0) & (own.bits > 0), own.bits + 256 * own.to.astype(np.int64), 0)
        differ |= (opinion > 0) & (first > 0) & (opinion != first)
        first = np.where(first > 0, first, opinion)
    return differ


def majority(decisions: Sequence[Own], size: int, bits: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Return 1 where most one-by-one verdicts are among ``bits``, 0 elsewhere, -1 without any; and the first time."""
    votes, against = np.zeros(size, np.int32), np.zeros(size, np.int32)
    first_at, first = np.full(len(votes), np.inf), np.zeros(len(votes), np.bool_)
    for own in decisions:
        counts = (own.at > 0) & (own.bits > 0) & (own.bits != BIT["unsure"])
        is_against = (own.bits & bits) > 0
        votes += counts
        against += counts & is_against
        earlier = counts & (own.at < first_at)
        first_at[earlier], first[earlier] = own.at[earlier], is_against[earlier]
    most = np.where(2 * against == votes, first, 2 * against > votes)
    return np.where(votes > 0, most, -1).astype(np.int8), first_at
