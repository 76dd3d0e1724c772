"""The frozen encoder: texts → vectors.

Texts are sorted by length and batched up to a budget of tokens, which makes batches about equally expensive and nearly
free of padding. If the hardware multiplies bfloat16 matrices, weights and activations are bfloat16 (cosine to float32
above 0.9998); pooling is always float32.

On a CPU, each core encodes a batch of its own: the matrices are too small for cores to share without waiting for each
other. The vectors are the same for any number of cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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

_TOKENISE_ROWS = 10_000


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
        self.weights, self.config = weights, config
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

    def batches(self, texts: Sequence[str]) -> list[RowIndex]:
        """Return the rows of each batch, the longest texts first; see :func:`token_batches`."""
        return list(token_batches(self._lengths(texts), self._budget))

    def encode(
        self, batches: Sequence[Sequence[str]], progress: Callable[[int], None], cores: int | None = None
    ) -> Vectors:
        """Encode batches of texts.

        Parameters
        ----------
        batches : sequence of sequence of str
            N texts in all.
        progress : callable
            Called with the number of batches done.
        cores : int, optional
            Number of batches to encode at the same time on a CPU. Default: one per core.

        Returns
        -------
        (N, D) float32
        """
        vectors: list[Vectors] = [np.empty((0, self.dimensions), np.float32)]
        with self._workers(cores) as workers:
            for done, batch in enumerate(workers.map(self._encode_batch, batches), start=1):
                vectors.append(batch)
                progress(done)
        return np.concatenate(vectors)

    @contextmanager
    def _workers(self, cores: int | None = None) -> Iterator[ThreadPoolExecutor]:
        """Yield a pool with a thread for each core, or with one thread for a GPU; each thread computes on one core."""
        count = (cores or cpu_count()) if self.device.type == "cpu" else 1
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

    def _batch(self, texts: Sequence[str]) -> Any:
        """Return the padded tokens of a batch, on the device."""
        return self._tokenize(list(texts), padding=True, return_tensors="pt").to(self.device)

    def _encode_batch(self, texts: Sequence[str]) -> Float32:
        batch = self._batch(texts)
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
