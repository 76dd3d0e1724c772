"""Feed: the card that the default queue serves next, and the reason for it. What colleagues ask for comes first."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np

from auditor.arrays import Mask, RowIndex
from auditor.config import QueueConfig
from auditor.errors import DecisionError
from auditor.estimate.opening import at_random, opening
from auditor.estimate.stream import coin
from auditor.review.batches import Batches
from auditor.review.feed.blind import Blind
from auditor.review.feed.certified import find_test
from auditor.review.feed.known_answers import KnownAnswers
from auditor.review.feed.learner import Learner
from auditor.review.log.event import Arm
from auditor.review.view.items import Items
from auditor.review.view.own import BIT
from auditor.review.view.verdicts import Verdicts

KNOWN_SHARE = 1 / 2
"""Of a new reviewer's cards: those whose answer is known, until there are enough."""
HIDDEN_SHARE = 1 / 10
"""Of ranked cards: those whose evidence stays hidden until the verdict, to compare with the others."""
REPEAT_SHARE, REPEAT_AFTER = 3 / 100, 50
"""Cards that come to the same person again, and how many others come in between at least."""
SECOND_SHARE = 1 / 3
"""Of judged blind cards: those that a second person is asked about."""
LATELY = 20
"""Cards after which a blind one that the reviewer skipped, or was unsure of, comes again."""
_LOOKED_AT = 1 << 14
"""Places of an order that are looked at at a time."""


@dataclass(frozen=True)
class Serving:
    """One card that was served.

    Attributes
    ----------
    row : int
    arm : str
    hidden : bool
        Without suggestion, models' table, kind, reasons and neighbours.
    follow : float or None
        Of a ranked card: with what probability the learnt order was followed.
    decided_before : bool
        Somebody had decided the row when it was served: a repeat, a second look at a blind card, a known answer, or a
        row that has a bulk verdict.
    answer : str or None
        Of a card whose answer is known: the label. The page does not hear of it.
    """

    row: int
    arm: Arm
    hidden: bool
    follow: float | None = None
    decided_before: bool = False
    answer: str | None = None


@dataclass(frozen=True)
class _State:
    """What the cards of a request are chosen by.

    Attributes
    ----------
    me : str
    closing : bool
    open_rows : (N,) bool
        Rows that want one more verdict, and not yet have the reviewer's.
    judged : int
        Rows that have an outcome.
    late : set of int
        Rows that the reviewer has just decided or skipped.
    """

    me: str
    closing: bool
    open_rows: Mask
    judged: int
    late: set[int]


def as_served(card: dict[str, Any], serving: Serving) -> dict[str, Any]:
    """Make a card look like any other of its kind.

    One whose evidence is hidden, or whose answer is known, shows nobody's verdict either.
    """
    if not serving.hidden and serving.answer is None:
        return {**card, "hidden": False}
    unjudged: dict[str, Any] = {
        "mine": None,
        "history": [],
        "decided_by": [],
        "adjudicated": None,
        "model_verdicts": [],
    }
    return {**card, "hidden": serving.hidden, **unjudged}


