"""Killed, interrupted or out of disk space: the same command goes on where it was, and ends with the same files."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor.data import sample
from auditor.storage import hash_file
from tests.forks import ENVIRONMENT, ROOT, Ended, Fork, Forks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="forks processes that have threads behind them"),
]

Words = list[object]


@pytest.fixture(scope="module")
def command(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Words:
    """A small audit by all three models, but for the directory of the run."""
    path = tmp_path_factory.mktemp("data") / "messages.csv"
    sample.load()[0].head(120).to_csv(path, index=False)
    models: Words = ["--encoder", tiny_model, "--base-model", tiny_model]
    return ["run", path, *models, "--folds", 2, "--epochs", 1, "--device", "cpu", "--out"]


@pytest.fixture(scope="module")
def uninterrupted(auditing: Forks, command: Words, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("uninterrupted")
    assert run(auditing, *command, directory).code == 0
    return directory


def run(auditing: Forks, *words: object, **order: Any) -> Ended:
    """Run a command; what stands in pictures does not matter here, and drawing them takes as long as the audit."""
    return auditing.run(*words, drawn=False, **order)


def stages(directory: Path) -> dict[str, Any]:
    """Of the manifest: an entry is written when the stage is done, and tells the seconds that it took."""
    path = directory / "manifest.json"
    return dict(json.loads(path.read_text("utf-8"))["stages"]) if path.exists() else {}


def hashes(directory: Path) -> dict[str, str]:
    """Of all data artifacts, as they lie there."""
    found = {name: hash_file(directory / name) for stage in stages(directory).values() for name in stage["outputs"]}
    assert {"dataset.parquet", "vectors.npy", "map.npy", "issues.parquet", "issues.csv", "health.json"} <= set(found)
    assert (directory / "report.html").is_file()
    assert not (directory / ".work").exists()
    return found


RANKING = {"consensus", "detect"}
"""Stages that run twice: first for the cheap models, then for all."""


def assert_kept(before: dict[str, Any], directory: Path) -> None:
    now = stages(directory)
    kept = {name: entry for name, entry in before.items() if name not in RANKING}
    assert {name: now.get(name) for name in kept} == kept


def test_killed_at_every_border(auditing: Forks, command: Words, uninterrupted: Path, tmp_path: Path) -> None:
    directory, borders, begun = tmp_path / "run", tmp_path / "borders.txt", tmp_path / "begun.txt"
    kills = 0
    while True:
        before = stages(directory)
        ended = run(auditing, *command, directory, borders=borders, begun=begun)
        assert_kept(before, directory)
        if ended.code != -signal.SIGKILL:
            break
        kills += 1
    assert ended.code == 0, ended.output
    assert hashes(directory) == hashes(uninterrupted)

    killed_at = borders.read_text("utf-8").splitlines()
    assert len(killed_at) == kills
    for stage, entry in stages(directory).items():
        names = [name.split("/")[-1] for name in entry["outputs"]]
        assert {f"{stage}: {name}" for name in (*names, "manifest.json")} <= set(killed_at)
    # A stage begins again after each kill before it stood in the manifest, and never once it does: least of all a fold.
    half_done = Counter(border.split(":")[0] for border in killed_at if not border.endswith(": manifest.json"))
    times_begun = Counter(begun.read_text("utf-8").splitlines())
    assert times_begun == {stage: half_done[stage] + 1 + (stage in RANKING) for stage in stages(directory)}


def test_killed_at_random_moments(auditing: Forks, command: Words, uninterrupted: Path, tmp_path: Path) -> None:
    kill_after_a_stage(auditing, command, tmp_path)
    moments = random.Random(8)
    codes = []
    for _ in range(6):
        before = stages(tmp_path)
        codes.append(run(auditing, *command, tmp_path, after=moments.uniform(0.1, 1.5)).code)
        assert_kept(before, tmp_path)
    assert set(codes) <= {0, -signal.SIGKILL}
    before = stages(tmp_path)
    assert run(auditing, *command, tmp_path).code == 0
    assert_kept(before, tmp_path)
    assert hashes(tmp_path) == hashes(uninterrupted)


def test_another_seed_and_back(auditing: Forks, command: Words, uninterrupted: Path, tmp_path: Path) -> None:
    assert run(auditing, *command, tmp_path, "--seed", 1).code == 0
    expected, other = hashes(uninterrupted), hashes(tmp_path)
    assert set(other) == set(expected)
    same = {name for name in expected if expected[name] == other[name]}
    assert same >= {"dataset.parquet", "rejected.parquet", "duplicates.parquet", "vectors.npy"}
    assert not same & {"folds.npy", "issues.parquet", "issues.csv", "scores.json"}
    assert not {name for name in same if name.startswith("dynamics/finetuned")}

    kill_after_a_stage(auditing, command, tmp_path)
    assert run(auditing, *command, tmp_path).code == 0
    assert hashes(tmp_path) == expected


def test_no_space_left(auditing: Forks, command: Words, uninterrupted: Path, tmp_path: Path) -> None:
    for name in ("dataset.parquet", "vectors.npy", "issues.csv", "report.html"):
        before = stages(tmp_path)
        # The report names its run and how long it took: its size differs by some bytes from run to run.
        ended = run(auditing, *command, tmp_path, largest=(uninterrupted / name).stat().st_size - 500)
        assert ended.code == 6, ended.output
        assert f"Error: {tmp_path}" in ended.output
        assert "cannot be written: " in ended.output
        assert "→ Free some disk space" in ended.output
        assert "Traceback" not in ended.output
        assert name == "issues.csv" or not (tmp_path / name).exists(), "that of the cheap models may be there"
        assert_kept(before, tmp_path)
    assert len(stages(tmp_path)) == len(stages(uninterrupted))
    assert run(auditing, *command, tmp_path).code == 0
    assert hashes(tmp_path) == hashes(uninterrupted)


def test_a_run_of_another_dataset_is_left_as_it_is(
    auditing: Forks, command: Words, uninterrupted: Path, tmp_path: Path
) -> None:
    before = (uninterrupted / "manifest.json").read_bytes()
    other = tmp_path / "other.csv"
    sample.load()[0].tail(100).to_csv(other, index=False)
    ended = run(auditing, "run", other, *command[2:], uninterrupted)
    assert ended.code == 5
    assert "is a run of another dataset: 120 rows of messages.csv, not the 100 rows of other.csv" in ended.output
    assert (uninterrupted / "manifest.json").read_bytes() == before


def test_ctrl_c_and_kill_9_from_outside(auditing: Forks, command: Words, uninterrupted: Path, tmp_path: Path) -> None:
    directory = tmp_path / "run"
    fork = auditing.start(*command, directory, output=tmp_path / "output.txt", drawn=False)
    wait_for_more(fork, directory, {})
    ended = run(auditing, *command, directory)
    assert ended.code == 5
    assert f"is locked by process {fork.pid}, since" in ended.output
    fork.kill()
    assert fork.wait() == -signal.SIGKILL

    killed = stages(directory)
    process = start(*command, directory)
    wait_for_more(process, directory, killed)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert process.returncode == 130, errors
    assert output == ""
    assert errors.endswith("Stopped. Run the same command again, without --fresh, to continue.\n")

    interrupted = stages(directory)
    assert_kept(killed, directory)
    assert run(auditing, *command, directory).code == 0
    assert_kept(interrupted, directory)
    assert hashes(directory) == hashes(uninterrupted)


def start(*words: object) -> subprocess.Popen[str]:
    """Start ``python -m auditor``, with a Ctrl-C that works even where the tests run in the background."""
    return subprocess.Popen(
        [sys.executable, "-m", "auditor", *map(str, words)],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def kill_after_a_stage(auditing: Forks, command: Words, directory: Path) -> None:
    """Begin an audit, and kill it when it has done something: however quick the machine is, it is not yet finished."""
    before = stages(directory)
    fork = auditing.start(*command, directory, output=directory.with_suffix(".txt"), drawn=False)
    while stages(directory) == before:
        assert fork.poll() is None, fork.poll()
        time.sleep(0.005)
    fork.kill()
    assert fork.wait() == -signal.SIGKILL


def wait_for_more(process: subprocess.Popen[str] | Fork, directory: Path, before: dict[str, Any]) -> None:
    """Wait until another stage is done."""
    while len(stages(directory)) <= len(before):
        assert process.poll() is None, process.returncode
        time.sleep(0.01)
