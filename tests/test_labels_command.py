"""`auditor labels`: classes renamed, merged and left out, previewed first and undone as one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.api import Audit
from tests.review.runs import write_run

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "diary", rows=60, models=("lexical",)).directory


def test_a_class_is_merged_exported_and_brought_back(run: Path, invoke: Invoke, tmp_path: Path) -> None:
    before = invoke("labels", run)[1]
    given = Audit(run).corrections().texts
    rows = sum(given.label_names[code] == "love" for code in given.labels.tolist())
    merge = ("labels", run, "merge", "love", "--to", "joy")
    code, out, _ = invoke(*merge)
    assert (code, out.splitlines()) == (
        0,
        [f"love → joy: {rows} rows.", f"{rows} rows affected. Nothing is written: add --yes."],
    )
    assert invoke("labels", run)[1] == before
    code, out, _ = invoke(*merge, "--yes", "--by", "ann")
    assert "Written to the log" in out
    assert "love merged into joy." in invoke("labels", run)[1]
    code, out, _ = invoke("export", run, "--to", tmp_path / "clean.csv")
    assert code == 0
    assert f"Classes: love merged into joy. These are not verdicts: they alone changed {rows} labels" in out
    assert "Changes:" not in out
    record = json.loads(next(tmp_path.glob("clean*.json")).read_text())
    assert record["summary"]["class_changes"] == ["love merged into joy"]
    assert record["summary"]["changed_by_class"] == record["summary"]["changed"] == rows
    assert record["summary"]["confusions"] == []
    code, out, _ = invoke("patch", run, "--to", tmp_path / "patch.jsonl")
    assert (tmp_path / "patch.jsonl").read_text().count('"new":"joy"') == rows
    assert invoke("labels", run, "undo")[1].startswith("The latest change would be undone.")
    assert invoke("labels", run, "undo", "--yes", "--by", "bob")[1] == "Undone: love merged into joy.\n"
    assert invoke("labels", run)[1] == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("split", "joy"), "'split' is not an action of `auditor labels`"),
        (("rename",), "needs a class"),
        (("undo", "joy"), "takes no class"),
        (("rename", "grief", "--to", "x"), "There is no class 'grief'"),
        (("rename", "joy"), "rename lacks the class that these become"),
        (("undo", "--yes"), "No change of the classes stands"),
        (("delete", "joy", "--yes", "--by", "a\nb"), "not a valid reviewer name"),
    ],
)
def test_what_is_refused(run: Path, invoke: Invoke, words: tuple[str, ...], message: str) -> None:
    action, *rest = words
    code, _, err = invoke("labels", run, action, *rest)
    assert code != 0
    what, todo = err.strip().splitlines()
    assert message in what
    assert todo
