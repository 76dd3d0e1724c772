"""Verdicts: each reviewer's decisions as arrays over the rows, mirroring the decision log."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from threading import Lock

import numpy as np
import pyarrow as pa

from auditor.access.names import is_model
from auditor.arrays import Codes, Mask
from auditor.review.guidelines import Guidelines
from auditor.review.log.changes import Changes
from auditor.review.log.event import TOGETHER, Event, Kind, Source, Verdict, item_hash
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items
from auditor.review.view.own import BIT, FOLLOWED, SHOWN, Bits, Outcomes, Own, differ
from auditor.review.view.talk import Note, Talk, asks

_WEEK = 7 * 24 * 3600
"""Maximum seconds: a log from elsewhere may hold more than a float32 can."""
_AT = 2
"""Place of the time among the values of a decision."""


@lru_cache(maxsize=1024)
def _version_in(extra: str | None) -> str | None:
    """Return the version of the guidelines in the column ``extra``."""
    return json.loads(extra).get("guideline") if extra and '"guideline"' in extra else None


class Verdicts:
    """Standing decisions by reviewer and row.

    A decision counts only if it was made on the row's current text and given label; others are stale. Reading is safe
    from many threads while one catches up: a row shows either the old state or the new one.

    Parameters
    ----------
    items : Items
    log : DecisionLog
    """

    def __init__(self, items: Items, log: DecisionLog) -> None:
        self.items, self.log = items, log
        self._lock = Lock()
        self._seq = self._begun = self._done = 0
        self._latest: dict[str, int] = {}
        self._stale: dict[str, int] = {}
        self._own: dict[str, Own] = {}
        self._anyone = np.zeros(len(items), np.uint8)
        self.adjudicated = Own.none(len(items))
        """The adjudications that stand."""
        self.conflict: Mask = np.zeros(len(items), np.bool_)
        """(N,) rows whose one-by-one verdicts of different people differ, and that nobody has adjudicated."""
        self.outcomes = Outcomes.none(len(items))
        self.people = np.zeros(len(items), np.int16)
        """(N,) how many have decided each row."""
        self._touched = np.zeros(len(items), np.bool_)
        self.talk = Talk()
        self.guidelines = Guidelines(log)
        self.versions: dict[str, int] = {}
        """Code of each version of the guidelines that a decision was made under."""

    def catch_up(self) -> None:
        """Read what was written to the log before this call. This is fast if nothing was.

        Of several threads that wait for one that reads, the first reads for all.
        """
        begun_before = self._begun
        with self._lock:
            if self._done > begun_before:
                return  # by a thread that began to read after this call
            self._begun += 1
            changes = self.log.changes(self._seq)
            if changes.seq > self._seq:
                # Standing decisions are read after seq: what is written in between is read again next time.
                self._take_in(changes)
                if "guideline" in changes.kinds:
                    self.guidelines.catch_up()
                self._latest |= dict.fromkeys(changes.kinds, changes.seq)
                self._seq = changes.seq
            self._done = self._begun

    def latest(self, kind: Kind) -> int:
        """Return a number that is no less than that of any event of a kind, and grows with each."""
        return self._latest.get(kind, 0)

    def _take_in(self, changes: Changes) -> None:
        """Replace the decisions on some items by those that stand now."""
        ids = changes.item_ids
        some = ids if self._seq else None
        standing = self.log.standing_columns(some)
        rows = self.items.rows_of(ids)
        place_of = {item_id: place for place, item_id in enumerate(ids)}
        fresh: defaultdict[str, Own] = defaultdict(lambda: Own.none(len(ids)))
        stale: defaultdict[str, int] = defaultdict(int)
        notes: dict[tuple[str, int], Note] = {}
        for chunk in standing:
            places = [place_of.get(row[0], -1) for row in chunk]
            hashes = self._hashes(rows[[place for place in places if place >= 0]])
            for place, row in zip(places, chunk, strict=True):
                item_id, taken_on, reviewer, *decided, note, extra = row
                if place < 0:
                    continue  # written since the changes were read
                if next(hashes) != taken_on:
                    stale[item_id] += 1
                else:
                    self._set(fresh[reviewer], place, *decided)
                    fresh[reviewer].guideline[place] = self._code_of(_version_in(extra))
                    if note:
                        at = decided[_AT] / 1_000_000
                        notes[reviewer, int(rows[place])] = Note(reviewer, int(rows[place]), note, at)
        found = rows >= 0
        may_differ = changes.adjudications or self.adjudicated.bits[rows[found]].any() or self._stale.keys() & place_of
        adjudications = self.log.adjudications(some) if may_differ else ()
        adjudicated = self._adjudicated(rows, place_of, adjudications, stale)
        rows, adjudicated = rows[found], adjudicated.take(found)
        anyone = adjudicated.bits.copy()
        self.adjudicated.put(rows, adjudicated)
        decisions = list[Own]()
        for reviewer in fresh.keys() - self._own.keys():
            self._own = {**self._own, reviewer: Own.none(len(self.items))}
        for reviewer, own in sorted(self._own.items()):  # by name, so that the order of merging logs does not matter
            current = fresh[reviewer].take(found)
            own.put(rows, current)
            anyone |= current.bits
            decisions.append(current)
        self._anyone[rows] = anyone
        self._touched[rows] = True
        self.outcomes.put(rows, decisions, adjudicated)
        people = [own for name, own in zip(sorted(self._own), decisions, strict=True) if not is_model(name)]
        self.conflict[rows] = differ(people, len(rows)) & (adjudicated.bits == 0)
        self.people[rows] = sum(((own.bits > 0).astype(np.int16) for own in decisions), np.zeros(len(rows), np.int16))
        self._stale = {item: count for item, count in self._stale.items() if item not in place_of} | stale
        decided_rows = rows.tolist() if self._seq else []
        self.talk = self.talk.changed({(name, row) for name in self._own for row in decided_rows}, notes)

    def _code_of(self, version: str | None) -> int:
        return 0 if version is None else self.versions.setdefault(version, len(self.versions) + 1)

    def _adjudicated(
        self, rows: Codes, place_of: dict[str, int], adjudications: Iterable[Event], stale: defaultdict[str, int]
    ) -> Own:
        """Return the last adjudication of each item."""
        own = Own.none(len(rows))
        for event in adjudications:
            item_id = event.item_id or ""
            place = place_of.get(item_id, -1)
            if place < 0:
                continue  # written since the changes were read
            if rows[place] < 0 or self.items.hash_of(int(rows[place])) != event.item_hash:
                stale[item_id] += 1
                continue
            own.bits[place], own.to[place] = BIT[event.verdict or "unsure"], 0
            if event.verdict == "relabel":
                own.to[place] = 1 + self.items.codes.get(event.new_labels[0], -1)
            own.at[place] = event.at.timestamp()
        return own

    def _hashes(self, rows: Codes) -> Iterator[str | None]:
        """Yield the hash that decisions on each row must have; None for -1, a row that no longer exists."""
        existing = rows[rows >= 0]
        texts = iter(self.items.texts.take(pa.array(existing)).to_pylist())  # together: one by one is much slower
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

    # -- talk and guidelines -------------------------------------------------------------------------------------------

    def asked(self, me: str | None) -> list[Note]:
        """Return the questions to somebody that are not answered, the oldest first."""
        found = [note for note in self.talk.questions(me) if not self._is_answered(note, me)] if me else []
        return sorted(found, key=lambda note: (note.at, note.reviewer, note.row))

    def _is_answered(self, note: Note, me: str) -> bool:
        """Return whether the person asked, or anybody where all were, has judged the row one by one since."""
        people = self._own.keys() - {note.reviewer} if not asks(note.text, me) else self._own.keys() & {me}
        return any(self._own[name].at[note.row] > note.at for name in people)

    def under(self, versions: Sequence[str], reviewers: Sequence[str] = ()) -> Mask:
        """Return the rows that some reviewers, or anybody, has decided under some versions of the guidelines.

        Parameters
        ----------
        versions : sequence of str
            Versions, or ``current`` and ``older``; decisions without a version are older than any.
        reviewers : sequence of str
        """
        current = self.versions.get(self.guidelines.version or "", -1) if self.guidelines.version else 0
        codes = [self.versions[version] for version in versions if version in self.versions]
        found = np.zeros(len(self.items), np.bool_)
        for name in self._own.keys() & reviewers if reviewers else self._own.keys():
            own = self._own[name]
            decided = own.bits > 0
            if "current" in versions:
                found |= decided & (own.guideline == current)
            if "older" in versions:
                found |= decided & (own.guideline != current)
            for code in codes:
                found |= decided & (own.guideline == code)
        return found

    # -- what stands --------------------------------------------------------------------------------------------

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Reviewers who have decided something, by name."""
        return tuple(sorted(self._own))

    @property
    def seq(self) -> int:
        """Number of the last event read from the log."""
        return self._seq

    def count(self, reviewer: str | None) -> int:
        """Count the rows that a reviewer has decided."""
        own = self._own.get(reviewer or "")
        return 0 if own is None else int(np.count_nonzero(own.bits))

    @property
    def stale(self) -> int:
        """Number of standing decisions made on another text or label, or on a row that no longer exists."""
        return sum(self._stale.values())

    def of(self, reviewer: str | None) -> Own:
        """Return one reviewer's decisions; none for an unknown name."""
        return self._own.get(reviewer or "") or Own.none(len(self.items))

    def bits(self, reviewers: Sequence[str] = ()) -> Bits:
        """Return the verdicts of some reviewers, or of all, as a read-only (N,) uint8 array."""
        if not reviewers:
            return self._anyone
        bits = np.zeros(len(self.items), np.uint8)
        for reviewer in self._own.keys() & reviewers:  # a filter may list many unknown names
            bits |= self._own[reviewer].bits
        return bits

    def touched(self, row: int) -> bool:
        """Return whether the log has any event on the row, even if undone."""
        return bool(self._touched[row])

    def decided_by(self, row: int) -> list[str]:
        """Return the reviewers who have decided the row, by name."""
        return [reviewer for reviewer in self.reviewers if self._own[reviewer].bits[row]]

    def gone(self, item_ids: Sequence[str], me: str | None, enough: int = 1) -> list[str]:
        """Return those of some items that others have decided, ``enough`` people in all."""
        rows = self.items.rows_of(item_ids).tolist()
        return [
            item_id
            for item_id, row in zip(item_ids, rows, strict=True)
            if row >= 0
            and self.people[row] >= enough
            and any(own.bits[row] for reviewer, own in self._own.items() if reviewer != me)
        ]

    def settled(self, item_ids: Sequence[str]) -> list[str]:
        """Return those of some items that are not in conflict."""
        rows = self.items.rows_of(item_ids).tolist()
        return [item for item, row in zip(item_ids, rows, strict=True) if row >= 0 and not self.conflict[row]]

    def done(self, item_ids: Sequence[str], me: str) -> list[str]:
        """Return those of some items that the reviewer has decided."""
        rows, own = self.items.rows_of(item_ids).tolist(), self._own.get(me)
        return [item_id for item_id, row in zip(item_ids, rows, strict=True) if own and row >= 0 and own.bits[row]]
