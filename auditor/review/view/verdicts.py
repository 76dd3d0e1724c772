"""Verdicts: who has decided what, as arrays over the rows: a mirror of what stands in the decision log."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Row

from auditor.arrays import Codes, Float32, Float64, Mask
from auditor.review.log.event import TOGETHER, VERDICTS, Source, Verdict, item_hash
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items

Bits = npt.NDArray[np.uint8]

BIT = {verdict: 1 << place for place, verdict in enumerate(VERDICTS)}
"""A row's verdicts, of any number of reviewers, fit into one byte; 0 is undecided."""
SHOWN, FOLLOWED = 1, 2
WRONG = BIT["relabel"] | BIT["none_fits"] | BIT["exclude"]
"""Bits of the verdicts that do not uphold the given label."""
_WEEK = 7 * 24 * 3600
"""Seconds; a log made elsewhere may hold more than a small float can."""


@dataclass(frozen=True, eq=False)
class Own:
    """One reviewer's decisions on N rows; zeros where there is none, so that memory is used for those there are.

    Attributes
    ----------
    bits : (N,) uint8
        :data:`BIT` of the verdict.
    to : (N,) int32
        Code of the label that a row was relabelled to, plus 1.
    suggestion : (N,) uint8
        Of rows kept or relabelled one by one: :data:`SHOWN` where a suggestion was, :data:`FOLLOWED` where it was
        taken.
    at : (N,) float64
        Seconds since 1970 of decisions taken one by one.
    seconds : (N,) float32
        How long their rows were looked at; 0 where that is not known.
    """

    bits: Bits
    to: Codes
    suggestion: Bits
    at: Float64
    seconds: Float32

    @classmethod
    def none(cls, rows: int) -> Own:
        """No decision yet."""
        bits, to, suggestion = np.zeros(rows, np.uint8), np.zeros(rows, np.int32), np.zeros(rows, np.uint8)
        return cls(bits, to, suggestion, np.zeros(rows), np.zeros(rows, np.float32))

    def put(self, rows: Codes, fresh: Own) -> None:
        """Replace what is known of some rows."""
        self.bits[rows], self.to[rows] = fresh.bits, fresh.to
        self.suggestion[rows], self.at[rows], self.seconds[rows] = fresh.suggestion, fresh.at, fresh.seconds

    def take(self, rows: Mask) -> Own:
        """Decisions on some rows."""
        return Own(self.bits[rows], self.to[rows], self.suggestion[rows], self.at[rows], self.seconds[rows])


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What the people who have judged N rows one by one say of the given labels, all together.

    The majority of the verdicts counts, at a tie the first. Bulk and imported verdicts count for nothing, and *unsure*
    is no verdict.

    Attributes
    ----------
    wrong : (N,) int8
        1 where the given label is not upheld (``relabel``, ``none_fits``, ``exclude``), 0 where it is, -1 where nobody
        has judged the row.
    problem : (N,) int8
        The same, with ``ambiguous`` as a problem too.
    at : (N,) float64
        When somebody first judged the row, in seconds since 1970; infinite where nobody has.
    """

    wrong: npt.NDArray[np.int8]
    problem: npt.NDArray[np.int8]
    at: npt.NDArray[np.float64]

    @classmethod
    def none(cls, rows: int) -> Outcomes:
        """Nothing is judged."""
        return cls(np.full(rows, -1, np.int8), np.full(rows, -1, np.int8), np.full(rows, np.inf))

    def put(self, rows: Codes, heard: Sequence[Own]) -> None:
        """Replace the outcomes of some rows by what each reviewer says of them now."""
        self.wrong[rows], self.at[rows] = _majority(heard, len(rows), WRONG)
        self.problem[rows], _ = _majority(heard, len(rows), WRONG | BIT["ambiguous"])


def _majority(heard: Sequence[Own], size: int, bits: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Whether most one-by-one verdicts on each row are among ``bits``, -1 where there is none; and the first's time."""
    votes, against = np.zeros(size, np.int32), np.zeros(size, np.int32)
    first_at, first = np.full(len(votes), np.inf), np.zeros(len(votes), np.bool_)
    for own in heard:
        counts = (own.at > 0) & (own.bits > 0) & (own.bits != BIT["unsure"])
        says = (own.bits & bits) > 0
        votes += counts
        against += counts & says
        earlier = counts & (own.at < first_at)
        first_at[earlier], first[earlier] = own.at[earlier], says[earlier]
    most = np.where(2 * against == votes, first, 2 * against > votes)
    return np.where(votes > 0, most, -1).astype(np.int8), first_at


