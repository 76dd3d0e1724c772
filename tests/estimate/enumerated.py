"""Every way in which a small audit can go, with its probability.

A scenario is a list of actions on two logs. What an action does may depend on all verdicts so far, as an order that
learns does; only the blind draws are left to chance, and all their outcomes are followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from auditor.estimate.stream import PENDING, Draw, Draws, Stays, choose_q, count_pools

NEVER = 10**6


@dataclass(frozen=True)
class Log:
    """What one log knows: the rows it takes as judged, their stays, and the draws it has made."""

    judged: frozenset[int] = frozenset()
    stays: tuple[tuple[int, int, int], ...] = ()
    draws: tuple[tuple[int, str, int, float, int, int], ...] = ()  # at, id, place, q, row, pool
    length: int = 0

    def judge(self, row: int) -> Log:
        if row in self.judged:
            return self
        stay = (row, self.length, NEVER)
        return replace(self, judged=self.judged | {row}, stays=(*self.stays, stay), length=self.length + 1)

    def undo(self, row: int) -> Log:
        stays = tuple((r, e, self.length if r == row and left == NEVER else left) for r, e, left in self.stays)
        return replace(self, judged=self.judged - {row}, stays=stays, length=self.length + 1)


@dataclass(frozen=True)
class Audit:
    """The state of an audit of rows with a fixed outcome each."""

    outcome: tuple[int, ...]
    logs: tuple[Log, Log]
    clock: int = 0
    probability: float = 1.0

    @property
    def judged(self) -> frozenset[int]:
        return self.logs[0].judged | self.logs[1].judged

    @property
    def total(self) -> int:
        return sum(self.outcome)

    def standing(self) -> np.ndarray:
        """Outcomes that stand in both logs together."""
        return np.array([e if row in self.judged else PENDING for row, e in enumerate(self.outcome)], np.int8)

    def draws(self, only_blind: bool = False) -> Draws:
        """All draws, each with the pool of its own log and the standing outcomes."""
        standing, found = self.standing(), []
        if only_blind:
            drawn = [draw[4] for log in self.logs for draw in log.draws]
            standing[~np.isin(np.arange(len(standing)), drawn)] = PENDING
        for log in self.logs:
            stays = Stays(*np.array(log.stays, np.int64).reshape(-1, 3).T)
            places = np.array([draw[2] for draw in log.draws], np.int64)
            for draw, errors, unknown, judged in zip(log.draws, *count_pools(stays, places, standing), strict=True):
                at, name, _, q, row, pool = draw
                assert pool == len(self.outcome) - judged
                error = None if standing[row] == PENDING else bool(standing[row])
                found.append(Draw(at, name, int(errors), int(unknown), pool, q, error))
        return Draws.of(found)

    def settled(self) -> Audit:
        """The same audit after everybody has judged every row."""
        logs = self.logs
        for row in range(len(self.outcome)):
            logs = (logs[0].judge(row), logs[1].judge(row))
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
    drawn = [draw[4] for draw in log.draws]

    def having(changed: Log, probability: float = 1.0) -> Audit:
        logs = (changed, audit.logs[1]) if which == 0 else (audit.logs[0], changed)
        return replace(audit, logs=logs, clock=audit.clock + 1, probability=audit.probability * probability)

    if what == "rank" and unjudged:
        return [having(log.judge(unjudged[(number + known) % len(unjudged)]))]
    if what == "undo" and log.judged:
        judged = sorted(log.judged)
        return [having(log.undo(judged[(number + known) % len(judged)]))]
    if what == "resolve" and (waiting := [row for row in drawn if row not in log.judged]):
        return [having(log.judge(waiting[(number + known) % len(waiting)]))]
    if what == "merge":
        merged = [log, log]
        for one in (0, 1):
            for row in sorted(audit.judged):
                merged[one] = (audit.logs[one] if merged[one] is log else merged[one]).judge(row)
            merged[one] = merged[one] if audit.judged else audit.logs[one]
        return [replace(audit, logs=(merged[0], merged[1]), clock=audit.clock + 1)]
    if what in {"blind", "skip"} and unjudged:
        known_draws = [row for row in drawn if row in log.judged]
        mean = (1 + (number + known) % 9) / 10
        q = float(choose_q(mean, 0.3 * len(known_draws), sum(audit.outcome[row] for row in known_draws)))
        after = []
        for row in unjudged:
            draw = (audit.clock, f"{which}-{audit.clock}", log.length, q, row, len(unjudged))
            served = replace(log, draws=(*log.draws, draw), length=log.length + 1)
            after.append(having(served if what == "skip" else served.judge(row), 1 / len(unjudged)))
        return after
    return [audit]
