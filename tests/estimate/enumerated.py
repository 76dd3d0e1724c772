"""Every way in which a small audit can go, with its probability.

A scenario is a list of actions on two logs. What an action does may depend on all verdicts so far, as an order that
learns does; only the blind draws are left to chance, and all their outcomes are followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from auditor.estimate.stream import PENDING, Change, Draw, Draws, choose_q, count_pools


@dataclass(frozen=True)
class Served:
    """One draw: what its pool left out, and the draw that it follows in the log."""

    at: int
    name: str
    follows: str | None
    left_out: frozenset[int]
    q: float
    row: int


@dataclass(frozen=True)
class Log:
    """What one log knows: verdicts as (row, id), those undone, and draws; its own and those merged into it."""

    verdicts: frozenset[tuple[int, str]] = frozenset()
    undone: frozenset[tuple[int, str]] = frozenset()
    draws: tuple[Served, ...] = ()

    @property
    def judged(self) -> frozenset[int]:
        return frozenset(row for row, _ in self.verdicts - self.undone)

    def judge(self, row: int, name: str) -> Log:
        return replace(self, verdicts=self.verdicts | {(row, name)})

    def undo(self, row: int) -> Log:
        return replace(self, undone=self.undone | {verdict for verdict in self.verdicts if verdict[0] == row})

    def merged(self, other: Log) -> Log:
        draws = tuple({draw.name: draw for draw in (*self.draws, *other.draws)}.values())
        return Log(self.verdicts | other.verdicts, self.undone | other.undone, draws)


@dataclass(frozen=True)
class Audit:
    """The state of an audit of rows with a fixed outcome each."""

    outcome: tuple[int, ...]
    logs: tuple[Log, Log]
    clock: int = 0
    probability: float = 1.0

    @property
    def merged(self) -> Log:
        return self.logs[0].merged(self.logs[1])

    @property
    def total(self) -> int:
        return sum(self.outcome)

    def standing(self) -> np.ndarray:
        """Outcomes that stand in both logs together."""
        judged = self.merged.judged
        return np.array([e if row in judged else PENDING for row, e in enumerate(self.outcome)], np.int8)

    def draws(self, only_blind: bool = False) -> Draws:
        """All draws, each with the pool that it had, and the standing outcomes."""
        standing, served = self.standing(), sorted(self.merged.draws, key=lambda draw: draw.at)
        if only_blind:
            standing[~np.isin(np.arange(len(standing)), [draw.row for draw in served])] = PENDING
        of = {draw.name: draw for draw in served}
        places = {name: place for place, name in enumerate(of)}
        changes = []
        for draw in served:
            before = of[draw.follows].left_out if draw.follows else frozenset[int]()
            judged, reopened = (
                np.array(sorted(rows), np.int64) for rows in (draw.left_out - before, before - draw.left_out)
            )
            changes.append(Change(places[draw.follows] if draw.follows else -1, judged, reopened))
        counts = count_pools(changes, standing, np.ones(len(standing), np.bool_))
        found = []
        for draw, errors, unknown, judged in zip(served, *counts, strict=True):
            assert judged == len(draw.left_out)
            error = None if standing[draw.row] == PENDING else bool(standing[draw.row])
            pool = len(standing) - int(judged)
            found.append(Draw(draw.at, draw.name, int(errors), int(unknown), pool, draw.q, error))
        return Draws.of(found)

    def settled(self) -> Audit:
        """The same audit after everybody has judged every row."""
        logs = self.logs
        for row in range(len(self.outcome)):
            logs = (logs[0].judge(row, "at last"), logs[1].judge(row, "at last"))
        return replace(self, logs=logs)


Action = tuple[str, int, int]
"""What, in which log, and a number that chooses the row."""


def begin(outcome: tuple[int, ...]) -> Audit:
    return Audit(outcome, (Log(), Log()))


def follow(audit: Audit, actions: list[Action]) -> Iterator[Audit]:
    """All states that the actions can lead to, those on the way included."""
    yield audit
    if not actions:
        return
    (what, which, number), rest = actions[0], actions[1:]
    for after in act(audit, what, which, number):
        yield from follow(after, rest)


def paths(audit: Audit, actions: list[Action]) -> Iterator[list[Audit]]:
    """All ways through the actions, each as the states on it."""
    if not actions:
        yield [audit]
        return
    (what, which, number), rest = actions[0], actions[1:]
    for after in act(audit, what, which, number):
        for path in paths(after, rest):
            yield [audit, *path]


def act(audit: Audit, what: str, which: int, number: int) -> list[Audit]:
    log = audit.logs[which]
    unjudged = sorted(set(range(len(audit.outcome))) - log.judged)
    # What is done depends on the verdicts so far: as adaptive as an order can be.
    known = sum((row + 1) * (1 + audit.outcome[row]) for row in log.judged)
    drawn, name = [draw.row for draw in log.draws], f"{which}-{audit.clock}"

    def having(changed: Log, probability: float = 1.0) -> Audit:
        logs = (changed, audit.logs[1]) if which == 0 else (audit.logs[0], changed)
        return replace(audit, logs=logs, clock=audit.clock + 1, probability=audit.probability * probability)

    if what == "rank" and unjudged:
        return [having(log.judge(unjudged[(number + known) % len(unjudged)], name))]
    if what == "undo" and log.judged:
        judged = sorted(log.judged)
        return [having(log.undo(judged[(number + known) % len(judged)]))]
    if what == "resolve" and (waiting := [row for row in drawn if row not in log.judged]):
        return [having(log.judge(waiting[(number + known) % len(waiting)], name))]
    if what == "merge":
        return [replace(audit, logs=(audit.merged, audit.merged), clock=audit.clock + 1)]
    if what in {"blind", "skip"} and unjudged:
        known_draws = [row for row in drawn if row in log.judged]
        mean = (1 + (number + known) % 9) / 10
        q = float(choose_q(mean, 0.3 * len(known_draws), sum(audit.outcome[row] for row in known_draws)))
        after = []
        for row in unjudged:
            follows = log.draws[-1].name if log.draws else None
            draw = Served(audit.clock, name, follows, log.judged, q, row)
            served = replace(log, draws=(*log.draws, draw))
            after.append(having(served if what == "skip" else served.judge(row, name), 1 / len(unjudged)))
        return after
    return [audit]
