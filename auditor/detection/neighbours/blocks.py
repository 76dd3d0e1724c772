"""Nearest texts, block by block: an exact search that a cluster shares."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from auditor.arrays import Float32, RowIndex
from auditor.detection.neighbours.neighbours import Progress, nearest, nearest_exactly, rows_per_product
from auditor.run.artifacts import VECTORS, Nearest, neighbours
from auditor.runner import Files, Need, Part, Report, Runner, run_parts

_SIMILARITIES = 1 << 32
"""Similarities that a block computes: some twenty seconds of work on a small CPU."""


def nearest_in_file(
    file: Path, k: int, exact_to: int, seed: int, space: Path, runner: Runner, progress: Progress
) -> tuple[RowIndex, Float32]:
    """Find the k nearest other rows of each row of a file of vectors; see :func:`nearest`.

    Blocks of an exact search are tasks of the runner, unless this process is quicker.

    Parameters
    ----------
    file : Path
        ``vectors.npy``, (N, D) float32.
    k, exact_to, seed, progress
        As for :func:`nearest`.
    space : Path
        Folder for what the tasks write.
    runner : Runner

    Returns
    -------
    index : (N, k) int32
    similarity : (N, k) float32

    Raises
    ------
    AuditorError
        The error of a block, or ``WorkerError`` if its process is killed twice.
    """
    vectors = VECTORS.load(file)
    blocks = _blocks(len(vectors))
    need = Need(memory=4 * vectors.nbytes, uses_all_cores=True)
    if len(vectors) > exact_to or len(blocks) < 2 or not runner.at_once(len(blocks), need):
        return nearest(vectors, k, exact_to, seed, progress)
    parts = [
        Part(
            f"neighbours/block-{number}",
            {"k": k, "start": block.start, "stop": block.stop},
            space,
            {"vectors": Files(file.parent, (file.name,))},
        )
        for number, block in enumerate(blocks)
    ]
    index, similarity = np.empty((len(vectors), k), np.int32), np.empty((len(vectors), k), np.float32)
    sizes = [block.stop - block.start for block in blocks]
    with closing(run_parts(runner, find_block, parts, need, sizes, progress)) as results:
        for number, done in results:
            found = neighbours().load(done.folder / neighbours())
            index[blocks[number]], similarity[blocks[number]] = found.index, found.similarity
    return index, similarity


def find_block(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Find the nearest rows of one block in a worker."""
    vectors = VECTORS.load(Path(arguments["vectors"]) / VECTORS)
    found = nearest_exactly(vectors, arguments["k"], arguments["start"], arguments["stop"], report)
    neighbours().save(folder, Nearest(*found))
    return {}


def _blocks(rows: int) -> list[slice]:
    at_a_time = rows_per_product(rows)
    size = at_a_time * max(1, _SIMILARITIES // max(at_a_time * rows, 1))
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
