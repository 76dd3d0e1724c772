"""The frozen encoder: texts → vectors.

Texts are sorted by length and batched up to a budget of tokens, which makes batches about equally expensive and nearly
free of padding. Identical texts are encoded once. If the hardware multiplies bfloat16 matrices, weights and activations
are bfloat16 (cosine to float32 above 0.9998); pooling is always float32.

On a CPU, each core encodes a batch of its own: the matrices are too small for cores to share without waiting for each
other. The vectors are the same for any number of cores.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from joblib import cpu_count
from transformers import AutoModel

from auditor.arrays import Counts, Float32, RowIndex, Vectors
from auditor.config import EncoderConfig
from auditor.models.randomness import with_threads
from auditor.models.transformer.device import pick_device, pick_dtype
from auditor.models.transformer.first_token import only_first_token
from auditor.models.transformer.weights import Weights, load
from auditor.run.artifacts import VECTORS
from auditor.storage import write

Progress = Callable[[int, int], None]

_TOKENISE_ROWS = 10_000
_SAVE_EVERY = 500  # batches, about half a minute of work on a small CPU


class Encoder:
    """A frozen transformer with masked mean or ``[CLS]`` pooling.

    Parameters
    ----------
    weights : Weights
    config : EncoderConfig
    device : str
        Name of the device, for :func:`auditor.models.transformer.device.pick_device`.

    Raises
    ------
    ModelError
        If the weights cannot be loaded.
    """

    def __init__(self, weights: Weights, config: EncoderConfig, device: str = "auto") -> None:
        self.config = config
        self.device = pick_device(device)
        self.dtype = pick_dtype(config.precision, self.device)
        self._tokenizer, model = load(weights, AutoModel, dtype=self.dtype)
        self._tokenizing = Lock()  # a tokenizer changes its settings when called, which fails beside another call
        if config.pooling == "cls":
            only_first_token(model)
        self._model = model.to(self.device).eval()
        self._budget = config.token_budget or default_budget(config, self.device)
        self._max_length = min(config.max_length, int(self._tokenizer.model_max_length))
        self.dimensions: int = model.config.hidden_size

    def encode(self, texts: Sequence[str], folder: Path, progress: Progress | None = None) -> Path:
        """Encode texts into ``folder/vectors.npy``: (N, D) float32.

        A folder left by a killed process is continued. The composition of batches does not depend on interruptions.

        Parameters
        ----------
        texts : sequence of N str
        folder : Path
            Folder used only for these texts and this encoder: its contents are assumed to be theirs.
        progress : callable, optional
            Called with (batches done, total batches).

        Returns
        -------
        Path
            Path of the file.

        Raises
        ------
        OSError
            If the disk is full.
        """
        unique, index = _unique(texts)
        lengths = self._lengths(unique)
        batches = list(token_batches(lengths, self._budget))

        def encode_batch(rows: RowIndex) -> Float32:
            return self._encode_batch([unique[row] for row in rows])

        with _Partial(folder, (len(unique), self.dimensions)) as partial, self._workers() as workers:
            left = batches[partial.done :]
            for rows, vectors in zip(left, workers.map(encode_batch, left), strict=True):
                partial.vectors[rows] = vectors
                partial.done += 1
                if partial.done % _SAVE_EVERY == 0:
                    partial.save()
                if progress:
                    progress(partial.done, len(batches))
            return _spread(partial.vectors, index, folder / VECTORS)

    @contextmanager
    def _workers(self) -> Iterator[ThreadPoolExecutor]:
        """Yield a pool with a thread for each core, or with one thread for a GPU; each thread computes on one core."""
        count = cpu_count() if self.device.type == "cpu" else 1
        with with_threads(1):
            pool = ThreadPoolExecutor(count, "auditor-encoder", torch.set_num_threads, (1,))
            try:
                yield pool
            finally:
                pool.shutdown(cancel_futures=True)

    def _lengths(self, texts: Sequence[str]) -> Counts:
        lengths = np.empty(len(texts), dtype=np.int64)
        for start in range(0, len(texts), _TOKENISE_ROWS):
            part = list(texts[start : start + _TOKENISE_ROWS])
            lengths[start : start + len(part)] = [len(ids) for ids in self._tokenize(part).input_ids]
        return lengths

    def _tokenize(self, texts: list[str], **options: Any) -> Any:
        with self._tokenizing:
            return self._tokenizer(texts, truncation=True, max_length=self._max_length, **options)

    def _encode_batch(self, texts: list[str]) -> Float32:
        batch = self._tokenize(texts, padding=True, return_tensors="pt").to(self.device)
        with torch.inference_mode():
            hidden = self._model(**batch).last_hidden_state.float()
            if self.config.pooling == "cls":
                pooled = hidden[:, 0]
            else:
                mask = batch["attention_mask"].unsqueeze(-1).float()
                pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        vectors: Vectors = pooled.cpu().numpy()
        return vectors


def default_budget(config: EncoderConfig, device: torch.device) -> int:
    """Return the token budget for a device. Plain AVX2 encodes a fifth more texts per second with the smaller one."""
    return 1024 if device.type == "cpu" and pick_dtype(config.precision, device) is torch.float32 else 4096


def token_batches(lengths: Counts, budget: int) -> Iterator[RowIndex]:
    """Yield batches of rows, longest first, whose longest length × size stays within a budget of tokens.

    A row longer than the budget is a batch by itself. Rows of equal length keep their order: the same lengths always
    produce the same batches.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, budget // max(1, int(lengths[order[start]])))
        yield order[start : start + size]
        start += size


class _Partial:
    """Vectors of the distinct texts in progress, and the number of batches on disk."""

    def __init__(self, folder: Path, shape: tuple[int, int]) -> None:
        self._file = folder / "unique.partial"
        self._state = folder / "progress.partial"
        size = shape[0] * shape[1] * 4
        self.done = self._batches_done() if self._file.is_file() and self._file.stat().st_size == size else 0
        if not self.done:
            self._state.unlink(missing_ok=True)  # it belongs to other vectors
            _reserve(self._file, size)
        self.vectors: Vectors = np.memmap(self._file, np.float32, "r+", shape=shape)

    def __enter__(self) -> _Partial:
        return self

    def _batches_done(self) -> int:
        """Return the recorded number of batches; 0 if it is missing or invalid."""
        try:
            done = json.loads(self._state.read_bytes())["batches"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return 0
        return done if type(done) is int and done > 0 else 0

    def save(self) -> None:
        self.vectors.flush()  # type: ignore[attr-defined]
        write(self._state, json.dumps({"batches": self.done}).encode())

    def __exit__(self, *_: object) -> None:
        self.save()


def _reserve(path: Path, size: int) -> None:
    """Allocate the disk space now: writing to a memory map on a full disk would kill the process."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate") and size:
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)


def _unique(texts: Sequence[str]) -> tuple[list[str], RowIndex]:
    """Return the distinct texts in order of appearance, and each text's position among them."""
    places: dict[str, int] = {}
    index = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.int64, len(texts))
    return list(places), index


def _spread(vectors: Vectors, index: RowIndex, path: Path) -> Path:
    """Write ``vectors[index]`` as ``.npy``, in parts."""
    header = np.lib.format.header_data_from_array_1_0(np.empty((0, 0), np.float32))
    header["shape"] = (len(index), vectors.shape[1])
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(index), _TOKENISE_ROWS):
            # Not `tofile`, whose error does not mention a full disk.
            file.write(np.ascontiguousarray(vectors[index[start : start + _TOKENISE_ROWS]]).data)
    return path
