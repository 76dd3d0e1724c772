from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auditor.errors import LogError, RunDamagedError
from auditor.review.log.identity import run_id
from auditor.run import Run, find_run
from tests.together import run_together


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "diary")
    run.stage("one", lambda at, read: (at / "a.txt").write_text("a") and None)
    run.record(finished=True)
    return run


def test_it_is_made_once_and_stays(run: Run, tmp_path: Path) -> None:
    made = run_id(run)
    assert made == run_id(run) == run_id(find_run(run.directory))
    with Run(run.directory, fresh=True).held():
        pass
    assert run_id(Run(run.directory)) == made
    shutil.copytree(run.directory, tmp_path / "copy")
    assert run_id(Run(tmp_path / "copy")) == made
    run.directory.rename(tmp_path / "renamed")
    assert run_id(Run(tmp_path / "renamed")) == made


def test_two_runs_have_two(run: Run, tmp_path: Path) -> None:
    other = Run(tmp_path / "other")
    other.record(finished=True)
    assert run_id(other) != run_id(run)


def test_processes_that_make_it_at_once_agree(run: Run) -> None:
    code = (
        "import sys; from pathlib import Path; from auditor.run import Run;"
        "from auditor.review.log.identity import run_id;"
        "run = Run(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.readline(); print(run_id(run))"
    )
    assert len(set(run_together(code, run.directory, number=3))) == 1


@pytest.mark.parametrize("content", [b"", b"two words", b"\xff", b"x" * 65])
def test_a_damaged_one_is_told(run: Run, content: bytes) -> None:
    (run / "run.id").write_bytes(content)
    with pytest.raises(RunDamagedError, match=r"run\.id is damaged"):
        run_id(run)


def test_what_a_killed_process_left_is_no_id(run: Run) -> None:
    (run / "run.id.partial").write_text("ha")
    assert len(run_id(run)) == 16


def test_a_place_that_cannot_be_written_is_told(run: Run) -> None:
    (run / "run.id").mkdir()
    with pytest.raises(LogError, match=r"run\.id cannot be read or written") as refused:
        run_id(run)
    assert "copy the run to where you have it" in refused.value.todo
