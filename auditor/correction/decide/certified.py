"""Certified: bulk changes whose share of wrong rows a test in the log bounds, and what the export records of it."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import Literal

import numpy as np

from auditor.arrays import Codes, Counts
from auditor.correction.decide.outcome import Outcomes
from auditor.correction.decide.policy import Policy
from auditor.errors import ExportError
from auditor.review.feed.certified import CertificateTest, Certified, certificate_tests
from auditor.review.feed.replay import replay_draws
from auditor.review.log.log import DecisionLog
from auditor.run import Run
from auditor.wording import counted


@dataclass(frozen=True)
class CertificateRecord:
    """Outcome of a test, for the record of an export, its patch and the dataset card.

    Attributes
    ----------
    plan : str
        Id of the plan in the decision log.
    planned_at : str
        Time at which the plan was fixed, ISO 8601 in UTC.
    target : {"suggestions", "group"}
    wrong_at_most : float
        Share of the changed rows that may be wrong.
    confidence : float
        Probability that the promise holds.
    rows, cards, misses : int
        Rows of the set that passed, cards read of it, and those that the change would have got wrong.
    changed : int
        Rows that the certificate covers: no person has judged them.
    most_wrong : int
        Most rows among these that are wrong.
    holds : bool
        False if verdicts on its cards have changed since, so that the test fails now.
    """

    plan: str
    planned_at: str
    target: Literal["suggestions", "group"]
    wrong_at_most: float
    confidence: float
    rows: int
    cards: int
    misses: int
    changed: int
    most_wrong: int
    holds: bool

    @property
    def sentence(self) -> str:
        """The certificate in words."""
        what = "got the suggested label" if self.target == "suggestions" else "share one verdict, made on the group,"
        changed = counted(self.changed, "row")
        them, are = "it" if self.changed == 1 else "them", "is" if self.most_wrong == 1 else "are"
        if not self.holds:
            return (
                f"{changed} {what} without a person reading {them}; the certificate does not hold any more, because "
                "verdicts on its cards have changed."
            )
        return (
            f"{changed} {what} without a person reading {them}; at most {self.most_wrong:,} of them {are} wrong "
            f"({100 * self.confidence:g} % confidence), by {self.cards:,} cards drawn at random beforehand, "
            f"{self.misses:,} of them wrong."
        )


@dataclass(frozen=True)
class CertifiedRows:
    """Rows that a certificate covers.

    Attributes
    ----------
    rows : (R,) int64
    labels : (R,) int32
        Codes of the labels that they get.
    record : CertificateRecord
    """

    rows: Counts
    labels: Codes
    record: CertificateRecord


def certified_rows(run: Run, log: DecisionLog, policy: Policy) -> tuple[CertifiedRows, ...]:
    """Return the rows that certificates in the log cover, for the suggestions if the policy takes them.

    Raises
    ------
    ExportError
        If the policy takes suggestions that no test has certified.
    """
    wanted = policy.unreviewed == "suggest"
    if not log.plans():
        if wanted:
            raise _not_certified(run, policy, "Nothing is planned yet.")
        return ()
    tests = certificate_tests(replay_draws(run, log).verdicts)
    return (*_of_groups(tests, log), *([_of_suggestions(run, tests, policy)] if wanted else []))


def _of_suggestions(run: Run, tests: list[CertificateTest], policy: Policy) -> CertifiedRows:
    test = next((test for test in reversed(tests) if test.plan.target == "suggestions"), None)
    if test is None:
        raise _not_certified(run, policy, "Nothing is planned yet.")
    promise = test.plan.wrong_at_most
    if policy.wrong_at_most is None or promise > policy.wrong_at_most:
        raise _not_certified(run, policy, f"The test in the log promises at most {100 * promise:g} % wrong.")
    found = test.certified()
    if found is None:
        step = test.steps()[-1]
        state = (
            f"Its first set failed: {step.misses:,} of {step.cards:,} cards are wrong."
            if step.result
            else f"{step.judged:,} of {step.cards:,} cards of its first set are judged."
        )
        raise _not_certified(run, policy, state, ended=test.ended)
    return CertifiedRows(found.rows, found.labels, _record(test, found, holds=True))


def _not_certified(run: Run, policy: Policy, state: str, *, ended: bool = False) -> ExportError:
    limit = f"{100 * policy.wrong_at_most:g}%" if policy.wrong_at_most else "5%"
    return ExportError(
        f"No certificate allows taking the models' suggestions. {state}",
        "Export without them: --unreviewed keep."
        if ended
        else f"Read its cards: auditor review {quote(str(run.directory))} --certify {limit}.",
    )


def _of_groups(tests: list[CertificateTest], log: DecisionLog) -> list[CertifiedRows]:
    found = []
    for test in tests:
        decided = set(log.items_of(test.event.event_id)) if test.plan.target == "group" else set()
        if not decided:
            continue
        mine = np.array([item_id in decided for item_id in test.plan.rows], np.bool_)
        step = test.passed
        most = step.result.most_in_rest if step and step.result else int(mine.sum())
        covered = Certified(test.rows[mine], test.labels[mine], most)
        found.append(CertifiedRows(covered.rows, covered.labels, _record(test, covered, holds=step is not None)))
    return found


def _record(test: CertificateTest, found: Certified, *, holds: bool) -> CertificateRecord:
    step = test.passed or test.steps()[-1]
    return CertificateRecord(
        plan=test.event.event_id,
        planned_at=test.event.at.isoformat(timespec="seconds"),
        target=test.plan.target,
        wrong_at_most=test.plan.wrong_at_most,
        confidence=1 - test.plan.alpha,
        rows=step.rows,
        cards=step.cards,
        misses=step.misses,
        changed=len(found.rows),
        most_wrong=found.most_wrong,
        holds=holds,
    )


def still_in_bulk(certified: CertifiedRows, outcomes: Outcomes) -> Counts:
    """Return the rows of a group that still have its verdict, and no one-by-one verdict that outranks it."""
    kept = [
        row
        for row in certified.rows.tolist()
        if (outcome := outcomes.by_row.get(row))
        and not outcome.judged_singly
        and any(vote.batch_id == certified.record.plan for vote in outcome.votes)
    ]
    return np.array(kept, np.int64)
