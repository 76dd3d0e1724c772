"""Served: how the default queue served each card that was judged, and its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import numpy as np
import numpy.typing as npt

from auditor.arrays import Mask, RowIndex
from auditor.estimate.gate import Heads, compare_heads
from auditor.estimate.reviewers import agreement, anchoring
from auditor.estimate.shares import Difference, Share
from auditor.estimate.stopping import Hint, hint
from auditor.review.feed.blind import Blind
from auditor.review.log.event import Event
from auditor.review.view.own import BIT, WRONG
from auditor.review.view.verdicts import Verdicts


@dataclass(frozen=True)
class Card:
    """One card of the default queue that was judged, as it was first served."""

    reviewer: str
    row: int
    arm: str
    hidden: bool
    follow: float


@dataclass(frozen=True)
class Repeat:
    """A card judged again by the same person, and their decisions on it before."""

    event: Event
    before: tuple[Event, ...]


@dataclass(frozen=True)
class Reviewers:
    """How far the reviewers can be relied on.

    Attributes
    ----------
    self_agreement : Share
        Cards on which the same person gave the same verdict twice.
    second_look : Share
        Blind cards on which a second person agreed with the first, without knowing the first verdict.
    anchoring : Difference
        Share of labels that were not upheld, cards with the suggestion shown minus cards with it hidden.
    heads : Heads
        Labels not upheld a card, heads of the learnt order minus heads of the static one.
    hint : Hint or None
        Whether the latest ranked cards still found more than the blind ones.
    """

    self_agreement: Share
    second_look: Share
    anchoring: Difference
    heads: Heads
    hint: Hint | None


class Served:
    """The judged cards of the default queue; a view of the log.

    Parameters
    ----------
    verdicts : Verdicts
    blind : Blind
    """

    def __init__(self, verdicts: Verdicts, blind: Blind) -> None:
        self._verdicts, self._blind = verdicts, blind
        self._lock = Lock()
        self._seq = 0
        self._cards: dict[tuple[str, int], Card] = {}
        self._known_answers: dict[tuple[str, int], str] = {}
        self._repeats: dict[tuple[str, int], Repeat] = {}
        self._turns: dict[tuple[str, str], Event] = {}  # the last undo or redo of each action

    def catch_up(self) -> None:
        """Take in what was written to the log since the last time."""
        with self._lock:
            for seq, event in self._verdicts.log.served(self._seq):
                self._seq = seq
                if event.kind != "decide":
                    self._turns[event.reviewer, event.action] = max(event, self._last_turn(event), key=_time)
                    continue
                row = self._verdicts.items.row_of(event.item_id or "")
                if row is None or event.item_hash != self._verdicts.items.hash_of(row):
                    continue
                if event.arm == "repeat":
                    self._repeats[event.reviewer, row] = Repeat(event, self._decided_before(event))
                elif event.arm:
                    if event.answer is not None:
                        self._known_answers.setdefault((event.reviewer, row), event.answer)
                    card = Card(event.reviewer, row, event.arm, bool(event.hidden), event.follow or 0.0)
                    self._cards.setdefault((event.reviewer, row), card)

    def to(self, reviewer: str) -> RowIndex:
        """Return the rows that the default queue served to a reviewer, (R,) int64, without repeats."""
        return np.array([row for name, row in self._cards if name == reviewer], np.int64)

    def self_agreement(self, reviewer: str) -> Share:
        """Measure how often a reviewer judged a card in the same way when it came again."""
        return agreement(*self._twice(reviewer))

    def known_answers(self, reviewer: str) -> dict[int, str]:
        """Return the rows with a known answer that a reviewer has judged, and the answers; in the order judged."""
        return {row: answer for (name, row), answer in self._known_answers.items() if name == reviewer}

    def reviewers(self) -> Reviewers:
        """Measure how far the reviewers can be relied on, by the verdicts that stand now."""
        ranked = self._judged({"static", "learnt"})
        wrong = np.array([self._is_wrong(card) for card in ranked], np.bool_)
        hidden = np.array([card.hidden for card in ranked], np.bool_)
        learnt = np.array([card.arm == "learnt" for card in ranked], np.bool_)
        return Reviewers(
            self_agreement=agreement(*self._twice()),
            second_look=agreement(*self._second()),
            anchoring=anchoring(wrong[hidden], wrong[~hidden]),
            heads=compare_heads(learnt, wrong, np.array([card.follow for card in ranked], np.float64)),
            hint=self._hint(wrong),
        )

    def hint(self) -> Hint | None:
        """Compare the latest ranked cards with the blind ones; the same as that of :meth:`reviewers`, but quicker."""
        return self._hint(np.array([self._is_wrong(card) for card in self._judged({"static", "learnt"})], np.bool_))

    def _hint(self, wrong: Mask) -> Hint | None:
        outcomes = self._verdicts.outcomes.wrong
        return hint(wrong, np.array([outcomes[row] == 1 for _, row in self._blind.settled()], np.bool_))

    def _judged(self, arms: set[str]) -> list[Card]:
        """Cards of some arms on which their reviewer's verdict stands, by its time."""
        cards = [card for card in self._cards.values() if card.arm in arms and self._code(card.reviewer, card.row)]
        return sorted(cards, key=lambda card: (self._verdicts.of(card.reviewer).at[card.row], card.reviewer, card.row))

    def _is_wrong(self, card: Card) -> bool:
        return bool(self._verdicts.of(card.reviewer).bits[card.row] & WRONG)

    def _code(self, reviewer: str, row: int) -> int:
        """Return a reviewer's verdict on a row as one number, the new label included; 0 for none and for *unsure*."""
        own = self._verdicts.of(reviewer)
        bits = int(own.bits[row])
        return 0 if bits in (0, BIT["unsure"]) or not own.at[row] else bits + 256 * int(own.to[row])

    def _code_of(self, event: Event) -> int:
        """Return the same code for the verdict of an event."""
        to = 0
        if event.verdict == "relabel":
            to = 1 + self._verdicts.items.codes.get(event.new_labels[0], -1)
        return BIT[event.verdict] + 256 * to if event.verdict and event.verdict != "unsure" else 0

    def _last_turn(self, event: Event) -> Event:
        return self._turns.get((event.reviewer, event.action), event)

    def _stands(self, event: Event) -> bool:
        """Return whether a decision is not undone."""
        return self._last_turn(event).kind != "undo"

    def _decided_before(self, repeat: Event) -> tuple[Event, ...]:
        """Return a reviewer's decisions on a card before its repeat, oldest first."""
        assert repeat.item_id is not None
        return tuple(
            event
            for event in self._verdicts.log.history(repeat.item_id)
            if (event.reviewer, event.kind, event.item_hash) == (repeat.reviewer, "decide", repeat.item_hash)
            and event.source not in ("repeat", "bulk", "import")
            and _time(event) < _time(repeat)
        )

    def _pair(self, repeat: Repeat) -> tuple[int, int]:
        """Return the codes of a repeat and of the verdict before it; 0 for one that is undone."""
        before = [event for event in repeat.before if self._stands(event)]
        second = self._code_of(repeat.event) if self._stands(repeat.event) else 0
        return self._code_of(before[-1]) if before else 0, second

    def _twice(self, reviewer: str | None = None) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Codes of both verdicts on each card that a reviewer, or anybody, has judged twice."""
        repeats = (repeat for (name, _), repeat in self._repeats.items() if reviewer in (None, name))
        return _columns([pair for repeat in repeats if all(pair := self._pair(repeat))])

    def _second(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Codes of the two first people on each blind card that several have judged blind."""
        pairs = []
        for _, row in self._blind.settled():
            people = [name for name in self._verdicts.decided_by(row) if self._code(name, row)]
            people.sort(key=lambda name: (self._verdicts.of(name).at[row], name))
            if len(people) > 1:
                pairs.append((self._code(people[0], row), self._code(people[1], row)))
        return _columns(pairs)


def _time(event: Event) -> tuple[datetime, str]:
    return event.at, event.event_id


def _columns(pairs: list[tuple[int, int]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]
