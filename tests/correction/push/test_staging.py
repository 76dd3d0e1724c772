"""What would be pushed, written to a folder: names, shards, notes; nobody is asked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pytest

from auditor.api import Audit
from auditor.cli import main
from auditor.correction.decide.policy import Policy
from auditor.correction.push import staging
from auditor.correction.push.push import _keep as keep
from auditor.errors import ExportError, HubRefusedError, StorageError
from auditor.run import Run
from tests.disk import files_up_to
from tests.hub.runs import judge, read_run
from tests.hub.tweets import exported, source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "here" / "push"


def rows_of(folder: Path, split: str = "train") -> list[dict[str, Any]]:
    files = sorted(str(file) for file in folder.glob(f"{split}-*"))
    loaded = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(folder / "cache"))
    return loaded.to_list()  # type: ignore[no-any-return]


def test_dry_run_writes_all_of_it_and_pushes_nothing(pushed_run: Run, folder: Path) -> None:
    pushed = Audit(pushed_run).push("ann/tweets", dry_run=folder)
    assert (pushed.folder, pushed.commit, pushed.unchanged) == (folder, None, False)
    assert {*pushed.files} == {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert [entry.name for entry in folder.parent.iterdir()] == ["push"]
    assert "The card is written as for a new dataset: HF_HUB_OFFLINE is set" in pushed.notes[0]
    assert rows_of(folder / "corrected") == exported(pushed_run)["train"].to_list()
    assert rows_of(folder / "original") == source()["train"].to_list()


def test_dry_run_takes_the_place_of_another_and_of_nothing_else(pushed_run: Run, folder: Path) -> None:
    Audit(pushed_run).push("ann/tweets", dry_run=folder)
    Audit(pushed_run).push("ann/tweets", dry_run=folder, config_name="other", original=False)
    assert sorted(entry.name for entry in folder.iterdir()) == ["README.md", "other"]
    (folder / "README.md").write_text("# My thesis")
    with pytest.raises(ExportError, match="is not a dry run of a push"):
        Audit(pushed_run).push("ann/tweets", dry_run=folder)
    assert (folder / "README.md").read_text() == "# My thesis"


def test_a_full_disk_is_told_in_one_line(tmp_path: Path, folder: Path) -> None:
    for name in ("README.md", "data/a.parquet", "data/b.parquet"):
        (staged := tmp_path / "staged" / name).parent.mkdir(exist_ok=True, parents=True)
        staged.write_bytes(b"x" * 2000)
    with (
        files_up_to(1000),
        pytest.raises(StorageError, match=r"README\.md cannot be written: File too large") as raised,
    ):
        keep(tmp_path / "staged", folder)
    assert "[" not in raised.value.what
    assert list(folder.parent.iterdir()) == []


def test_without_a_token_nothing_is_pushed(pushed_run: Run) -> None:
    with pytest.raises(HubRefusedError, match="There is no token"):
        Audit(pushed_run).push("ann/tweets")


@pytest.mark.parametrize(
    ("repo", "config"),
    [
        ("a/b/c", "corrected"),
        ("ann/ x", "corrected"),
        ("../x", "corrected"),
        ("ann/x", "original"),
        ("ann/x", "readme.md"),
        ("ann/x", "a/b"),
        ("ann/x", "-->"),
        ("ann/x", ".."),
        ("ann/x", ""),
    ],
)
def test_names_that_cannot_be_are_refused(pushed_run: Run, folder: Path, repo: str, config: str) -> None:
    with pytest.raises(ExportError, match="cannot be the name of"):
        Audit(pushed_run).push(repo, config_name=config, dry_run=folder)
    assert not folder.exists()


def test_a_policy_that_leaves_no_row_is_refused(pushed_run: Run, folder: Path) -> None:
    with pytest.raises(ExportError, match="No row is left"):
        Audit(pushed_run).push("ann/x", policy=Policy(verdicts=("unsure",)), dry_run=folder)


def test_large_splits_are_cut_into_shards(pushed_run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "SHARD_BYTES", 500)
    Audit(pushed_run).push("ann/x", dry_run=folder)
    shards = sorted(file.name for file in (folder / "corrected").glob("train-*"))
    assert len(shards) > 2
    assert shards[0] == f"train-00000-of-{len(shards):05d}.parquet"
    assert all(staging.SHARD_NAME.fullmatch(name) for name in shards)
    assert rows_of(folder / "corrected") == exported(pushed_run)["train"].to_list()


def test_what_has_one_split_is_called_train_there(tmp_path: Path, folder: Path) -> None:
    frame = pd.DataFrame({"text": [f"so {word} {row}" for row in range(9) for word in ("glad", "sad")]})
    frame["label"] = ["joy", "sadness"] * 9
    made = read_run(frame, tmp_path / "run", text="text", label="label")
    judge(made, {"all-0": ("relabel", "sadness")})
    pushed = Audit(made).push("ann/x", dry_run=folder)
    assert "The split 'all' is named 'train' on the Hub." in pushed.notes
    assert rows_of(folder / "corrected")[0] == {"text": "so glad 0", "label": "sadness"}
    card = (folder / "README.md").read_text("utf-8")
    assert "The labels of a pandas frame were audited" in card
    assert "| `train` | 18 | 1 | 0 |" in card


def test_command_tells_what_it_would_push(
    pushed_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["auditor", "push", str(pushed_run.directory), *words])
        with pytest.raises(SystemExit) as stopped:
            main()
        return int(stopped.value.code or 0), *capsys.readouterr()

    code, out, _ = call("ann/tweets", "--dry-run")
    assert code == 0
    assert "Written to the folder. Nothing was pushed." in out
    assert "Look at: push-tweets/README.md" in out
    code, out, _ = call("ann/tweets", "--dry-run", "--json", "--unreviewed", "suggest-above", "0.5")
    assert json.loads(out)["folder"] == "push-tweets"
    code, out, err = call("ann/tweets")
    assert (code, out) == (4, "")
    assert "There is no token" in err
    assert call("ann/tweets", "--to", "x")[0] == 2
