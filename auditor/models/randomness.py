"""Seeded randomness and a fixed number of threads, both restored for the caller."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch within the block, then restore the global generators of Python, NumPy and torch.

    Hugging Face's Trainer seeds all three whenever it is constructed, which must not affect the calling program.
    """
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


def threads_of(chosen: int | None) -> int:
    """Return the number of threads of a fine-tuning; None means torch's own number, which depends on the machine."""
    return chosen or torch.get_num_threads()


@contextmanager
def with_threads(count: int | None) -> Iterator[None]:
    """Let torch compute with ``count`` threads within the block; None changes nothing.

    How a sum is divided among threads changes its last bits.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
