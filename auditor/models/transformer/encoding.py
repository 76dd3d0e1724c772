"""Encoding a dataset, block by block: an interrupted encoding keeps its finished blocks, and a runner can share them.

A block is a few hundred batches of distinct texts. Which texts share a batch depends on all texts, and on nothing else:
the vectors are the same, byte for byte, whoever encodes the blocks and however often the work is interrupted.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from auditor.arrays import RowIndex, Vectors
from auditor.config import EncoderConfig
from auditor.models.transformer.device import arithmetic, pick_device
from auditor.models.transformer.encoder import Encoder, default_budget
from auditor.models.transformer.weights import Weights, find_same
from auditor.run.artifacts import VECTORS
from auditor.runner import Files, Need, Part, Report, Runner, run_parts
from auditor.storage import write

Progress = Callable[[int, int], None]

_BATCHES = 200
"""Batches of a block: half a minute of work on a small CPU."""
_ROWS = 10_000
"""Rows that are written at a time."""
_MEMORY = 2_000_000_000
"""Bytes of a process that has imported torch and holds the weights of a small encoder, and a batch."""


def encode(
    encoder: Encoder, texts: Sequence[str], folder: Path, progress: Progress | None = None, runner: Runner | None = None
) -> Path:
    """Encode texts into ``folder/vectors.npy``: (N, D) float32. Identical texts are encoded once.

    A folder left by a killed process is continued.

    Parameters
    ----------
    encoder : Encoder
    texts : sequence of N str
    folder : Path
        Folder used only for these texts and this encoder: its contents are assumed to be theirs.
    progress : callable, optional
        Called with (batches done, total batches).
    runner : Runner, optional
        Encodes the blocks, unless this process is quicker.

    Returns
    -------
    Path
        Path of the file.

    Raises
    ------
    OSError
        If the disk is full.
    AuditorError
        The error of a block, or ``WorkerError`` if its process is killed twice.
    """
    unique, index = distinct(texts)
    blocks = _Blocks(folder, encoder.batches(unique), encoder.dimensions)
    blocks.reserve(len(texts))
    left = [number for number in range(len(blocks)) if not blocks.is_done(number)]
    total = sum(map(blocks.size, range(len(blocks))))
    finished = total - sum(map(blocks.size, left))

    def advance(done: int, _: int = 0) -> None:
        if progress:
            progress(finished + done, total)

    def texts_of(number: int) -> list[list[str]]:
        return [[unique[row] for row in rows] for rows in blocks.batches(number)]

    need = Need(gpus=int(encoder.device.type != "cpu"), memory=_MEMORY, uses_all_cores=True)
    if runner and len(left) > 1 and runner.at_once(len(left), need):
        _share(encoder, blocks, left, texts_of, runner, need, advance)
    else:
        for number in left:
            blocks.save(number, encoder.encode(texts_of(number), advance))
            finished += blocks.size(number)
    return blocks.put_together(index)


def distinct(texts: Sequence[str]) -> tuple[list[str], RowIndex]:
    """Return the distinct texts in order of appearance, and each text's position among them."""
    places: dict[str, int] = {}
    index = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.int64, len(texts))
    return list(places), index


def describe(weights: Weights, config: EncoderConfig, device: str) -> dict[str, Any]:
    """Return what the vectors depend on besides the texts, as JSON."""
    budget = config.token_budget or default_budget(config, pick_device(device))
    settings = {**config.model_dump(mode="json"), "token_budget": budget}
    return {**settings, "weights": weights.fingerprint, **arithmetic(config.precision, device)}


# -- elsewhere ------------------------------------------------------------------------------------------------------


def _share(
    encoder: Encoder,
    blocks: _Blocks,
    left: Sequence[int],
    texts_of: Callable[[int], list[list[str]]],
    runner: Runner,
    need: Need,
    progress: Progress,
) -> None:
    """Encode blocks as tasks of a runner, and keep each as it finishes."""
    settings = encoder.config.model_copy(update={"precision": str(encoder.dtype).removeprefix("torch.")})
    about = {
        **encoder.weights.described(),
        "config": settings.model_dump(mode="json"),
        "device": encoder.device.type,
    }
    parts = []
    for number in left:
        write(blocks.folder / _texts(number), json.dumps(texts_of(number)).encode())
        inputs = {"texts": Files(blocks.folder, (_texts(number),)), **encoder.weights.inputs()}
        parts.append(Part(f"encode/block-{number}", {**about, "file": _texts(number)}, blocks.folder, inputs))

    sizes = [blocks.size(number) for number in left]
    with closing(run_parts(runner, encode_block, parts, need, sizes, progress)) as results:
        for part, done in results:
            blocks.take(left[part], done.folder / VECTORS)
            (blocks.folder / _texts(left[part])).unlink()