class Verdicts:
    """What stands in the decision log, by reviewer and row.

    A decision counts only if it was taken on the row's text and given label as they are now; other ones are stale.
    Reading is safe from many threads while one catches up: a row shows either what stood before or what stands now.

    Parameters
    ----------
    items : Items
    log : DecisionLog
    """

    def __init__(self, items: Items, log: DecisionLog) -> None:
        self.items, self.log = items, log
        self._lock = Lock()
        self._seq = 0
        self._stale: dict[str, int] = {}
        self._own: dict[str, Own] = {}
        self._anyone = np.zeros(len(items), np.uint8)
        self.outcomes = Outcomes.none(len(items))
        self.people = np.zeros(len(items), np.int16)
        """(N,) how many have decided each row."""
        self._touched = np.zeros(len(items), np.bool_)

    def catch_up(self) -> None:
        """Take in what was written to the log since the last time; quick when nothing was."""
        with self._lock:
            seq, ids = self.log.changes(self._seq)
            if seq > self._seq:
                # What stands is read after seq: what is written in between comes again the next time.
                self._take_in(ids, self.log.standing_columns(ids if self._seq else None))
                self._seq = seq

    def _take_in(self, ids: Sequence[str], standing: Iterable[Sequence[Row[*tuple[Any, ...]]]]) -> None:
        """Put what stands on some items in the place of what stood on them."""
        rows = self.items.rows_of(ids)
        place_of = {item_id: place for place, item_id in enumerate(ids)}
        fresh: defaultdict[str, Own] = defaultdict(lambda: Own.none(len(ids)))
        stale: defaultdict[str, int] = defaultdict(int)
        for chunk in standing:
            places = [place_of.get(row[0], -1) for row in chunk]
            hashes = self._hashes(rows[[place for place in places if place >= 0]])
            for place, row in zip(places, chunk, strict=True):
                item_id, taken_on, reviewer, *decided = row
                if place < 0:
                    continue  # written since the changes were read
                if next(hashes) != taken_on:
                    stale[item_id] += 1
                else:
                    self._set(fresh[reviewer], place, *decided)
        known = rows >= 0
        rows, anyone = rows[known], np.zeros(np.count_nonzero(known), np.uint8)
        heard = list[Own]()
        for reviewer in fresh.keys() - self._own.keys():
            self._own = {**self._own, reviewer: Own.none(len(self.items))}
        for reviewer, own in sorted(self._own.items()):  # by name, whatever the order in which logs were merged
            now = fresh[reviewer].take(known)
            own.put(rows, now)
            anyone |= now.bits
            heard.append(now)
        self._anyone[rows] = anyone
        self._touched[rows] = True
        self.outcomes.put(rows, heard)
        self.people[rows] = sum(((own.bits > 0).astype(np.int16) for own in heard), np.zeros(len(rows), np.int16))
        self._stale = {item: count for item, count in self._stale.items() if item not in place_of} | stale

    def _hashes(self, rows: Codes) -> Iterator[str | None]:
        """What decisions on some rows must have been taken on; None for -1, a row that is gone."""
        there = rows[rows >= 0]
        texts = iter(self.items.texts.take(pa.array(there)).to_pylist())  # at once: one by one takes much longer
        for row, given in zip(rows.tolist(), self.items.given[rows].tolist(), strict=True):
            yield item_hash(next(texts), self.items.label_names[given]) if row >= 0 else None

    def _set(
        self,
        own: Own,
        place: int,
        verdict: Verdict,
        new_labels: str,
        at: int,
        source: Source,
        shown: str | None,
        seconds: float | None,
    ) -> None:
        own.bits[place] = BIT[verdict]
        labels = json.loads(new_labels) if verdict == "relabel" else []
        if labels:
            own.to[place] = 1 + self.items.codes.get(labels[0], -1)
        if source in TOGETHER:
            return
        own.at[place], own.seconds[place] = at / 1_000_000, min(seconds or 0, _WEEK)
        if shown is not None and verdict in ("keep", "relabel"):
            own.suggestion[place] = FOLLOWED if labels == [shown] else SHOWN

    # -- what stands --------------------------------------------------------------------------------------------

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Those who have decided something, by name."""
        return tuple(sorted(self._own))

    @property
    def seq(self) -> int:
        """Number of the log's last event that was taken in."""
        return self._seq

    def count(self, reviewer: str | None) -> int:
        """Rows that a reviewer has decided."""
        own = self._own.get(reviewer or "")
        return 0 if own is None else int(np.count_nonzero(own.bits))

    @property
    def stale(self) -> int:
        """Decisions that stand in the log, but were taken on another text or label, or on a row that is gone."""
        return sum(self._stale.values())

    def of(self, reviewer: str | None) -> Own:
        """One reviewer's decisions; none for somebody unknown."""
        return self._own.get(reviewer or "") or Own.none(len(self.items))

    def bits(self, reviewers: Sequence[str] = ()) -> Bits:
        """(N,) uint8: the verdicts of any of the reviewers, or of anybody; not to be written to."""
        if not reviewers:
            return self._anyone
        bits = np.zeros(len(self.items), np.uint8)
        for reviewer in self._own.keys() & reviewers:  # a filter may name many that nobody knows
            bits |= self._own[reviewer].bits
        return bits

    def touched(self, row: int) -> bool:
        """Whether the log says anything of the row, be it undone."""
        return bool(self._touched[row])

    def decided_by(self, row: int) -> list[str]:
        """Who has decided the row, by name."""
        return [reviewer for reviewer in self.reviewers if self._own[reviewer].bits[row]]

    def gone(self, item_ids: Sequence[str], me: str | None, enough: int = 1) -> list[str]:
        """Those of some items that others have decided, ``enough`` people in all."""
        rows = self.items.rows_of(item_ids).tolist()
        return [
            item_id
            for item_id, row in zip(item_ids, rows, strict=True)
            if row >= 0
            and self.people[row] >= enough
            and any(own.bits[row] for reviewer, own in self._own.items() if reviewer != me)
        ]

    def done(self, item_ids: Sequence[str], me: str) -> list[str]:
        """Those of some items that they have decided themselves."""
        own = self._own.get(me)
        if own is None:
            return []
        rows = self.items.rows_of(item_ids).tolist()
        return [item_id for item_id, row in zip(item_ids, rows, strict=True) if row >= 0 and own.bits[row]]
