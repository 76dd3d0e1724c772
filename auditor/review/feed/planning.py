"""Planning: tests of bulk changes, fixed before their first card, and the verdict of a group that has passed."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from auditor.arrays import Codes, Counts, Float32, Mask
from auditor.errors import DecisionError
from auditor.estimate.certificate import Step, plan_nested
from auditor.review.feed.certified import CertificateTest, certificate_tests, find_test
from auditor.review.log.event import Event, digest_of
from auditor.review.log.parts import MAX_PLANNED, Plan
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.wording import counted

ALPHA = 0.05
"""Probability that a change with more wrong rows than promised passes."""
LEAST_PROBABILITY = 0.5
"""Minimum consensus probability of a suggestion in a plan: below it, the models prefer other labels."""
FEWEST = 50
"""Minimum number of rows of a plan: fewer are read as quickly as tested."""


def plan_suggestions(
    verdicts: Verdicts, probability: Float32, wrong_at_most: float, me: str, *, misses_allowed: int = 2
) -> CertificateTest:
    """Plan to change the rows without a decision to their suggestions, or return the plan that is in force.

    Parameters
    ----------
    verdicts : Verdicts
    probability : (N,) float32
        Consensus probability of each row's suggestion; NaN where there is none.
    wrong_at_most : float
        Largest share of the changed rows that may be wrong.
    me : str
        Who plans it.
    misses_allowed : int
        Number of misses with which each set still passes.

    Raises
    ------
    DecisionError
        If cards of another plan have been judged: to try again until a test passes would break the promise. If too
        few rows are left.
    """
    latest = next((test for test in reversed(certificate_tests(verdicts)) if test.plan.target == "suggestions"), None)
    if latest is not None and latest.plan.wrong_at_most == wrong_at_most:
        return latest
    if latest is not None and latest.begun:
        raise DecisionError(
            f"Cards have been judged for a test with at most {100 * latest.plan.wrong_at_most:g} % wrong: a second "
            "test of the suggestions, chosen after seeing these, would not keep its promise.",
            f"Continue that one: --certify {100 * latest.plan.wrong_at_most:g}%.",
        )
    to = verdicts.items.suggested
    return _plan(verdicts, "suggestions", _candidates(verdicts, probability), to, wrong_at_most, me, misses_allowed)


def _candidates(verdicts: Verdicts, probability: Float32) -> Counts:
    """Return the rows that a plan of the suggestions may change, the most probable suggestion first."""
    chance = np.nan_to_num(probability)
    order = np.argsort(-chance, kind="stable")
    return order[(chance[order] >= LEAST_PROBABILITY) & (verdicts.items.suggested[order] >= 0)]


def preview_suggestions(verdicts: Verdicts, probability: Float32, wrong_at_most: float) -> list[Step]:
    """Return the sets and cards that :func:`plan_suggestions` would plan now; none if too few rows are left."""
    candidates = _candidates(verdicts, probability)
    rows = min(int(np.count_nonzero(_undecided(verdicts)[candidates])), MAX_PLANNED)
    return plan_nested(rows, wrong_at_most, alpha=ALPHA) if rows >= FEWEST else []


def plan_group(
    verdicts: Verdicts, rows: Mask, label: int | None, wrong_at_most: float, me: str, *, misses_allowed: int = 2
) -> CertificateTest:
    """Plan one verdict on all rows of a group, or return the plan that exists for it.

    Parameters
    ----------
    verdicts : Verdicts
    rows : (N,) bool
        The group. Rows that have a decision are left out.
    label : int or None
        Code of the label that all rows get; None keeps their given labels.
    wrong_at_most, me, misses_allowed
        See :func:`plan_suggestions`.

    Raises
    ------
    DecisionError
        If cards have been judged for another test of some of the rows, or too few rows are left.
    """
    items = verdicts.items
    to = items.given if label is None else np.full(len(items), label, np.int32)
    for test in reversed(certificate_tests(verdicts)):
        if test.plan.target != "group" or not rows[test.rows].any():
            continue
        same_verdict = bool((test.labels == to[test.rows]).all()) and test.plan.wrong_at_most == wrong_at_most
        if same_verdict and rows[test.rows].all() and not (rows & _undecided(verdicts))[~_mask(test, len(items))].any():
            return test
        if test.begun:
            raise DecisionError(
                f"{int(rows[test.rows].sum()):,} of these rows are in a group for which cards have been judged. A "
                "group is tested only once: repeating a test until it passes would not keep its promise.",
                "Choose other rows, or judge these one by one.",
            )
    return _plan(verdicts, "group", np.flatnonzero(rows), to, wrong_at_most, me, misses_allowed, nested=False)


def _mask(test: CertificateTest, size: int) -> Mask:
    mask = np.zeros(size, np.bool_)
    mask[test.rows] = True
    return mask


def _undecided(verdicts: Verdicts) -> Mask:
    return np.asarray(verdicts.bits() == 0)


def _plan(
    verdicts: Verdicts,
    target: Literal["suggestions", "group"],
    candidates: Counts,
    to: Codes,
    wrong_at_most: float,
    me: str,
    misses_allowed: int,
    *,
    nested: bool = True,
) -> CertificateTest:
    items = verdicts.items

    def make() -> Event:
        verdicts.catch_up()
        rows = candidates[_undecided(verdicts)[candidates]][:MAX_PLANNED].astype(np.int64)
        if len(rows) < FEWEST:
            raise DecisionError(
                f"{counted(len(rows), 'row')} without a decision {'is' if len(rows) == 1 else 'are'} left to change; a "
                f"certificate needs {FEWEST} or more.",
                "Judge them one by one.",
            )
        steps = plan_nested(len(rows), wrong_at_most, misses_allowed, alpha=ALPHA, nested=nested)
        read = np.cumsum([0, *(step.cards for step in steps)])
        names, codes = np.unique(to[rows], return_inverse=True)
        return Event(
            event_id=secrets.token_urlsafe(16),
            run_id=verdicts.log.run_id,
            kind="certify",
            reviewer=me,
            at=datetime.now(UTC),
            source="group" if target == "group" else "queue",
            plan=Plan(
                target=target,
                wrong_at_most=wrong_at_most,
                alpha=ALPHA,
                rows=tuple(_ids(items, rows)),
                digest=digest_of(map(items.hash_of, rows.tolist())),
                labels=tuple(items.label_names[code] for code in names.tolist()),
                to=tuple(codes.tolist()),
                sets=tuple(int(step.size + before) for step, before in zip(steps, read, strict=False)),
                cards=tuple(step.cards for step in steps),
                seed=secrets.token_hex(16),
            ),
        )

    return find_test(verdicts, verdicts.log.serve(make).event_id)


def _ids(items: Items, rows: Counts) -> list[str]:
    return [items.id_of(row) for row in rows.tolist()]


def apply_group(test: CertificateTest, verdicts: Verdicts) -> int:
    """Make the verdict of a group that has passed on its rows without a decision. Return how many were decided.

    The decisions are one bulk action, whose id is that of the plan; applying it twice decides nothing more.
    """
    found = test.certified()
    if test.plan.target != "group" or found is None:
        return 0
    items = verdicts.items

    def decisions() -> list[Event]:
        return [
            Event(
                event_id=digest_of((test.event.event_id, items.id_of(row))),
                run_id=verdicts.log.run_id,
                kind="decide",
                item_id=items.id_of(row),
                item_hash=items.hash_of(row),
                reviewer=test.event.reviewer,
                verdict="keep" if label == items.given[row] else "relabel",
                new_labels=() if label == items.given[row] else (items.label_names[label],),
                at=datetime.now(UTC),
                source="bulk",
                batch_id=test.event.event_id,
            )
            for row, label in zip(found.rows.tolist(), found.labels.tolist(), strict=True)
        ]

    if verdicts.log.items_of(test.event.event_id):
        return 0
    done = verdicts.log.append(decisions())
    verdicts.catch_up()
    return len(done)
