"""Buckets of similar texts: MinHash signatures of their shingles, cut into bands (Broder 1997).

Texts that share a bucket in any band are candidates for near duplicates. Example: with 2 bands of 1 hash, the
signatures (7, 3) and (7, 9) share the bucket of the first band.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from datasketch import MinHash

from auditor.config import DuplicatesConfig
from auditor.run.artifacts import Array
from auditor.runner import Files, Need, Part, Report, Runner, run_parts
from auditor.scripts import IDEOGRAPHIC
from auditor.storage import write

Buckets = npt.NDArray[np.uint64]

RECALL = 0.98
"""Least probability that two texts at the Jaccard threshold share a bucket; it is higher for more similar texts."""
IDEOGRAPH = 2.5
"""Characters that a Chinese or Japanese one counts as: their texts are that much shorter than English ones."""
IDEOGRAPHS = re.compile(f"[{IDEOGRAPHIC}]")

_FILE = Array[Buckets]("buckets.npy")
_BLOCK = 10_000
_SHARE = 200_000
"""Texts of a task."""
_TEXTS_PER_SECOND = 10_000
_MEMORY = 1_000_000_000
"""Bytes of a process that holds the texts of a task and their signatures."""


def shingles_of(text: str, length: int) -> frozenset[bytes]:
    """Return every run of ``length`` characters in UTF-32; a shorter text is returned whole."""
    data = text.encode("utf-32-le", "surrogatepass")
    if not IDEOGRAPHS.search(text):
        return frozenset(data[start : start + 4 * length] for start in range(0, max(len(data) - 4 * length, 0) + 1, 4))
    widths = np.cumsum([0, *(IDEOGRAPH if IDEOGRAPHS.match(character) else 1 for character in text)])
    ends = np.searchsorted(widths, widths[:-1] + length)
    whole = ends[ends < len(widths)].tolist() or [len(text)]
    return frozenset(data[4 * start : 4 * end] for start, end in enumerate(whole))


def _banding(threshold: float, permutations: int) -> tuple[int, int]:
    """Return the most selective bands and rows per band that find a pair at the threshold with probability RECALL."""
    for rows in range(permutations, 1, -1):
        bands = permutations // rows
        if 1 - (1 - threshold**rows) ** bands >= RECALL:
            return bands, rows
    return permutations, 1


def find_buckets(
    bodies: Sequence[str], config: DuplicatesConfig, progress: Report, runner: Runner | None, space: Path | None
) -> Buckets:
    """Find the bucket of each text in each band.

    Parameters
    ----------
    bodies : sequence of S str
        Distinct texts.
    config, progress, runner, space
        As for :func:`~auditor.data.duplicates.find_duplicates`.

    Returns
    -------
    (S, bands) uint64

    Raises
    ------
    AuditorError
        The error of a block, or ``WorkerError`` if its process is killed twice.
    """
    starts = range(0, len(bodies), _SHARE)
    need = Need(memory=_MEMORY, seconds=_SHARE / _TEXTS_PER_SECOND)
    if runner is None or space is None or len(starts) < 2 or not runner.at_once(len(starts), need):
        return _hashed(bodies, config, progress)
    buckets = np.empty((len(bodies), _banding(config.jaccard, config.permutations)[0]), dtype=np.uint64)
    parts = []
    for number, start in enumerate(starts):
        write(space / f"texts-{number}.partial", json.dumps(bodies[start : start + _SHARE]).encode())
        arguments = {"config": config.model_dump(mode="json"), "file": f"texts-{number}.partial"}
        inputs = {"texts": Files(space, (f"texts-{number}.partial",))}
        parts.append(Part(f"duplicates/block-{number}", arguments, space, inputs))
    sizes = [min(_SHARE, len(bodies) - start) for start in starts]
    with closing(run_parts(runner, hash_block, parts, need, sizes, progress)) as results:
        for number, done in results:
            buckets[starts[number] : starts[number] + sizes[number]] = _FILE.load(done.folder / _FILE)
    return buckets


def hash_block(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Find the buckets of one block of texts in a worker."""
    bodies = json.loads((Path(arguments["texts"]) / arguments["file"]).read_bytes())
    _FILE.save(folder, _hashed(bodies, DuplicatesConfig(**arguments["config"]), report))
    return {}


def _hashed(bodies: Sequence[str], config: DuplicatesConfig, progress: Report) -> Buckets:
    bands, rows = _banding(config.jaccard, config.permutations)
    weights = np.full(rows, 0x9E3779B97F4A7C15, dtype=np.uint64).cumprod()
    buckets = np.empty((len(bodies), bands), dtype=np.uint64)
    # Signatures are much larger than buckets, so they are computed in blocks.
    for start in range(0, len(bodies), _BLOCK):
        sets = (shingles_of(body, config.shingle) for body in bodies[start : start + _BLOCK])
        hashes = MinHash.generator(sets, num_perm=config.permutations, seed=1, hashfunc=zlib.crc32, scheme="affine32")
        signatures = np.array([minhash.hashvalues[: bands * rows] for minhash in hashes], dtype=np.uint64)
        buckets[start : start + _BLOCK] = signatures.reshape(-1, bands, rows) @ weights
        progress(min(start + _BLOCK, len(bodies)), len(bodies))
    return buckets
