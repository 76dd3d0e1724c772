"""Certified: a bulk change tested on a few of its rows, by a plan in the log that precedes the first card.

The test itself is :mod:`auditor.estimate.certificate`. A row is wrong if the people who judge it one by one, without
the suggestion in sight, give it another label than the change would.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from auditor.arrays import Codes, Counts
from auditor.errors import DecisionError
from auditor.estimate.certificate import Certificate, certify, draw_samples
from auditor.estimate.plan import SECONDS_A_CARD
from auditor.review.log.event import Event, digest_of
from auditor.review.view.opinion import label_of, leading_vote
from auditor.review.view.verdicts import Verdicts


@dataclass(frozen=True)
class Step:
    """One set of a plan, as far as its sample has been judged.

    Attributes
    ----------
    rows : int
        Rows of the set.
    size, cards : int
        Rows of the set that earlier samples do not hold, and cards to read of these.
    judged, misses : int
        Cards judged, and those with another label than the change would give.
    result : Certificate or None
        None until all cards are judged.
    passed : bool
    """

    rows: int
    size: int
    cards: int
    judged: int
    misses: int
    result: Certificate | None
    passed: bool


@dataclass(frozen=True)
class Certified:
    """Rows that a passed test allows to change.

    Attributes
    ----------
    rows : (R,) int64
        Rows of the largest set that passed, without those that have a decision.
    labels : (R,) int32
        Codes of their new labels.
    most_wrong : int
        Most rows among them that get a wrong label.
    """

    rows: Counts
    labels: Codes
    most_wrong: int


class CertificateTest:
    """The test that a plan in the log describes, by the verdicts that stand now.

    Parameters
    ----------
    verdicts : Verdicts
    event : Event
        Of kind ``certify``.

    Raises
    ------
    DecisionError
        If the rows of the plan have changed since.
    """

    def __init__(self, verdicts: Verdicts, event: Event) -> None:
        assert event.plan is not None
        self.event, self.plan, self._verdicts = event, event.plan, verdicts
        items = verdicts.items
        self.rows: Counts = items.rows_of(self.plan.rows).astype(np.int64)
        if (self.rows < 0).any() or digest_of(map(items.hash_of, self.rows.tolist())) != self.plan.digest:
            raise DecisionError(
                f"The certificate planned at {event.at:%Y-%m-%d %H:%M} UTC is about rows that have changed since.",
                "Plan another one.",
            )
        codes = np.array([items.codes.get(label, -1) for label in self.plan.labels], np.int32)
        self.labels: Codes = codes[list(self.plan.to)]
        self._cache: tuple[int, tuple[Step, ...]] | None = None

    @cached_property
    def samples(self) -> tuple[Counts, ...]:
        """Places in ``rows`` of each set's cards, in the order of reading."""
        return tuple(draw_samples(self.plan.sets, self.plan.cards, self.plan.seed))

    def steps(self) -> tuple[Step, ...]:
        """Return the sets in their order, until the first that has failed or is not completely read."""
        seq = self._verdicts.seq
        if self._cache is None or self._cache[0] != seq:
            self._cache = seq, tuple(self._steps())
        return self._cache[1]

    def _steps(self) -> list[Step]:
        plan, steps, read = self.plan, list[Step](), 0
        for rows, cards, sample in zip(plan.sets, plan.cards, self.samples, strict=True):
            wrong = self._wrong(sample)
            judged, misses = int((wrong >= 0).sum()), int((wrong == 1).sum())
            complete = judged == cards
            result = certify(rows - read, cards, misses, plan.alpha) if complete else None
            passed = result is not None and result.passes(plan.wrong_at_most)
            steps.append(Step(rows, rows - read, cards, judged, misses, result, passed))
            if not passed:
                break
            read += cards
        return steps

    def waiting(self) -> list[int]:
        """Return the rows of the set under test that await a verdict; none once the test has ended."""
        steps = self.steps()
        if steps[-1].result is not None:
            return []
        sample = self.samples[len(steps) - 1]
        return self.rows[sample[self._wrong(sample) < 0]].tolist()  # type: ignore[no-any-return]

    @property
    def ended(self) -> bool:
        """Whether no card is left to read."""
        return self.steps()[-1].result is not None

    @property
    def begun(self) -> bool:
        """Whether any of its cards has been judged."""
        return self.steps()[0].judged > 0

    @property
    def passed(self) -> Step | None:
        """The largest set that has passed; None if the first has not."""
        return next((step for step in reversed(self.steps()) if step.passed), None)

    def certified(self) -> Certified | None:
        """Return the rows to change: of the largest set that has passed and keeps the promise now.

        Verdicts made since on other rows of a set take rows out of it, and with them some of the wrong ones.
        """
        passed = [step for step in self.steps() if step.passed]
        decided = self._verdicts.bits() > 0
        for number, step in reversed(list(enumerate(passed))):
            assert step.result is not None
            read = np.zeros(len(self.rows), np.bool_)
            read[np.concatenate(self.samples[: number + 1])] = True
            rest = np.flatnonzero(~read[: step.rows])
            known_wrong = int((self._wrong(rest[decided[self.rows[rest]]]) == 1).sum())
            left = rest[~decided[self.rows[rest]] & (self.labels[rest] >= 0)]
            most = min(max(step.result.most_in_rest - known_wrong, 0), len(left))
            if len(left) and most <= self.plan.wrong_at_most * len(left) + 1e-9:
                return Certified(self.rows[left], self.labels[left], most)
        return None

    def _wrong(self, places: Counts) -> Codes:
        """Return for some places in ``rows`` whether the change would be wrong, 1 or 0; -1 without a verdict."""
        items, wrong = self._verdicts.items, np.full(len(places), -1, np.int32)
        votes = self._votes(self.rows[places].tolist())
        for number, place in enumerate(places.tolist()):
            row = int(self.rows[place])
            vote = leading_vote(votes[row])
            if vote is not None:
                label = label_of(vote, items.label_names[items.given[row]])
                wrong[number] = label != items.label(int(self.labels[place]))
        return wrong

    def _votes(self, rows: Sequence[int]) -> defaultdict[int, list[Event]]:
        items, votes = self._verdicts.items, defaultdict[int, list[Event]](list)
        row_of = {items.id_of(row): row for row in rows}
        log, ids = self._verdicts.log, list(row_of)
        for vote in (*log.standing(ids), *log.adjudications(ids)) if ids else ():
            row = row_of[vote.item_id or ""]
            if vote.item_hash == items.hash_of(row):
                votes[row].append(vote)
        return votes


