"""Conflicts: which rows are disputed, who sees both sides, and what settling one changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.correction.decide.corrections import corrections_of
from auditor.correction.decide.policy import Policy, in_words
from auditor.correction.export.provenance import provenance_table
from auditor.review.filter.filter import Filter
from auditor.review.filter.selection import Selection
from auditor.review.log.jsonl import export_log, import_log
from auditor.review.log.log import DecisionLog
from auditor.review.view.card import Cards
from auditor.review.view.items import Items
from auditor.review.view.progress import progress
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.reviewing import decide

SETTLES = {"adjudication": True}


def judged(verdicts: Verdicts, row: int, *said: tuple[Any, ...]) -> None:
    for name, (verdict, *labels) in zip(("ann", "bob", "cyd"), said, strict=False):
        decide(verdicts, row, name, verdict, *labels)


def others(items: Items, row: int) -> list[str]:
    return [name for name in items.label_names if name != items.label(items.given[row])]


@pytest.mark.parametrize(
    ("said", "conflict"),
    [
        ((("keep",),), False),
        ((("keep",), ("keep",)), False),
        ((("keep",), ("exclude",)), True),
        ((("keep",), ("keep",), ("exclude",)), True),  # a majority, but somebody differs
        ((("relabel", 0), ("relabel", 1)), True),
        ((("relabel", 0), ("relabel", 0)), False),
        ((("ambiguous", 0, 1), ("ambiguous", 1, 2)), False),  # two sets of fitting labels are one opinion
        ((("keep",), ("unsure",)), True),  # a tie in the export
    ],
)
def test_rows_on_which_people_differ_are_in_conflict(verdicts: Verdicts, said: Any, conflict: bool) -> None:
    names = others(verdicts.items, 0)
    judged(verdicts, 0, *((verdict, *(names[at] for at in labels)) for verdict, *labels in said))
    assert bool(verdicts.conflict[0]) == conflict
    assert Selection(verdicts.items, verdicts).mask(Filter(conflict=True)).sum() == conflict


def test_only_one_by_one_verdicts_of_different_people_conflict(verdicts: Verdicts) -> None:
    decide(verdicts, 0, "ann", "keep")
    decide(verdicts, 0, "ann", "exclude", source="repeat", arm="repeat")
    decide(verdicts, 0, "bob", "exclude", source="bulk", batch_id="all")
    assert not verdicts.conflict.any()


def test_an_adjudication_outranks_the_votes_everywhere(verdicts: Verdicts, run: Run) -> None:
    items = verdicts.items
    to = others(items, 0)[0]
    judged(verdicts, 0, ("keep",), ("keep",), ("exclude",))
    assert (verdicts.outcomes.wrong[0], verdicts.conflict[0]) == (0, True)
    action = decide(verdicts, 0, "bob", "relabel", to, note="see the guideline", **SETTLES)
    assert (verdicts.outcomes.wrong[0], verdicts.conflict[0]) == (1, False)
    assert verdicts.decided_by(0) == ["ann", "bob", "cyd"]
    found = progress(verdicts)
    assert (found["conflicts"], found["adjudicated"]) == (0, 1)
    assert {one["verdict"]: one["count"] for one in found["by_verdict"] if one["count"]} == {"relabel": 1}
    corrections = corrections_of(run, verdicts.log)
    assert corrections.verdict_of(0) == "relabel"
    assert corrections.label_names[corrections.label[0]] == to
    assert corrections.outcomes.by_row[0].reviewers == ("ann", "bob", "cyd")
    made = provenance_table(corrections)
    assert made["note"][0].as_py() == "bob: see the guideline"
    assert made["soft_label"][0].as_py() == [float(name == to) for name in corrections.label_names]
    fresh = Verdicts(items, verdicts.log)
    fresh.catch_up()
    assert fresh.outcomes.wrong[0] == 1
    verdicts.log.undo("bob", "undone", action)
    verdicts.catch_up()
    assert (verdicts.outcomes.wrong[0], verdicts.conflict[0]) == (0, True)


def test_an_adjudication_of_another_text_is_stale(verdicts: Verdicts) -> None:
    judged(verdicts, 0, ("keep",), ("exclude",))
    decide(verdicts, 0, "eva", "keep", item_hash="0" * 32, **SETTLES)
    assert verdicts.conflict[0]
    assert verdicts.stale == 1


def test_ties_are_kept_or_left_out_until_they_are_adjudicated(verdicts: Verdicts, run: Run) -> None:
    judged(verdicts, 0, ("keep",), ("exclude",))
    judged(verdicts, 1, ("keep",), ("exclude",))
    decide(verdicts, 1, "eva", "keep", **SETTLES)
    log, wanted = verdicts.log, Policy(ties="adjudicated-only")
    kept = [corrections_of(run, log, policy).kept[:2] for policy in (Policy(), wanted)]
    assert [rows.tolist() for rows in kept] == [[True, True], [False, True]]
    assert "A tie is left out until it is adjudicated." in in_words(wanted)
    assert wanted.model_dump()["ties"] == "adjudicated-only"


def test_who_adjudicates_sees_both_sides_and_nobody_else(verdicts: Verdicts) -> None:
    decide(verdicts, 0, "ann", "keep", note="because <b>")
    decide(verdicts, 0, "bob", "exclude")
    cards = Cards(verdicts.items, verdicts, open=False)
    assert "conflict" not in cards.card(0, "eva")
    assert cards.card(0, "eva")["history"] == []
    card = cards.card(0, "eva", adjudicates=True)
    sides = [(one["reviewer"], one["verdict"], one["note"]) for one in card["conflict"]]
    assert sides == [("ann", "keep", "because <b>"), ("bob", "exclude", "")]
    decide(verdicts, 0, "eva", "exclude", **SETTLES)
    card = cards.card(0, "eva", adjudicates=True)
    assert "conflict" not in card
    assert cards.card(0, "dan")["adjudicated"] is None, "not before one's own verdict"
    assert cards.card(0, "ann")["adjudicated"] == {"reviewer": "eva", "verdict": "exclude", "new_labels": []}
    brief = cards.briefs([0])[0]["verdicts"]
    assert [(one["reviewer"], one.get("adjudication", False)) for one in brief] == [
        ("ann", False),
        ("bob", False),
        ("eva", True),
    ]


def test_logs_of_two_people_who_worked_apart_merge_to_the_same_conflicts(
    run: Run, items: Items, verdicts: Verdicts, tmp_path: Path
) -> None:
    paths = [tmp_path / "ann.jsonl", tmp_path / "bob.jsonl"]
    for name, path, verdict in zip(("ann", "bob"), paths, ("keep", "exclude"), strict=True):
        log = DecisionLog(tmp_path / f"{name}.db", verdicts.log.run_id)
        for row in range(6):
            decide(Verdicts(items, log), row, name, verdict if row % 2 else "keep")
        export_log(log, path)
        log.close()
    masks = []
    for number, order in enumerate((paths, paths[::-1])):
        log = DecisionLog(tmp_path / f"merged-{number}.db", verdicts.log.run_id)
        merged = Verdicts(items, log)
        for path in order:
            import_log(log, path)
            merged.catch_up()
        masks.append(merged.conflict.copy())
        log.close()
    assert np.flatnonzero(masks[0]).tolist() == np.flatnonzero(masks[1]).tolist() == [1, 3, 5]
