"""The share of wrong labels that is left after correcting: told where nothing was changed unseen, else not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor import Audit, Policy
from auditor.correction.decide.corrections import Corrections
from auditor.correction.push.card import render_section
from auditor.correction.push.facts import gather
from auditor.review.feed.blind import Blind
from auditor.review.log.log import DecisionLog, run_id
from auditor.review.log.opening import opened_log
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from tests.review.reviewing import decide
from tests.review.runs import write_run


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """A run of which 60 cards drawn at random were judged, and ten others in bulk."""
    run = write_run(tmp_path_factory.mktemp("judged") / "diary")
    items = Items.of(run)
    log = DecisionLog(run.decisions, run_id(run))
    verdicts = Verdicts(items, log)
    blind = Blind(verdicts)
    for number in range(60):
        row = items.row_of(blind.draw("ann", np.full(len(items), 0.1)).item_id or "")
        assert row is not None
        other = items.label_names[int(items.given[row]) - 1]
        decide(verdicts, row, "ann", *(("relabel", other) if number % 10 == 0 else ("keep",)))
    log.close()
    return Audit(run)


def test_it_is_what_is_left_of_the_rows_that_are_written(audit: Audit) -> None:
    found = audit.corrections()
    assert found.estimate == audit.estimate()
    assert found.estimate is not None
    assert found.estimate.left is not None
    after = found.left_wrong
    assert after is not None
    assert after.high == found.estimate.left.high / found.estimate.rows


@pytest.mark.parametrize(
    "policy",
    [
        Policy(unreviewed="suggest-above", above=0.0),
        Policy(changed_only=True),
        Policy(unreviewed="drop"),
        Policy(verdicts=("keep",)),
    ],
)
def test_what_was_changed_unseen_or_left_out_has_no_number(audit: Audit, policy: Policy) -> None:
    found = audit.corrections(policy)
    assert found.estimate is not None
    assert found.left_wrong is None
    assert audit.corrections(filter="given=" + found.texts.label_names[0]).left_wrong is None


@pytest.mark.parametrize("leave_out", [(), ("exclude", "none_fits")])
def test_what_was_judged_wrong_and_stands_is_still_wrong(tmp_path: Path, leave_out: tuple[Any, ...]) -> None:
    run = write_run(tmp_path / "diary")
    items = Items.of(run)
    with opened_log(run) as log:
        verdicts = Verdicts(items, log)
        blind = Blind(verdicts)
        for number in range(40):
            row = items.row_of(blind.draw("ann", np.full(len(items), 0.1)).item_id or "")
            assert row is not None
            decide(verdicts, row, "ann", "exclude" if number < 5 else "keep")
    found = Audit(run).corrections(Policy(leave_out=leave_out))
    assert found.estimate is not None
    assert found.estimate.left is not None
    assert found.left_wrong is not None
    stand = 0 if leave_out else 5
    written = found.estimate.rows - (5 if leave_out else 0)
    assert found.left_wrong.low == (found.estimate.left.low + stand) / written
    assert Audit(run).corrections(Policy(reviewers=("ann",))).left_wrong is None


@pytest.mark.parametrize(
    ("policy", "stand", "left_out"),
    [
        (Policy(), 3, 2),  # the tie that began with relabel stands, and so do both that lost to ambiguous
        (Policy(leave_out=("exclude", "none_fits", "ambiguous")), 1, 6),
        (Policy(leave_out=()), 5, 0),
        (Policy(ties="adjudicated-only"), 2, 4),
    ],
)
def test_only_wrong_rows_that_were_fixed_are_fixed(tmp_path: Path, policy: Policy, stand: int, left_out: int) -> None:
    run = write_run(tmp_path / "diary")
    items = Items.of(run)
    with opened_log(run) as log:
        verdicts = Verdicts(items, log)
        blind = Blind(verdicts)
        rows = [items.row_of(blind.draw("ann", np.full(len(items), 0.1)).item_id or "") for _ in range(30)]
        judged = list(dict.fromkeys(row for row in rows if row is not None))
        others = {
            row: [name for name in items.label_names if name != items.label_names[items.given[row]]] for row in judged
        }
        votes: list[list[tuple[str, ...]]] = [
            *([[("exclude",)]] * 2),
            *([[("ambiguous", "0", "1")]] * 2),
            [("relabel", "0"), ("keep",)],
            [("keep",), ("relabel", "0")],
            *([[("relabel", "0"), ("relabel", "1"), ("ambiguous", "0", "1"), ("ambiguous", "0", "1")]] * 2),
            [("relabel", "0")],
        ]
        for row, opinions in zip(judged, [*votes, *([[("keep",)]] * len(judged))], strict=False):
            for name, (verdict, *labels) in zip(("ann", "bob", "cid", "dan"), opinions, strict=False):
                decide(verdicts, row, name, verdict, *(others[row][int(label)] for label in labels))
    found = Audit(run).corrections(policy)
    assert found.estimate is not None
    assert found.estimate.left is not None
    assert found.left_wrong is not None
    assert found.estimate.found == sum(outcome.is_wrong for outcome in found.outcomes.by_row.values())
    assert found.left_wrong.low == (found.estimate.left.low + stand) / (found.estimate.rows - left_out)


def test_record_and_card_say_so(audit: Audit, tmp_path: Path) -> None:
    exported = audit.export(tmp_path / "clean.csv")
    record = json.loads(exported.record.read_text("utf-8"))["estimate"]
    assert record["random_cards"] == 60
    assert 0 < record["wrong_before"]["low"] < 0.1 < record["wrong_before"]["high"]
    assert record["wrong_after"]["high"] < record["wrong_before"]["high"]

    def card(corrections: Corrections) -> str:
        return render_section("ann/diary", "corrected", gather(audit.run, corrections), {}, original=None)

    assert (
        "audited labels were wrong (95 % interval), estimated from 60 rows drawn at random and judged one by one; "
        in card(audit.corrections())
    )
    assert "; after the corrections, " in card(audit.corrections())
    unseen = audit.corrections(Policy(unreviewed="suggest-above", above=0.0))
    assert "; after the corrections, " not in card(unseen)


def test_record_and_card_give_an_interval_alone_where_nothing_else_is_supported(tmp_path: Path) -> None:
    run = write_run(tmp_path / "diary")
    items = Items.of(run)
    with opened_log(run) as log:
        verdicts = Verdicts(items, log)
        blind = Blind(verdicts)
        for _ in range(5):
            decide(
                verdicts, items.row_of(blind.draw("ann", np.full(len(items), 0.1)).item_id or "") or 0, "ann", "keep"
            )
    audit = Audit(run)
    record = json.loads(audit.export(tmp_path / "clean.csv").record.read_text("utf-8"))["estimate"]
    assert (record["wrong_before"]["value"], record["wrong_after"]["value"]) == (None, None)
    assert record["wrong_before"]["low"] == 0 < record["wrong_before"]["high"]
    card = render_section("ann/diary", "corrected", gather(run, audit.corrections()), {}, original=None)
    before, after = re.findall(r"0\.0 to [\d.]+ %", card)
    assert f"{before} of the 237 audited labels were wrong (95 % interval), estimated from 5 rows" in card
    assert f"; after the corrections, {after} are." in card