def _texts(number: int) -> str:
    return f"texts-{number}.partial"


def encode_block(arguments: Mapping[str, Any], folder: Path, report: Report) -> dict[str, Any]:
    """Encode one block in a worker."""
    encoder = Encoder(find_same(arguments), EncoderConfig(**arguments["config"]), arguments["device"])
    batches = json.loads((Path(arguments["texts"]) / arguments["file"]).read_bytes())
    vectors = encoder.encode(batches, lambda done: report(done, len(batches)), cores=1)
    VECTORS.save(folder, vectors)
    return {}


# -- on disk --------------------------------------------------------------------------------------------------------


class _Blocks:
    """The batches of an encoding in blocks, each with a file of its vectors.

    Parameters
    ----------
    folder : Path
    batches : sequence of (K,) int64
        Rows of the U distinct texts in each batch.
    dimensions : int
        D, the dimensions of a vector.
    """

    def __init__(self, folder: Path, batches: Sequence[RowIndex], dimensions: int) -> None:
        self.folder, self._all, self._dimensions = folder, batches, dimensions
        self._reserved = folder / "vectors.partial"

    def __len__(self) -> int:
        return -(-len(self._all) // _BATCHES)

    def batches(self, number: int) -> Sequence[RowIndex]:
        return self._all[number * _BATCHES : (number + 1) * _BATCHES]

    def size(self, number: int) -> int:
        """Return the number of batches in a block."""
        return len(self.batches(number))

    def is_done(self, number: int) -> bool:
        """Return whether a block's file exists, is complete and has the size for these texts."""
        try:
            found = self._load(number)
        except (OSError, ValueError, EOFError):
            return False
        return found.dtype == np.float32 and found.shape == (sum(map(len, self.batches(number))), self._dimensions)

    def save(self, number: int, vectors: Vectors) -> None:
        file = io.BytesIO()
        np.save(file, vectors, allow_pickle=False)
        write(self._path(number), file.getvalue())

    def take(self, number: int, file: Path) -> None:
        """Keep the file that a worker wrote."""
        os.replace(file, self._path(number))

    def reserve(self, rows: int) -> None:
        """Allocate the disk space for the vectors of all texts now, so that a full disk is an error before the work."""
        with self._reserved.open("wb") as file:
            self._write_header(file, rows)
            size = file.tell() + rows * self._dimensions * 4
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)

    def put_together(self, index: RowIndex) -> Path:
        """Write the vectors of all N texts, in parts.

        Parameters
        ----------
        index : (N,) int64
            Each text's row among the distinct texts.
        """
        rows = np.concatenate([np.empty(0, np.int64), *self._all])  # as they stand in the blocks, one after another
        place = np.empty_like(rows)
        place[rows] = np.arange(len(rows))
        loaded = [self._load(number) for number in range(len(self))]
        starts = np.cumsum([0, *map(len, loaded)])
        with self._reserved.open("r+b") as file:
            self._write_header(file, len(index))
            for first in range(0, len(index), _ROWS):
                places = place[index[first : first + _ROWS]]
                blocks = np.searchsorted(starts, places, side="right") - 1
                part = np.empty((len(places), self._dimensions), np.float32)
                for number in np.unique(blocks):
                    part[blocks == number] = loaded[number][places[blocks == number] - starts[number]]
                file.write(part.data)  # not `tofile`, whose error does not mention a full disk
        path = self.folder / VECTORS
        os.replace(self._reserved, path)
        return path

    def _path(self, number: int) -> Path:
        return self.folder / f"block-{number}.partial"

    def _load(self, number: int) -> Vectors:
        loaded: Vectors = np.load(self._path(number), mmap_mode="r", allow_pickle=False)
        return loaded

    def _write_header(self, file: Any, rows: int) -> None:
        header = np.lib.format.header_data_from_array_1_0(np.empty((0, 0), np.float32))
        np.lib.format.write_array_header_1_0(file, {**header, "shape": (rows, self._dimensions)})
