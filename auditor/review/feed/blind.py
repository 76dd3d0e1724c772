"""Blind: cards drawn at random from the rows that nobody has judged, and the number of errors estimated from them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, wraps
from math import fsum
from threading import RLock
from typing import Any, TypeVar, cast

import numpy as np
import pyarrow as pa

from auditor.arrays import Counts, Float64, Mask, Outcomes, RowIndex
from auditor.errors import DecisionError
from auditor.estimate.interval import ALPHA, Interval, interval
from auditor.estimate.learning import EVERY
from auditor.estimate.stream import PENDING, Q_RANGE, Change, Draws, choose_q, count_pools, draw_row
from auditor.review.log.event import Event
from auditor.review.log.parts import Pool
from auditor.review.log.records import in_time
from auditor.review.view.verdicts import Verdicts

_Read = TypeVar("_Read", bound=Callable[..., Any])


def _of_one_moment(read: _Read) -> _Read:
    """Let no draw arrive while a method of :class:`Blind` reads the draws several times."""

    @wraps(read)
    def locked(self: Blind, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            return read(self, *args, **kwargs)

    return cast("_Read", locked)


@dataclass(frozen=True)
class Drawn:
    """One blind draw, with the rows that its pool left out as a change to those of an earlier draw.

    Attributes
    ----------
    event : Event
        Of kind ``serve``.
    row : int
        -1 where the dataset no longer has it, or where the draw was made from other rows than are audited now.
    change : Change
    """

    event: Event
    row: int
    change: Change


class Blind:
    """The blind stream of a log: draws, and the interval that they give.

    Only rows that the audit has judged count: N of them. Safe to be used from many threads.

    Parameters
    ----------
    verdicts : Verdicts
        Of the log.
    """

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        items = verdicts.items
        self.population: Mask = ~np.isnan(items.suspicion)
        self._lock = RLock()
        self._seq = 0
        self._draws: list[Drawn] = []
        self._place: dict[str, int] = {}
        self._left_out = np.zeros(len(items), np.bool_)  # of the draw that came last

    def __len__(self) -> int:
        """Draws."""
        return len(self._draws)

    # -- the log ------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Take in the draws that were written to the log since the last time."""
        with self._lock:
            latest = self.verdicts.latest("serve")
            if latest > self._seq:
                for seq, event in self.verdicts.log.draws(self._seq):
                    self._take_in(event)
                    latest = max(latest, seq)
                self._seq = latest

    def _take_in(self, event: Event) -> None:
        items, pool = self.verdicts.items, event.pool
        assert pool is not None
        assert event.item_id is not None
        row, *_ = items.rows_of([event.item_id]).tolist()
        judged, reopened = (items.rows_of(ids).astype(np.int64) for ids in (pool.judged, pool.reopened))
        parent = self._place.get(pool.follows, -1) if pool.follows else -1
        judged, reopened = judged[judged >= 0], reopened[reopened >= 0]
        if parent != len(self._draws) - 1:  # another log's draws came in between
            self._left_out = self.pool_of(parent)
        self._left_out[judged], self._left_out[reopened] = True, False
        row = row if self._is_of_these_rows(pool) else -1
        self._place[event.event_id] = len(self._draws)
        self._draws.append(Drawn(event, row, Change(parent, judged, reopened)))

    def _is_of_these_rows(self, pool: Pool) -> bool:
        """Return whether the draw that came last was made from the rows that are audited now.

        After another audit, or of another version of the dataset, a draw may have had other rows to choose from: then
        it is no uniform draw from the present ones.
        """
        if pool.audited is None:
            return pool.size == int(np.count_nonzero(self.population & ~self._left_out))
        return pool.audited == self._audited

    @cached_property
    def _audited(self) -> str:
        ids = self.verdicts.items.ids.filter(pa.array(self.population)).to_pylist()
        return hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:32]

    def pool_of(self, place: int) -> Mask:
        """(N,) bool: the rows that a draw left out."""
        way = list[Change]()
        while place >= 0:
            way.append(self._draws[place].change)
            place = way[-1].parent
        left_out = np.zeros(len(self.verdicts.items), np.bool_)
        for change in reversed(way):
            left_out[change.judged], left_out[change.reopened] = True, False
        return left_out

    def draw(self, me: str, chances: Float64) -> Event:
        """Draw a row, each of those that nobody has judged with the same probability, and write that to the log.

        Parameters
        ----------
        me : str
            Who is shown the card.
        chances : (N,) float
            P(error) of each row; NaN counts as 0.

        Raises
        ------
        DecisionError
            If every row is judged.
        """

        def make() -> Event:
            self.verdicts.catch_up()
            self.catch_up()
            return self._event(me, chances)

        event = self.verdicts.log.serve(make)
        self.verdicts.catch_up()
        self.catch_up()
        return event

    def _event(self, me: str, chances: Float64) -> Event:
        items = self.verdicts.items
        judged = self.verdicts.outcomes.wrong >= 0
        open_rows = self.population & ~judged
        if not open_rows.any():
            raise DecisionError("Every row is judged: none is left to draw.", "Look at Progress for what was found.")
        out = judged & self.population
        seed = secrets.token_hex(16)
        row = draw_row(~open_rows, seed)
        mean_p = float(np.nan_to_num(chances[open_rows]).mean())
        return Event(
            event_id=secrets.token_urlsafe(16),
            run_id=self.verdicts.log.run_id,
            kind="serve",
            item_id=items.id_of(row),
            item_hash=items.hash_of(row),
            reviewer=me,
            at=datetime.now(UTC),
            source="queue",
            pool=Pool(
                follows=self._draws[-1].event.event_id if self._draws else None,
                judged=self._ids(out & ~self._left_out),
                reopened=self._ids(self._left_out & ~out),
                size=int(np.count_nonzero(open_rows)),
                audited=self._audited,
                mean_p=float(np.clip(mean_p, *Q_RANGE)),
                p=float(np.clip(np.nan_to_num(chances[row]), *Q_RANGE)),
                q=self._forecast(mean_p, self.verdicts.outcomes.wrong),
                q_any=self._forecast(mean_p, self.verdicts.outcomes.problem),
                seed=seed,
            ),
        )

    def _ids(self, rows: Mask) -> tuple[str, ...]:
        return tuple(map(self.verdicts.items.id_of, np.flatnonzero(rows).tolist()))

    @_of_one_moment
    def interval_alone(self, alpha: float = ALPHA) -> Interval:
        """Estimate the same from the blind cards alone.

        Rows that were not drawn count as unknown, whatever was decided on them: each of them may be an error or not. So
        this interval holds even if verdicts on chosen cards differ from those on blind ones.
        """
        drawn = np.zeros(len(self.population), np.bool_)
        drawn[self.rows[self.rows >= 0]] = True
        outcomes: Outcomes = np.where(drawn, self.verdicts.outcomes.wrong, PENDING).astype(np.int8)
        judged = self.population & (outcomes >= 0)
        return interval(
            replace(self.draws(outcomes), q=self.draws(self.verdicts.outcomes.wrong).q),
            rows=int(np.count_nonzero(self.population)),
            judged=int(np.count_nonzero(judged)),
            found=int(np.count_nonzero(outcomes[judged] == 1)),
            q=0.5,
            alpha=alpha,
        )

    @_of_one_moment
    def forecasts(self) -> tuple[Float64, Mask]:
        """P(error) of each settled draw's row as it was before the draw, and whether it is an error.

        Without the draws of earlier versions, which did not store it.
        """
        outcome = self._outcome(self.verdicts.outcomes.wrong).tolist()
        pools = [draw.event.pool for draw in self._draws]
        pairs = [
            (pool.p, now == 1)
            for pool, now in zip(pools, outcome, strict=True)
            if pool and pool.p is not None and now != PENDING
        ]
        return np.array([p for p, _ in pairs], np.float64), np.array([wrong for _, wrong in pairs], np.bool_)

    @_of_one_moment
    def _forecast(self, mean_p: float, outcomes: Outcomes, *, learnt: bool = False) -> float:
        """Forecast the outcome of the next draw from those of the settled ones.

        Parameters
        ----------
        learnt : bool
            Correct P(error) by the draws since its first fit alone. How far it was off before, when it was the same for
            every dataset, says nothing about what was learnt since.
        """
        settled = self._outcome(outcomes)
        if learnt:
            settled = np.where(self.counts(self.population, outcomes)[2] >= EVERY, settled, PENDING)
        drawn = settled.tolist()
        pools = [draw.event.pool for draw in self._draws if draw.event.pool]
        # An exact sum: the order in which logs were merged changes no bit of it.
        expected = fsum(pool.mean_p for pool, outcome in zip(pools, drawn, strict=True) if outcome != PENDING)
        return float(choose_q(mean_p, expected=expected, errors=drawn.count(1)))

    # -- estimates ----------------------------------------------------------------------------------------------------

    @property
    def outdated(self) -> int:
        """Number of draws from other rows than are audited now: they do not count, though verdicts on them do."""
        return int(np.count_nonzero(self.rows < 0))

    @property
    def rows(self) -> RowIndex:
        """(n,) rows drawn; -1 where the draw does not count."""
        return np.array([draw.row for draw in self._draws], np.int64)

    def _outcome(self, outcomes: Outcomes) -> Outcomes:
        """(n,) int8: how each drawn row was judged; pending where it was not, or is gone."""
        rows = self.rows
        return np.where(rows >= 0, outcomes[rows], PENDING).astype(np.int8) if len(rows) else np.empty(0, np.int8)

    @_of_one_moment
    def pending(self) -> list[tuple[Event, int]]:
        """Draws without a verdict, the oldest first, each with its row."""
        outcome = self._outcome(self.verdicts.outcomes.wrong)
        return [(draw.event, draw.row) for draw, now in zip(self._draws, outcome, strict=True) if now < 0 <= draw.row]

    @_of_one_moment
    def settled(self) -> list[tuple[Event, int]]:
        """Draws with a verdict, the oldest first, each with its row."""
        outcome = self._outcome(self.verdicts.outcomes.wrong)
        return [(draw.event, draw.row) for draw, now in zip(self._draws, outcome, strict=True) if now >= 0]

    @property
    def cards(self) -> RowIndex:
        """(C,) rows drawn and judged, each once: several draws may have met the same card before its verdict."""
        return np.unique(np.array([row for _, row in self.settled()], np.int64))

    def is_pending(self, row: int) -> bool:
        """Whether a row was drawn, and waits for its verdict."""
        return bool((self.rows == row).any()) and self.verdicts.outcomes.wrong[row] == PENDING

    @_of_one_moment
    def draws(self, outcomes: Outcomes, among: Mask | None = None) -> Draws:
        """Put the draws into arrays, with the outcomes that stand now, by ``(at, event_id)``.

        Parameters
        ----------
        outcomes : (N,) int8
        among : (N,) bool, optional
            Only of these rows: the draws that fall into them, and what is left out of them.
        """
        counted = self.population if among is None else self.population & among
        errors, unknown, judged = self.counts(counted, outcomes)
        outcome = self._outcome(outcomes)
        size = int(np.count_nonzero(counted)) - judged
        pools = [draw.event.pool for draw in self._draws if draw.event.pool]
        q = np.array([pool.q if outcomes is self.verdicts.outcomes.wrong else pool.q_any for pool in pools], float)
        order = self._in_time(counted)
        return Draws(errors[order], unknown[order], size[order], q[order], outcome[order])

    @_of_one_moment
    def rows_in_time(self) -> RowIndex:
        """(n,) row of each draw that counts, in the order of :meth:`draws`."""
        return self.rows[self._in_time(self.population)]

    def _in_time(self, counted: Mask) -> list[int]:
        """Return the places of the draws of some rows, by ``(at, event_id)``."""
        rows = self.rows
        kept = np.flatnonzero(counted[rows] & (rows >= 0)) if len(rows) else rows
        return sorted(kept.tolist(), key=lambda at: in_time(self._draws[at].event))

    @_of_one_moment
    def counts(self, counted: Mask, outcomes: Outcomes) -> tuple[Counts, Counts, Counts]:
        """(n,) each: rows left out by a draw that are errors now, that have no outcome now, and all of them."""
        return count_pools([draw.change for draw in self._draws], outcomes, counted)

    def interval(
        self, chances: Float64, *, problems: bool = False, among: Mask | None = None, alpha: float = ALPHA
    ) -> Interval:
        """Estimate how many of the given labels the people who judge would not uphold.

        Parameters
        ----------
        chances : (N,) float
            P(error) of each row, for the point estimate.
        problems : bool
            Count ambiguous rows too.
        among : (N,) bool, optional
            Of a class or a split.
        alpha : float
            Probability that the interval ever misses.
        """
        outcomes = self.verdicts.outcomes.problem if problems else self.verdicts.outcomes.wrong
        counted = self.population if among is None else self.population & among
        judged = counted & (outcomes >= 0)
        unread = counted & ~judged
        mean_p = float(np.nan_to_num(chances[unread]).mean()) if unread.any() else 0.0
        return interval(
            self.draws(outcomes, among),
            rows=int(np.count_nonzero(counted)),
            judged=int(np.count_nonzero(judged)),
            found=int(np.count_nonzero(outcomes[judged] == 1)),
            q=self._forecast(mean_p, outcomes, learnt=True),
            alpha=alpha,
        )
