from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auditor.detection import nearest, nearest_in_file
from auditor.detection.neighbours import blocks, neighbours
from auditor.run.artifacts import VECTORS
from auditor.runner import Local
from tests.runner.running import Here

ROWS = 60


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of vectors; a block has 16 rows, four at a time."""
    monkeypatch.setattr(neighbours, "_CELLS", 4 * ROWS)
    monkeypatch.setattr(blocks, "_SIMILARITIES", 17 * ROWS)
    vectors = np.random.default_rng(0).standard_normal((ROWS, 8)).astype(np.float32)
    vectors[20:24] = vectors[3]
    VECTORS.save(tmp_path, vectors)
    (tmp_path / "space").mkdir()
    return tmp_path / VECTORS


def test_blocks_find_the_same_to_the_byte(file: Path) -> None:
    here, reported = Here(), list[tuple[int, int]]()
    found = nearest_in_file(file, 5, ROWS, 0, file.parent / "space", here, lambda *at: reported.append(at))
    assert sorted(here.parts) == [f"neighbours/block-{number}" for number in range(4)]
    for shared, alone in zip(found, nearest(VECTORS.load(file), 5, ROWS, 0), strict=True):
        assert (shared.dtype, shared.tobytes()) == (alone.dtype, alone.tobytes())
    assert reported == sorted(reported)
    assert reported[-1] == (ROWS, ROWS)


def test_processes_find_the_same_to_the_byte(file: Path) -> None:
    class Eager(Local):
        def at_once(self, parts: int, need: object) -> int:
            return 2

    found = nearest_in_file(file, 5, ROWS, 0, file.parent / "space", Eager(2), lambda done, total: None)
    assert np.array_equal(found[0], nearest(VECTORS.load(file), 5, ROWS, 0)[0])


def test_the_machine_searches_itself_for_one_block_approximately_and_without_a_cluster(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, tried = Here(), list[int]()

    def candidates(vectors: np.ndarray, wanted: int, seed: int) -> np.ndarray:
        tried.append(len(vectors))
        return np.tile(np.arange(10), (len(vectors), 1))

    monkeypatch.setattr(neighbours, "_candidates", candidates)
    nearest_in_file(file, 5, ROWS - 1, 0, file.parent, here, lambda done, total: None)
    assert tried == [ROWS]
    alone = nearest(VECTORS.load(file), 5, ROWS, 0)
    found = nearest_in_file(file, 5, ROWS, 0, file.parent, Local(2), lambda done, total: None)
    assert np.array_equal(found[0], alone[0])
    monkeypatch.setattr(blocks, "_SIMILARITIES", ROWS * ROWS)
    nearest_in_file(file, 5, ROWS, 0, file.parent, here, lambda done, total: None)
    assert here.parts == []
