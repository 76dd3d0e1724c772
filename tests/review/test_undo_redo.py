"""Any sequence of decisions, bulks, undos, redos and restarts, against a model that is simple enough to be believed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog
from tests.review.events import decide, stands

pytestmark = pytest.mark.slow

reviewers = st.sampled_from(["ann", "bob"])
items = st.sampled_from(["1", "2", "3"])
verdicts = st.sampled_from(["keep", "exclude", "unsure"])
numbers = st.integers(0, 30)


@dataclass
class Action:
    name: str
    reviewer: str
    items: list[str]
    verdict: str
    decided: int
    undone: int | None = None


class Model:
    """Every action there was, in order; times are counted."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.clock = count(1)

    def standing(self) -> dict[tuple[str, str], str]:
        stands = [action for action in self.actions if action.undone is None]
        return {(item, action.reviewer): action.verdict for action in stands for item in action.items}

    def decide(self, name: str, reviewer: str, items: list[str], verdict: str) -> None:
        self.actions.append(Action(name, reviewer, items, verdict, next(self.clock)))

    def undo(self, reviewer: str, target: str | None) -> str | None:
        can = [one for one in self._of(reviewer, target) if one.undone is None]
        if not can:
            return None
        can[-1].undone = next(self.clock)
        return can[-1].name

    def redo(self, reviewer: str, target: str | None) -> str | None:
        can = sorted((one for one in self._of(reviewer, target) if one.undone), key=lambda one: one.undone or 0)
        if not can:
            return None
        since = any(one.decided > (can[-1].undone or 0) for one in self._of(reviewer, None))
        if target is None and since:
            return None
        can[-1].undone = None
        return can[-1].name

    def _of(self, reviewer: str, target: str | None) -> list[Action]:
        return [one for one in self.actions if one.reviewer == reviewer and target in (None, one.name)]


class Reviewing(RuleBasedStateMachine):
    """The log and the model, told the same."""

    place: Path | str

    def __init__(self) -> None:
        super().__init__()
        self.run_id, self.ids = uuid4().hex, count()
        self.log = DecisionLog(self.place, self.run_id)
        self.model = Model()
        self.written: list[Event] = []
        self.mirror: dict[tuple[Any, str], Any] = {}
        self.seen = 0

    def teardown(self) -> None:
        self.log.close()

    @rule(reviewer=reviewers, item=items, verdict=verdicts)
    def decides(self, reviewer: str, item: str, verdict: str) -> None:
        name = f"event-{next(self.ids)}"
        self._append(name, [decide(item, reviewer, verdict, event_id=name, run_id=self.run_id)])

    @rule(reviewer=reviewers, chosen=st.lists(items, min_size=1, unique=True), verdict=verdicts)
    def decides_in_bulk(self, reviewer: str, chosen: list[str], verdict: str) -> None:
        name = f"bulk-{next(self.ids)}"
        more = {"batch_id": name, "source": "bulk", "run_id": self.run_id}
        self._append(name, [decide(item, reviewer, verdict, event_id=f"{name}-{item}", **more) for item in chosen])

    @rule(reviewer=reviewers)
    def undoes(self, reviewer: str) -> None:
        self._turn("undo", reviewer, None)

    @rule(reviewer=reviewers)
    def redoes(self, reviewer: str) -> None:
        self._turn("redo", reviewer, None)

    @rule(kind=st.sampled_from(["undo", "redo"]), reviewer=reviewers, number=numbers)
    def turns_a_certain_action(self, kind: str, reviewer: str, number: int) -> None:
        if self.model.actions:
            self._turn(kind, reviewer, self.model.actions[number % len(self.model.actions)].name)

    @rule(number=numbers)
    def says_something_again(self, number: int) -> None:
        if self.written:
            event = self.written[number % len(self.written)]
            if event.kind == "decide":
                assert self.log.append([event]) == []
            else:
                assert getattr(self.log, event.kind)(event.reviewer, event.event_id) == event

    @rule()
    def restarts(self) -> None:
        self.log.close()
        self.log = DecisionLog(self.place, self.run_id)

    @rule()
    def makes_everything_again(self) -> None:
        self.log.rebuild()

    @rule()
    def catches_up(self) -> None:
        """Whoever asks for changes alone knows what stands."""
        changes = self.log.changes(self.seen)
        self.seen, rows = changes.seq, changes.item_ids
        changed = {(event.item_id, event.reviewer): event.verdict for event in self.log.standing(rows)}
        kept = {key: verdict for key, verdict in self.mirror.items() if key[0] not in rows}
        self.mirror = {**kept, **changed}
        assert self.mirror == self.model.standing()

    @rule(item=items)
    def looks_at_a_row(self, item: str) -> None:
        names = {action.name for action in self.model.actions if item in action.items}
        expected = [event.event_id for event in self.written if event.action in names and event.item_id in (item, None)]
        assert [event.event_id for event in self.log.history(item)] == expected

    @invariant()
    def the_same_stands(self) -> None:
        assert stands(self.log) == self.model.standing()

    @invariant()
    def the_same_was_done(self) -> None:
        for figures in self.log.reviewers():
            theirs = [action for action in self.model.actions if action.reviewer == figures.reviewer]
            assert figures.undone == sum(len(action.items) for action in theirs if action.undone)
            standing = (verdict for (_, whose), verdict in self.model.standing().items() if whose == figures.reviewer)
            assert figures.by_verdict == Counter(standing)
            assert figures.decided == sum(figures.by_verdict.values())

    def _append(self, name: str, events: list[Event]) -> None:
        assert self.log.append(events) == [event.event_id for event in events]
        self.model.decide(name, events[0].reviewer, [event.item_id or "" for event in events], events[0].verdict or "")
        self.written += events

    def _turn(self, kind: str, reviewer: str, target: str | None) -> None:
        event = getattr(self.log, kind)(reviewer, f"{kind}-{next(self.ids)}", target)
        assert (event and event.undoes) == getattr(self.model, kind)(reviewer, target)
        if event:
            self.written.append(event)


def test_the_log_does_what_the_model_does(place: Path | str) -> None:
    machine = type("ReviewingHere", (Reviewing,), {"place": place})
    examples = 40 if isinstance(place, Path) else 8  # a server is slower to talk to
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=30))