class Feed:
    """The default queue: a stream of cards from two orders, the opening and the blind draws.

    Parameters
    ----------
    items : Items
    verdicts : Verdicts
    blind : Blind
    learner : Learner
    config : QueueConfig, optional
    known_answers : KnownAnswers, optional
        Rows whose answers are known.
    """

    def __init__(
        self,
        items: Items,
        verdicts: Verdicts,
        blind: Blind,
        learner: Learner,
        config: QueueConfig | None = None,
        known_answers: KnownAnswers | None = None,
    ) -> None:
        self._items, self._verdicts, self._known_answers = items, verdicts, known_answers
        self.batches: Batches = {}
        """Rows of each reviewer's batch, by name. Cards drawn at random come from all rows nevertheless."""
        self.blind, self.learner = blind, learner
        self.config = config or QueueConfig()
        self._static = np.argsort(items.rank, kind="stable").astype(np.int32)
        seed = int.from_bytes(hashlib.sha256(verdicts.log.run_id.encode()).digest()[:4])
        population = np.flatnonzero(blind.population)
        self._opening = population[opening(items.given[population], seed, self.config.opening)]
        self._certificate = None if self.config.certify is None else find_test(verdicts, self.config.certify)
        self._of_reviewer: dict[str, Lock] = {}
        self._reserving, self._reserved = Lock(), set[int]()  # rows chosen, but not yet leased
        self._served: dict[tuple[str, int], Serving] = {}
        self._turns: Counter[str] = Counter()  # cards served to each reviewer
        self._turn: dict[tuple[str, int], int] = {}  # at which of them a row came last
        self._repeated: set[tuple[str, int]] = set()

    def next(
        self, me: str, held: Collection[str], limit: int, *, skipped: Sequence[str] = (), closing: bool = False
    ) -> list[Serving]:
        """Choose the next cards for a reviewer.

        Parameters
        ----------
        me : str
        held : collection of str
            Ids of the cards that the reviewer's page holds already.
        limit : int
        skipped : sequence of str
            Ids of those that the reviewer has skipped. Only blind ones come again, after a while.
        closing : bool
            Serve blind cards alone, as a closing sample.

        Returns
        -------
        list of Serving
            Fewer than ``limit`` at the end.
        """
        with self._of_reviewer.setdefault(me, Lock()):  # no card comes to two windows of one reviewer
            log, passed = self._verdicts.log, self._rows(skipped)
            hand, found = set(self._rows(list(held))), list[Serving]()
            if self._certificate is None and not self._is_blind(closing):
                found = self._asked(me, {*hand, *passed}, limit)
            while (wanted := limit - len(found)) > 0:
                # Leases first: a lease that has ended by now may have ended with a verdict.
                others = set(self._rows(list(log.leased(me))))
                self._verdicts.catch_up()
                self.blind.catch_up()
                mine = hand | {card.row for card in found}
                state = _State(me, closing, self._open(me), self._judged(), self._lately(me, passed))
                chosen = self._some(wanted, state, mine, others, set(passed))
                try:
                    ids = {self._items.id_of(card.row): card for card in chosen}
                    found += [ids[item_id] for item_id in log.lease(me, list(ids))]  # another server may be quicker
                finally:
                    self._release(chosen)
                if len(chosen) < wanted:
                    break
            for card in found:
                self._served[me, card.row] = card
                self._turns[me] += 1
                self._turn[me, card.row] = self._turns[me]
            return found

    def _some(self, count: int, state: _State, hand: set[int], others: set[int], passed: set[int]) -> list[Serving]:
        """Choose some cards, which no other request of this server chooses until they are released."""
        found: list[Serving] = []
        try:
            while len(found) < count:
                mine = hand | {card.row for card in found}
                card = self._choose(state, len(mine), mine | others | passed, mine | others | state.late)
                if card is None:
                    break
                if self._reserve(card.row):
                    found.append(replace(card, decided_before=bool(self._verdicts.bits()[card.row])))
                else:
                    others = others | {card.row}
        except BaseException:
            self._release(found)
            raise
        return found

    def _reserve(self, row: int) -> bool:
        """Reserve a row for the request that has chosen it. Return whether no other request has."""
        with self._reserving:
            free = row not in self._reserved
            self._reserved.add(row)
            return free

    def _release(self, cards: Sequence[Serving]) -> None:
        with self._reserving:
            self._reserved.difference_update(card.row for card in cards)

    def take_over(self, other: Feed) -> None:
        """Remember how another feed of the same rows, whose ranking is out of date, has served its cards."""
        self._served |= other._served
        self._turns.update(other._turns)
        self._turn |= other._turn
        self._repeated |= other._repeated

    def left(self, me: str) -> int:
        """Rows that the reviewer may still be served."""
        if self._certificate is not None:
            return len(self._certificate.waiting())
        rows = self._open(me)
        rows[[note.row for note in self._verdicts.asked(me)]] = True
        return int(np.count_nonzero(rows))

    def _open(self, me: str) -> Mask:
        """(N,) rows that want one more verdict, and not yet have this reviewer's."""
        verdicts, batch = self._verdicts, self.batches.get(me)
        wanting = (verdicts.people < self.config.overlap) & (verdicts.adjudicated.bits == 0)
        wanting &= verdicts.of(me).bits == 0
        return np.asarray(wanting if batch is None else wanting & batch)

    def served(self, me: str, row: int) -> Serving | None:
        """How a row was served to a reviewer; None where the default queue has not served it since the start."""
        found = self._served.get((me, row))
        if found is None and self.blind.is_pending(row):
            return Serving(row, "blind", hidden=True)
        return found

    def without_served_again(self, me: str, item_ids: Sequence[str]) -> list[str]:
        """Leave out those of some items that came to the reviewer although somebody had decided them before."""
        rows = self._items.rows_of(item_ids).tolist()
        served = (self._served.get((me, row)) for row in rows)
        pairs = zip(item_ids, served, strict=True)
        return [item_id for item_id, card in pairs if card is None or not card.decided_before]

    # -- which card ---------------------------------------------------------------------------------------------

    def _rows(self, item_ids: Sequence[str]) -> list[int]:
        return [row for row in self._items.rows_of(item_ids).tolist() if row >= 0]

    def _judged(self) -> int:
        """Count the rows that have an outcome."""
        return int(np.count_nonzero(self._verdicts.outcomes.wrong >= 0))

    def _choose(self, state: _State, in_hand: int, busy: set[int], late: set[int]) -> Serving | None:
        """Choose a card that is not ``busy``; of the blind ones, one that did not come lately.

        The judged rows and the cards in hand say how far the opening is. Cards that were skipped, or that others hold,
        may be judged late or never, and do not count.
        """
        me = state.me
        if self._certificate is not None:
            waiting = (row for row in self._certificate.waiting() if row not in late)
            return next((Serving(row, "certificate", hidden=True) for row in waiting), None)
        if self._is_blind(state.closing):
            return self._blind(me, late)
        tossed = secrets.token_hex(16)
        answers = self._known_answers
        if answers and coin(f"{tossed} known", KNOWN_SHARE) and (asked := answers.next(me, busy)):
            hidden = coin(f"{tossed} hidden", HIDDEN_SHARE)
            return self._as_before(me, Serving(asked[0], "known", hidden, answer=asked[1]))
        if coin(f"{tossed} blind", self.config.blind) and (card := self._blind(me, late)):
            return card
        if coin(f"{tossed} repeat", REPEAT_SHARE) and (card := self._repeat(me, busy)):
            return card
        hidden = coin(f"{tossed} hidden", HIDDEN_SHARE)
        opens = at_random(state.judged + in_hand, len(self._opening))
        if opens and (row := _first(self._opening, state.open_rows, busy)) is not None:
            return self._as_before(me, Serving(row, "opening", hidden))
        learnt = self.learner.learnt
        follow = learnt.follow if learnt.verdicts else 0.0
        arm: Arm = "learnt" if coin(f"{tossed} head", follow) else "static"
        head = _first(learnt.order if arm == "learnt" else self._static, state.open_rows, busy)
        return None if head is None else self._as_before(me, Serving(head, arm, hidden, follow))

    @property
    def sample(self) -> dict[str, int] | None:
        """Cards that the random sample is to have, and those of them that are judged; None without a sample."""
        wanted = self.config.sample
        return None if wanted is None else {"wanted": wanted, "judged": len(self.blind.cards)}

    def _is_blind(self, closing: bool) -> bool:
        """Whether only cards drawn at random are served."""
        sample = self.sample
        sampled = sample is not None and sample["judged"] < sample["wanted"]
        return closing or sampled or self.config.blind >= 1

    def _asked(self, me: str, busy: set[int], limit: int) -> list[Serving]:
        """Cards that colleagues ask the reviewer to look at. Whose they were before, or are now, does not matter."""
        rows = dict.fromkeys(note.row for note in self._verdicts.asked(me) if note.row not in busy)
        found = [Serving(row, "asked", hidden=False, decided_before=True) for row in [*rows][:limit]]
        self._verdicts.log.lease(me, [self._items.id_of(card.row) for card in found])
        return found

    def _as_before(self, me: str, card: Serving) -> Serving:
        """Serve a card as it came the first time, after a reload or in another window: its coin is tossed once."""
        before = self._served.get((me, card.row))
        return card if before is None or before.arm == "repeat" else before

    def _blind(self, me: str, busy: set[int]) -> Serving | None:
        """A draw that waits for its verdict, a judged one that wants a second look, or a new one."""
        own = self._verdicts.of(me).bits
        for _, row in self.blind.pending():
            if row not in busy:
                return Serving(row, "blind", hidden=True)
        for event, row in self.blind.settled():
            wanted = coin(f"{event.event_id} second", SECOND_SHARE) and len(self._verdicts.decided_by(row)) == 1
            if wanted and row not in busy and not own[row] and not self._verdicts.adjudicated.bits[row]:
                return Serving(row, "blind", hidden=True)
        unread = np.flatnonzero(self.blind.population & (self._verdicts.outcomes.wrong < 0))
        if len(unread) <= len(busy) and busy.issuperset(unread.tolist()):
            return None
        for _ in range(len(busy) + 1):  # a draw may hit a card that is in the reviewer's hand: that one settles it
            try:
                event = self.blind.draw(me, self.learner.learnt.error)
            except DecisionError:
                return None
            drawn = self._items.row_of(event.item_id or "")
            if drawn is not None and drawn not in busy:
                return Serving(drawn, "blind", hidden=True)
        return None

    def _lately(self, me: str, passed: Sequence[int]) -> set[int]:
        """Rows that the reviewer has just decided or skipped; one that they were unsure of comes back later."""
        at = self._verdicts.of(me).at
        rows = np.flatnonzero(at > 0)
        decided = set(rows[np.argsort(at[rows])[-LATELY:]].tolist())
        since = self._turns[me] - LATELY
        return decided | {row for row in passed if self._turn.get((me, row), since) > since}

    def _repeat(self, me: str, busy: set[int]) -> Serving | None:
        """A card that the reviewer has judged at least fifty cards ago, and never twice."""
        own = self._verdicts.of(me)
        rows = np.flatnonzero((own.at > 0) & (own.bits != BIT["unsure"]))
        rows = rows[np.argsort(own.at[rows])][: -REPEAT_AFTER or None]
        left = [row for row in rows.tolist() if row not in busy and (me, row) not in self._repeated]
        if not left:
            return None
        row = left[secrets.randbelow(len(left))]
        self._repeated.add((me, row))
        return Serving(row, "repeat", hidden=True)


def _first(order: RowIndex, open_rows: Mask, busy: set[int]) -> int | None:
    """Find the first open row of an order that is not in anybody's hand."""
    for start in range(0, len(order), _LOOKED_AT):
        part = order[start : start + _LOOKED_AT]
        for row in part[open_rows[part]].tolist():
            if row not in busy:
                return int(row)
    return None