def certificate_tests(verdicts: Verdicts) -> list[CertificateTest]:
    """Return the tests in the log that are about the rows as they are now, oldest first."""
    tests = []
    for event in verdicts.log.plans():
        try:
            tests.append(CertificateTest(verdicts, event))
        except DecisionError:
            continue
    return tests


def find_test(verdicts: Verdicts, plan_id: str) -> CertificateTest:
    """Return the test of a plan in the log.

    Raises
    ------
    DecisionError
        If the log has no such plan, or its rows have changed.
    """
    for event in verdicts.log.plans():
        if event.event_id == plan_id:
            return CertificateTest(verdicts, event)
    raise DecisionError(f"The decision log has no plan {plan_id!r}.", "Plan it: auditor review RUN --certify 5%.")


@dataclass(frozen=True)
class CertificateStatus:
    """State of a test.

    Attributes
    ----------
    plan : str
        Id of the plan in the decision log.
    target : {"suggestions", "group"}
    wrong_at_most, confidence : float
    sets, cards : tuple of int
        Rows of each set, and cards to read of each.
    minutes : int
        Expected minutes of reading all of these cards.
    steps : tuple of Step
        The sets in their order, until the first that has failed or is not completely read.
    ended : bool
        Whether no card is left to read.
    changes, most_wrong : int
        Rows that the test allows to change, and most wrong ones among them; 0 if no set has passed.
    """

    plan: str
    target: Literal["suggestions", "group"]
    wrong_at_most: float
    confidence: float
    sets: tuple[int, ...]
    cards: tuple[int, ...]
    minutes: int
    steps: tuple[Step, ...]
    ended: bool
    changes: int
    most_wrong: int


def status_of(test: CertificateTest) -> CertificateStatus:
    """Return the state of a test by the verdicts that stand now."""
    plan, found = test.plan, test.certified()
    return CertificateStatus(
        plan=test.event.event_id,
        target=plan.target,
        wrong_at_most=plan.wrong_at_most,
        confidence=1 - plan.alpha,
        sets=plan.sets,
        cards=plan.cards,
        minutes=max(round(sum(plan.cards) * SECONDS_A_CARD / 60), 1),
        steps=test.steps(),
        ended=test.ended,
        changes=0 if found is None else len(found.rows),
        most_wrong=0 if found is None else found.most_wrong,
    )
