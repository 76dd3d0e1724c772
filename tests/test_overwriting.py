"""No command that writes to a path of its user overwrites the source, a run, or, without --force, anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.api import Audit
from auditor.data import LabeledTexts
from auditor.errors import ExportError
from auditor.run import Run, find_run
from auditor.run.artifacts import DATASET, REJECTED
from auditor.run.overwriting import Sources, check_file, check_place
from auditor.storage import hash_file
from tests.evaluation.judged import judge
from tests.review.runs import write_run

Invoke = Callable[..., tuple[int, str, str]]

COMMANDS: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "issues": (("issues", "diary", "--to"), ".csv", ("--force",)),
    "export": (("export", "diary", "--to"), ".csv", ("--force",)),
    "patch": (("patch", "diary", "--to"), ".jsonl", ("--force",)),
    "apply": (("apply", "made.jsonl", "mine.csv", "--to"), ".csv", ("--force",)),
    "predict": (("predict", "diary", "so glad", "--png"), ".png", ("--force",)),
    "push": (("push", "diary", "me/clean", "--dry-run", "--to"), "", ()),
    "log export": (("log", "export", "diary"), ".jsonl", ()),
}
"""The words before the path, the extension of what is written, and the words that overwrite."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A judged run under the usual name, with a patch and a dataset beside it."""
    monkeypatch.chdir(tmp_path)
    run = write_run(tmp_path / "reports" / "runs" / "diary", rows=60, models=("lexical",))
    judge(run, {1: ("exclude",)})
    Audit(run).patch("made.jsonl")
    (tmp_path / "mine.csv").write_text("text,label\na,joy\nb,fear\n")
    return run.directory


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_a_run_stays(invoke: Invoke, run: Path, command: str) -> None:
    words, extension, force = COMMANDS[command]
    (run / f"own{extension or '.d'}").write_bytes(b"mine")
    Path("other").symlink_to(run)
    names = [f"own{extension or '.d'}", f"model{extension}", f"figures/x{extension}", f"decisions.db{extension}"]
    before = bytes_of(run)
    for place in (run, run / "figures" / "..", Path("other")):
        for name in names:
            code, _, err = invoke(*words, place / name, *force)
            assert code not in (0, 1), (place, name)
            assert len(err.strip().splitlines()) == 2, err
    assert bytes_of(run) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_another_file_stays_unless_it_is_forced(invoke: Invoke, run: Path, command: str) -> None:
    words, extension, _ = COMMANDS[command]
    there = Path(f"there{extension}")
    there.write_bytes(b"precious")
    code, _, err = invoke(*words, there)
    assert code not in (0, 1)
    assert "exist" in err
    assert there.read_bytes() == b"precious"


@pytest.mark.parametrize("command", ["issues", "export", "apply"])
def test_force_overwrites_another_file(invoke: Invoke, run: Path, command: str) -> None:
    words, extension, force = COMMANDS[command]
    there = Path(f"there{extension}")
    there.write_bytes(b"old")
    code, _, err = invoke(*words, there, *force)
    assert code == 0, err
    assert there.read_bytes() != b"old"


@pytest.mark.parametrize("command", ["issues", "export", "apply"])
def test_the_source_stays_under_any_name(invoke: Invoke, tmp_path: Path, run: Path, command: str) -> None:
    words, _, force = COMMANDS[command]
    source = tmp_path / "mine.csv"
    remember(find_run(run), source)
    (tmp_path / "link.csv").symlink_to(source)
    (tmp_path / "folder").mkdir()
    (tmp_path / "copy.csv").hardlink_to(source)
    before = source.read_bytes()
    for name in ("mine.csv", "./folder/../mine.csv", str(source), "link.csv", "copy.csv"):
        code, _, err = invoke(*words, name, *force)
        assert code == ExportError.exit_code, (name, err)
        assert "is the source or a copy of it" in err
    assert source.read_bytes() == before


def remember(run: Run, source: Path) -> None:
    """Make a run's dataset one that was read from a file."""
    data = LabeledTexts.of(run)
    parts = [{**part, "file": source.name, "sha256": hash_file(source)} for part in data.origin.options["parts"]]
    data = replace(data, origin=replace(data.origin, options={**data.origin.options, "parts": parts}))
    with run.held():
        files = (DATASET, REJECTED)
        run.stage("read", lambda at, _: data.write(*(at / name for name in files)), parameters={"from": source.name})


def test_what_the_guard_takes_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")  # of another program
    check_file(tmp_path / "model.csv", force=False)
    (tmp_path / "run.lock").write_text("")
    for name in ("model.csv", "Decisions.db", "figures/x.png", "votes.parquet", "repeat-1/folds.npy", "manifest.json"):
        with pytest.raises(ExportError, match="belongs to the run"):
            check_file(tmp_path / name, force=True)
    check_file(tmp_path / "clean.csv", force=False)
    (tmp_path / "clean.csv").write_text("")
    with pytest.raises(ExportError, match="belongs to the run"):
        check_file(tmp_path / "clean.csv", force=True)
    check_file(tmp_path / "clean.csv", force=True, is_own=True)


def test_a_folder_that_holds_the_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a")
    with pytest.raises(ExportError, match="is the source"):
        check_place(tmp_path / "data", Sources(paths=(tmp_path / "data" / "a.csv",)))
