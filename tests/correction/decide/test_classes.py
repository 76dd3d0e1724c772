"""Classes renamed, merged and left out: what becomes of the rows, of the patch, and of what the verdicts say."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from auditor.correction.decide.classes import Classes, in_words, standing_changes
from auditor.correction.decide.corrections import Corrections, correct
from auditor.correction.decide.policy import Policy
from auditor.correction.decide.reclassify import preview, undo_change, write_change
from auditor.correction.decide.summary import summarise
from auditor.correction.export.tables import corrected_tables
from auditor.correction.patch.patch import make_patch
from auditor.errors import DecisionError, ExportError
from auditor.review.feed.estimate import Estimate, Range
from auditor.review.log.event import Event
from auditor.review.log.jsonl import export_log, import_log
from auditor.review.log.log import DecisionLog
from auditor.review.log.parts import LabelChange
from tests.correction.deciding import corrected, vote
from tests.review.events import RUN, later

NAMES = ("anger", "joy", "love")
FRAME = pd.DataFrame(
    {"text": ["so mad", "so glad", "love you", "glad too", "mine", "yours"], "label": [*NAMES, "joy", "love", "love"]}
)


def rename(label: str, to: str) -> LabelChange:
    return LabelChange(operation="rename", labels=(label,), to=to)


def merge(*labels: str, to: str) -> LabelChange:
    return LabelChange(operation="merge", labels=labels, to=to)


def delete(*labels: str) -> LabelChange:
    return LabelChange(operation="delete", labels=labels)


def changed(made: Corrections, *changes: LabelChange) -> Corrections:
    return correct(made.texts, made.outcomes, made.policy, made.suggestions, label_changes=changes)


@pytest.fixture(scope="module")
def judged() -> Corrections:
    """Row 1 is kept, row 2 relabelled joy, row 4 excluded, row 5 a proposed new class."""
    texts = corrected(FRAME).texts
    votes = [
        vote(texts, 1, "keep"),
        vote(texts, 2, "relabel", "joy"),
        vote(texts, 4, "exclude"),
        vote(texts, 5, "none_fits", "delight"),
    ]
    return corrected(texts, *votes, policy=Policy(add_classes=True))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ([], NAMES),
        ([rename("joy", "delight")], ("anger", "delight", "love")),
        ([rename("joy", "delight"), rename("joy", "bliss")], ("anger", "bliss", "love")),
        ([merge("joy", to="love"), rename("love", "affection")], ("anger", "affection", "affection")),
        ([rename("love", "affection"), merge("joy", to="love")], ("anger", "affection", "affection")),
        ([merge("joy", to="love"), merge("love", to="joy")], ("anger", "love", "love")),
        ([merge("joy", to="love"), merge("joy", to="anger")], ("anger", "anger", "anger")),
        ([merge("joy", to="love"), delete("love")], ("anger", None, None)),
        ([merge("joy", to="love"), delete("joy")], ("anger", None, "love")),
        ([rename("joy", "same"), rename("love", "same")], ("anger", "same", "same")),
        ([rename("joy", "love"), rename("love", "joy")], ("anger", "love", "joy")),
        ([rename("gone", "x"), merge("joy", to="gone"), delete("gone")], NAMES),
    ],
)
def test_the_names_of_the_classes(changes: list[LabelChange], names: tuple[str | None, ...]) -> None:
    classes = Classes(NAMES, changes)
    assert tuple(map(classes.name_of, NAMES)) == names
    assert classes.names == tuple(dict.fromkeys(name for name in names if name))


def labels_of(made: Corrections) -> list[str | None]:
    return [
        made.label_names[code] if kept else None
        for code, kept in zip(made.label.tolist(), made.kept.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        ([], ["anger", "joy", "joy", "joy", None, "delight"]),
        ([rename("joy", "bliss")], ["anger", "bliss", "bliss", "bliss", None, "delight"]),
        ([rename("joy", "delight")], ["anger", "delight", "delight", "delight", None, "delight"]),
        ([rename("anger", "joy"), rename("joy", "anger")], ["joy", "anger", "anger", "anger", None, "delight"]),
        ([merge("joy", to="love")], ["anger", "love", "love", "love", None, "delight"]),
        ([delete("joy")], ["anger", None, None, None, None, "delight"]),
    ],
)
def test_the_rows_follow_the_classes(judged: Corrections, changes: list[LabelChange], labels: list[str | None]) -> None:
    made = changed(judged, *changes)
    assert labels_of(made) == labels
    (written,) = corrected_tables(made)
    assert written.table["label"].to_pylist() == [label for label in labels if label]
    patch = {int(change.id.split("-")[-1]): (change.new, change.verdict) for change in make_patch(made)}
    given = FRAME["label"].tolist()
    assert {row: new for row, (new, _) in patch.items()} == {
        row: label for row, label in enumerate(labels) if label != given[row]
    }
    assert all(verdict in ("relabel", "none_fits", "exclude", None) for _, verdict in patch.values())
    summary = summarise(made)
    assert (summary.judged, summary.verdicts, summary.suggested) == (4, summarise(judged).verdicts, 0)
    assert summary.reclassified == sum(one != two for one, two in zip(labels, labels_of(judged), strict=True))


@pytest.mark.parametrize(
    ("changes", "given", "corrected", "changed_by_class", "excluded_by_class"),
    [
        ([], ["anger", "joy", "love", "joy", "love", "love"], ["anger", "joy", "joy", "joy", None, "delight"], 0, 0),
        (
            [rename("joy", "bliss")],
            ["anger", "bliss", "love", "bliss", "love", "love"],
            ["anger", "bliss", "bliss", "bliss", None, "delight"],
            2,
            0,
        ),
        (
            [merge("joy", to="love")],
            ["anger", "love", "love", "love", "love", "love"],
            ["anger", "love", "love", "love", None, "delight"],
            2,
            0,
        ),
        (
            [delete("joy")],
            ["anger", None, "love", None, "love", "love"],
            ["anger", None, None, None, None, "delight"],
            0,
            3,
        ),
        (
            [delete("love")],
            ["anger", "joy", None, "joy", None, None],
            ["anger", "joy", "joy", "joy", None, "delight"],
            0,
            0,
        ),
    ],
)
def test_versions_in_the_same_classes_differ_by_verdicts_alone(
    judged: Corrections,
    changes: list[LabelChange],
    given: list[str | None],
    corrected: list[str | None],
    changed_by_class: int,
    excluded_by_class: int,
) -> None:
    made = changed(judged, *changes)
    labels = made.comparable
    names = [*labels.label_names, None]
    assert [names[code] for code in labels.given.tolist()] == given
    assert [names[code] for code in labels.corrected.tolist()] == corrected
    assert not {"joy", "love"} & set(labels.label_names) & {label for change in changes for label in change.labels}
    summary = summarise(made)
    assert (summary.changed_by_class, summary.excluded_by_class) == (changed_by_class, excluded_by_class)
    by_verdict = [pair for pair in zip(given, corrected, strict=True) if pair[0] != pair[1] and pair[1]]
    assert sum(rows for *_, rows in summary.confusions) == len(by_verdict)
    assert summary.changed == len(by_verdict) + changed_by_class
    by_class = [change for change in make_patch(made) if change.verdict is None]
    assert len(by_class) == changed_by_class + excluded_by_class


def test_the_share_of_wrong_labels_stays_as_it_was(judged: Corrections) -> None:
    suggestions = replace(judged.suggestions, suspicion=np.full(6, 0.5, np.float32))
    about = cast(Any, type("Found", (), {"left": Range(1, 0, 2), "drifted": False}))
    before = replace(judged, suggestions=suggestions, estimate=cast(Estimate, about))
    assert before.left_wrong == Range(1 / 5, 0, 2 / 5)
    for change in (rename("joy", "bliss"), merge("joy", to="love"), delete("joy", "anger")):
        after = replace(changed(replace(before, estimate=None), change), estimate=before.estimate)
        assert after.left_wrong == before.left_wrong
        assert after.only(np.ones(6, bool)).left_wrong is None


def test_a_name_that_the_column_cannot_hold_is_refused() -> None:
    made = corrected(FRAME.assign(label=[0, 1, 2, 1, 2, 2]))
    with pytest.raises(ExportError, match="'bliss' does not fit") as refused:
        preview(made, rename("1", "bliss"))
    assert "auditor labels RUN undo" in refused.value.todo
    assert preview(made, rename("1", "7")).rows == 2


def test_a_preview_counts_the_rows(judged: Corrections) -> None:
    found = preview(judged, merge("joy", to="love"))
    assert (found.rows, found.left_out, found.changes) == (3, 0, [("joy", "love", 3)])
    now = changed(judged, rename("joy", "bliss"))
    found = preview(now, delete("joy", "anger"))
    assert (found.rows, found.left_out) == (4, 4)
    assert found.changes == [("bliss", None, 3), ("anger", None, 1)]


def test_a_change_is_made_from_the_names_of_now() -> None:
    classes = Classes(NAMES, [rename("joy", "bliss"), merge("anger", to="love")])
    assert classes.change("rename", ["bliss"], "joy") == rename("joy", "joy")
    assert classes.change("merge", ["bliss", "love"], "love") == merge("joy", to="love")
    assert classes.change("delete", ["love"]) == delete("love")
    wrong: list[tuple[Any, list[str], str | None, str]] = [
        ("rename", ["joy"], "x", "no class 'joy'"),
        ("rename", ["bliss"], "love", "already a class 'love'"),
        ("rename", ["bliss"], " x", "cannot be the name"),
        ("rename", ["bliss"], "x" * 201, "cannot be the name"),
        ("rename", ["bliss"], None, "rename lacks the class that these become"),
        ("merge", ["bliss"], "anger", "no class 'anger'"),
        ("merge", ["bliss"], "bliss", "no class to merge"),
        ("merge", ["bliss"], None, "merge lacks the class that these become"),
        ("delete", ["bliss", "love"], None, "No class would be left"),
        ("delete", ["love"], "bliss", "Rows of a deleted class are left out and do not become 'bliss'"),
    ]
    for operation, names, to, message in wrong:
        with pytest.raises(DecisionError, match=message):
            classes.change(operation, names, to)
    words = in_words(NAMES, [rename("joy", "bliss"), merge("joy", to="love"), delete("anger")])
    assert words == ["joy renamed bliss", "bliss merged into love", "anger left out"]


def test_changes_are_undone_as_one_and_merged_logs_agree(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "ann.db", RUN)
    write_change(log, rename("joy", "bliss"), "ann", "c1")
    write_change(log, merge("joy", to="love"), "ann", "c2")
    assert log.undo("ann", "u") is None  # the key for undo takes back decisions alone
    assert undo_change(log, "bob", "u2") == merge("joy", to="love")
    assert [event.event_id for event in standing_changes(log)] == ["c1"]
    assert undo_change(log, "bob", "u3") == rename("joy", "bliss")
    with pytest.raises(DecisionError, match="No change"):
        undo_change(log, "bob", "u4")
    assert [event.kind for event in log.all_events()] == ["labels", "labels", "undo", "undo"]
    assert not log.changes(0).item_ids
    export_log(log, tmp_path / "a.jsonl")
    log.close()
    other = DecisionLog(tmp_path / "eve.db", RUN)
    about = {"run_id": RUN, "reviewer": "eve", "source": "bulk"}
    redo = {"event_id": "r", "kind": "redo", "undoes": "c2", "at": later(10**9)}
    drop = {"event_id": "d", "kind": "labels", "labels": delete("anger"), "at": later(0)}
    other.append([Event.model_validate(about | one) for one in (redo, drop)], stamp=False)
    export_log(other, tmp_path / "b.jsonl")
    other.close()
    found = set()
    for number, order in enumerate(permutations(["a", "b"])):
        merged = DecisionLog(tmp_path / f"{number}.db", RUN)
        for name in order:
            for line in (tmp_path / f"{name}.jsonl").read_text().splitlines():
                (tmp_path / "one.jsonl").write_text(line)
                if '"redo"' not in line:
                    import_log(merged, tmp_path / "one.jsonl")
                else:
                    merged.append([Event.model_validate(about | redo)], stamp=False)
        found.add(tuple(event.event_id for event in standing_changes(merged)))
        merged.close()
    assert found == {("d", "c2")}
