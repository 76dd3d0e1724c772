"""`auditor runs`: what there is, whatever it is."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from auditor.review.log.log import DecisionLog, run_id
from auditor.review.view.items import Items
from auditor.run import Run
from tests.review.reviewing import decision
from tests.review.runs import write_run

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("made") / "diary", rows=60)


@pytest.fixture
def run(made: Run, tmp_path: Path) -> Run:
    return Run(shutil.copytree(made.directory, tmp_path / "reports" / "runs" / "diary"))


def decide(run: Run) -> None:
    """Four decisions: two people on one row, one on another, and one that is undone."""
    items = Items.of(run)
    with closing(DecisionLog(run / "decisions.db", run_id(run))) as log:
        pairs = [(0, "ann"), (0, "bob"), (1, "ann"), (2, "bob")]
        log.append(decision(items, row, who, run_id=log.run_id) for row, who in pairs)
        log.undo("bob", "undo")


def told(invoke: Invoke, *words: object) -> list[dict[str, Any]]:
    code, out, err = invoke("runs", *words, "--json")
    assert (code, err) == (0, "")
    return list(json.loads(out))


def test_a_run_and_what_was_judged(invoke: Invoke, run: Run) -> None:
    (about,) = told(invoke)
    issues = json.loads((run / "health.json").read_text())["issues"]
    path = str(Path("reports") / "runs" / "diary")
    assert about == {
        "name": "diary",
        "path": path,
        "state": "finished",
        "rows": 60,
        "issues": issues,
        "judged": 0,
        "made": "2024-05-06T07:08:09+00:00",
    }
    assert not list(run.directory.glob("decisions.db*")), "no log is made"
    decide(run)
    before = {path.name: path.stat().st_mtime_ns for path in run.directory.iterdir()}
    assert told(invoke)[0]["judged"] == 2
    assert {path.name: path.stat().st_mtime_ns for path in run.directory.iterdir()} == before
    _, out, _ = invoke("runs")
    cells = [cell.strip() for cell in out.splitlines()[2].split("│")]
    assert cells == ["diary", "60", str(issues), "2", "2024-05-06 07:08", ""]


def test_a_log_that_somebody_has_open_is_read_too(invoke: Invoke, run: Run) -> None:
    items = Items.of(run)
    with closing(DecisionLog(run / "decisions.db", run_id(run))) as log:
        log.append([decision(items, 0, run_id=log.run_id)])
        assert told(invoke)[0]["judged"] == 1


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 5000, None])
def test_a_broken_log_is_a_question_mark(invoke: Invoke, run: Run, content: bytes | None) -> None:
    if content is None:
        (run / "decisions.db").mkdir()
    else:
        (run / "decisions.db").write_bytes(content)
    (run / "run.id").write_text("abc\n")
    assert told(invoke)[0]["judged"] is None
    assert "│      ? │" in invoke("runs")[1]


def test_a_log_that_would_count_for_ever_is_given_up(invoke: Invoke, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 1 AS run, i AS item_id FROM n"
    with closing(sqlite3.connect(run / "decisions.db")) as log:
        log.execute("CREATE TABLE runs (run INTEGER, run_id TEXT)")
        log.execute("INSERT INTO runs VALUES (1, 'abc')")
        log.execute(f"CREATE VIEW standing AS {endless}")
        log.commit()
    (run / "run.id").write_text("abc\n")
    monkeypatch.setattr("auditor.commands.runs._MOST_STEPS", 20)
    assert told(invoke)[0]["judged"] is None


MANIFESTS: dict[str, tuple[bytes | None, str]] = {
    "begun": (None, "unfinished"),
    "cut": (b'{"format": 1, "stages": {}', "broken"),
    "empty": (b"", "broken"),
    "list": (b"[]", "broken"),
    "deep": (b"[" * 100_000, "broken"),
    "binary": (b"\xff\xfe", "broken"),
    "unfinished": (b'{"format": 1, "created": "soon", "finished": false, "stages": {}}', "unfinished"),
    "ranked": (b'{"stages": {}, "finished": false, "ranked": true}', "ranked"),
    "odd": (b'{"stages": {}, "finished": true, "dataset": {"rows": "1e9"}, "created": 3}', "finished"),
    "negative": (b'{"stages": {}, "finished": true, "dataset": {"rows": -3}, "created": null}', "finished"),
    "true": (b'{"stages": {}, "finished": true, "dataset": {"rows": true}}', "finished"),
}


def test_runs_that_are_broken_or_not_finished_are_listed_as_such(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    for name, (content, _) in MANIFESTS.items():
        folder = tmp_path / "reports" / "runs" / name
        folder.mkdir()
        (folder / "run.lock").touch()
        if content is not None:
            (folder / "manifest.json").write_bytes(content)
    (tmp_path / "reports" / "runs" / "something else").mkdir()
    (tmp_path / "reports" / "runs" / "a file").touch()
    found = {about["name"]: about for about in told(invoke)}
    assert {name: about["state"] for name, about in found.items()} == {
        "diary": "finished",
        **{name: state for name, (_, state) in MANIFESTS.items()},
    }
    assert {about["rows"] for name, about in found.items() if name != "diary"} == {None}
    _, out, _ = invoke("runs")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["cut"].split()[-1] == "broken"
    assert lines["begun"].split()[-1] == "unfinished"


def test_names_are_inert(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    names = ["\x1b[31mred", "[bold]markup", "\u202eevil", "a\nb", os.fsdecode(b"\xff")]
    for name in names:
        shutil.copytree(run.directory, tmp_path / "reports" / "runs" / name)
    _, out, _ = invoke("runs")
    assert not {"\x1b", "\u202e"} & {*out}
    assert "[bold]markup" in out
    assert r"'\x1b[31mred'" in out
    assert len(out.splitlines()) == 2 + 1 + len(names)
    assert {about["name"] for about in told(invoke)} == {"diary", *names}
    assert "\x1b" not in invoke("runs", "--json")[1]


def test_another_folder(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    run.directory.rename(tmp_path / "elsewhere")
    assert invoke("runs")[1].startswith("There are no runs in ")
    assert told(invoke) == []
    (about,) = told(invoke, "--in", tmp_path)
    assert (about["name"], about["path"]) == ("elsewhere", str(tmp_path / "elsewhere"))
    code, _, err = invoke("runs", "--in", "nowhere")
    assert code == 5
    assert "The folder nowhere does not exist" in err
