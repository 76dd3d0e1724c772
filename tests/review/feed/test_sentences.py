"""The number in words, at the ends of what can happen: every sentence is true of any log."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from auditor.review.feed import sentences
from auditor.review.feed.blind import Blind
from auditor.review.feed.estimate import Estimate, Estimator
from auditor.review.view.verdicts import Verdicts
from tests.review.reviewing import decide, decision


def estimated(verdicts: Verdicts) -> Estimate:
    return Estimator(verdicts, Blind(verdicts)).estimate(np.full(len(verdicts.items), 0.1))


def drawn(verdicts: Verdicts, cards: int, verdict: str = "keep") -> list[str]:
    """Judge blind cards; the actions."""
    blind, actions = Blind(verdicts), []
    for _ in range(cards):
        row = verdicts.items.row_of(blind.draw("ann", np.full(len(verdicts.items), 0.1)).item_id or "")
        assert row is not None
        actions.append(decide(verdicts, row, "ann", verdict, arm="blind", hidden=True))
    return actions


def rest(verdicts: Verdicts, verdict: str) -> None:
    """Judge all other rows."""
    rows = np.flatnonzero(~np.isnan(verdicts.items.suspicion) & (verdicts.outcomes.wrong < 0)).tolist()
    log = verdicts.log
    log.append([decision(verdicts.items, row, "ann", verdict, run_id=log.run_id) for row in rows])
    verdicts.catch_up()


def skipped(verdicts: Verdicts) -> None:
    """Draw every card that there is, and judge none of them."""
    for _ in range(5):
        Blind(verdicts).draw("ann", np.full(len(verdicts.items), 0.1))
    rest(verdicts, "unsure")


def undone(verdicts: Verdicts) -> None:
    for number, action in enumerate(drawn(verdicts, 5, "exclude")):
        verdicts.log.undo("ann", f"undo-{number}", action)
    verdicts.catch_up()


LOGS: dict[str, tuple[Callable[[Verdicts], object], str]] = {
    "nothing is judged": (lambda _: None, "is not known"),
    "nothing is drawn": (lambda verdicts: decide(verdicts, 1, "ann", "exclude"), "is not known"),
    "all are skipped": (skipped, "is not known"),
    "all is undone": (undone, "is not known"),
    "one card": (lambda verdicts: drawn(verdicts, 1), "by 1 card drawn at random; 0 to "),
    "one wrong card": (lambda verdicts: drawn(verdicts, 1, "exclude"), "by 1 card drawn at random; 1 to "),
    "all is wrong": (
        lambda verdicts: drawn(verdicts, 60, "exclude"),
        " to 100.0 % of the 237 audited labels are wrong (95 % interval), by 60 cards",
    ),
    "nothing is wrong": (lambda verdicts: drawn(verdicts, 60), "0.0 to 8.5 % of the 237"),
    "every row is wrong": (lambda verdicts: rest(verdicts, "exclude"), "Every row is judged: 237 of 237"),
    "every row is right": (lambda verdicts: (drawn(verdicts, 2), rest(verdicts, "keep")), "judged: 0 of 237"),
}


@pytest.mark.parametrize("name", LOGS)
def test_the_number_is_true_of_any_log(verdicts: Verdicts, name: str) -> None:
    make, word = LOGS[name]
    verdicts.catch_up()
    make(verdicts)
    found = estimated(verdicts)
    number, outlook = sentences.number(found), sentences.outlook(found)
    assert word in number
    assert "nan" not in " ".join([number, outlook or "", *sentences.details(found)])
    assert "at least 0 %" not in number
    assert (outlook is None) == (found.judged == found.rows)
    if interval := re.search(r"^([\d.]+) % .*\(95 %: ([\d.]+) to ([\d.]+)\)", number):
        value, low, high = map(float, interval.groups())
        assert low <= value <= high
        assert low <= 100 * found.found / found.rows <= high or found.judged < found.rows


@pytest.mark.parametrize(("rows", "word"), [(0, "No row of this run was audited"), (1, "judged: 1 of 1 audited label")])
def test_of_one_row_and_of_none(verdicts: Verdicts, rows: int, word: str) -> None:
    suspicion = np.full(len(verdicts.items), np.nan, np.float32)
    suspicion[:rows] = 0.5
    few = Verdicts(replace(verdicts.items, suspicion=suspicion), verdicts.log)
    few.catch_up()
    if rows:
        assert "1 such card, about 1 minute" in (sentences.outlook(estimated(few)) or "")
        drawn(few, 1, "exclude")
    assert word in sentences.number(estimated(few))


def test_cards_drawn_from_other_rows_are_named(verdicts: Verdicts) -> None:
    verdicts.catch_up()
    drawn(verdicts, 3)
    suspicion = verdicts.items.suspicion.copy()
    suspicion[np.flatnonzero(verdicts.outcomes.wrong < 0)[:4]] = np.nan
    anew = Verdicts(replace(verdicts.items, suspicion=suspicion), verdicts.log)
    anew.catch_up()
    found = estimated(anew)
    assert "is not known" in sentences.number(found)
    (line,) = sentences.details(found)
    assert line.startswith("3 cards drawn at random before the rows were audited anew do not count as such")
