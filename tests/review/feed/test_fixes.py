"""The order by fixes a minute: likely errors that one other label clearly fits, in short texts, come first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.review.feed.fixes import Fixes
from auditor.review.feed.learner import Learner, Learnt
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.reviewing import decide


@pytest.fixture
def learnt(run: Run, verdicts: Verdicts) -> Learnt:
    """What is learnt from nothing, with the same P(error) everywhere."""
    found = Learner.of(run, verdicts.items, verdicts).learnt
    return replace(found, error=np.full(len(verdicts.items), 0.1))


def test_before_any_verdict_the_suggestions_share_and_the_length_decide(verdicts: Verdicts, learnt: Learnt) -> None:
    items = verdicts.items
    rates = Fixes(verdicts).rates(learnt)
    rows = np.flatnonzero(items.suggested >= 0)
    chances = items.probabilities("consensus")[rows].astype(np.float64)
    at = np.arange(len(rows))
    share = chances[at, items.suggested[rows]] / (1 - chances[at, items.given[rows]])
    seconds = 4 + 0.03 * np.array([len(items.text_of(int(row))) for row in rows])
    assert rates[rows] == pytest.approx(0.1 * share / (seconds / 60), rel=0.02)
    assert (rates[items.suggested < 0] == 0).all()


def test_the_order_has_every_row_once_and_follows_the_verdicts(verdicts: Verdicts, learnt: Learnt) -> None:
    fixes, items = Fixes(verdicts), verdicts.items
    order, before = fixes.order(learnt), fixes.rates(learnt)
    assert sorted(order.tolist()) == list(range(len(items)))
    assert (np.diff(before[order]) <= 0).all()
    assert fixes.order(learnt) is order
    for row in range(30):  # whatever is wrong has no one label that fits, and each card takes a minute
        decide(verdicts, row, "ann", "none_fits", seconds=60.0)
        decide(verdicts, row, "bob", "exclude", source="bulk", batch_id="all")
    assert fixes.order(learnt) is order  # until the learnt order is made again
    assert fixes.rates(learnt).max() < before.max() / 5


@pytest.mark.parametrize("verdict", ["keep", "ambiguous", "unsure"])
def test_what_upholds_the_label_says_nothing_of_a_clear_fit(verdicts: Verdicts, learnt: Learnt, verdict: str) -> None:
    fixes = Fixes(verdicts)
    before = fixes.rates(learnt)
    labels = verdicts.items.label_names[:2] if verdict == "ambiguous" else ()
    for row in range(20):
        decide(verdicts, row, "ann", verdict, *labels)
    assert fixes.rates(learnt) == pytest.approx(before)
