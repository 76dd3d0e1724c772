from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.config import DuplicatesConfig
from auditor.data import minhash
from auditor.data.duplicates import find_duplicates
from auditor.data.minhash import shingles_of
from auditor.runner import Local
from tests.runner.running import Here

TEXTS = [f"{start} the cat number {number} sat on the mat" for start in ("today", "Today", "so") for number in range(9)]
TEXTS += ["我今天很高兴,因为天气很好", "我今天很高兴，因为天气很好！", "half a \ud83d face", "", "a"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task has seven texts, and hashes three at a time."""
    monkeypatch.setattr(minhash, "_SHARE", 7)
    monkeypatch.setattr(minhash, "_BLOCK", 3)
    monkeypatch.setattr(minhash, "_TEXTS_PER_SECOND", 0.1)  # worth a process


@pytest.mark.parametrize("runner", [Here(), Local(2)], ids=["in this process", "in processes"])
def test_a_runner_finds_the_same_duplicates(small: None, tmp_path: Path, runner: Here | Local) -> None:
    reported: list[tuple[int, int]] = []
    alone = find_duplicates(TEXTS, DuplicatesConfig(jaccard=0.5))
    shared = find_duplicates(TEXTS, DuplicatesConfig(jaccard=0.5), lambda *at: reported.append(at), runner, tmp_path)
    assert (shared.exact.tolist(), shared.near.tolist()) == (alone.exact.tolist(), alone.near.tolist())
    assert shared.near_groups > 0
    assert len(list(tmp_path.glob("tmp*.partial/buckets.npy"))) == len(list(tmp_path.glob("texts-*.partial"))) > 1
    assert reported == sorted(reported)
    assert reported[-1][0] == reported[-1][1]
    if isinstance(runner, Here):
        assert len(runner.parts) == len(set(runner.parts)) == -(-reported[-1][1] // 7)


def test_this_process_hashes_a_single_share_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minhash, "_SHARE", len(TEXTS))
    here = Here()
    find_duplicates(TEXTS, DuplicatesConfig(), None, here, tmp_path)
    assert here.parts == []


@given(st.text("ab é한я", max_size=20), st.integers(1, 6))
def test_othershingles_of_are_runs_of_characters(text: str, length: int):
    runs = {text[start : start + length] for start in range(max(len(text) - length, 0) + 1)}
    assert shingles_of(text, length) == {run.encode("utf-32-le") for run in runs}
