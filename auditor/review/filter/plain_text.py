"""Plain text search, ignoring case, in time and memory linear in the texts."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.arrays import Counts, Mask

_BITE = 1 << 20
"""Bytes of text searched between two checks of the clock."""
_PER_TEXT = 64
"""Overhead of a text in bytes."""
_QUICK = 128
"""Characters that RE2 searches in linear time. Its automaton for many more may not fit into memory."""


class PlainText:
    """Search in N texts. Safe to use from many threads.

    Parameters
    ----------
    texts : (N,) ChunkedArray of str
    """

    def __init__(self, texts: pa.ChunkedArray) -> None:
        self._texts = texts
        lengths = np.concatenate([np.empty(0, np.int64), *(pc.binary_length(chunk) for chunk in texts.chunks)])
        self._edges = _edges(lengths)

    def find(self, sought: str, seconds: float) -> Mask | None:
        """Return the texts that contain ``sought`` as an (N,) mask; None if that takes more computing time."""
        end = time.thread_time() + seconds
        found = np.zeros(len(self._texts), dtype=np.bool_)
        for start, stop in zip(self._edges[:-1], self._edges[1:], strict=True):
            bite = self._texts.slice(start, stop - start)
            for piece in [bite] if len(bite) > 1 else _pieces(bite[0], len(sought)):
                if time.thread_time() > end:
                    return None
                found[start:stop] |= _holds(piece, sought)
        return found


def _edges(lengths: Counts) -> list[int]:
    """Return the edges of bites, each of about :data:`_BITE` bytes or one longer text."""
    block = np.cumsum(np.minimum(lengths, _BITE) + _PER_TEXT) // _BITE
    long = np.flatnonzero(lengths > _BITE)
    ends = np.flatnonzero(block[1:] != block[:-1]) + 1
    return np.unique(np.concatenate([[0, len(lengths)], ends, long, long + 1])).astype(int).tolist()  # type: ignore[no-any-return]


def _pieces(text: pa.StringScalar, characters: int) -> Iterator[pa.Array]:
    """Cut a long text into pieces that overlap by so many characters, so that no match is cut."""
    data = memoryview(text.as_buffer())
    overlap = 4 * (characters + 1)
    for start in range(0, len(data), _BITE):
        piece = data[max(start - overlap, 0) : start + _BITE]
        yield pa.array([str(piece, "utf-8", "ignore")])  # a character cut here is whole in the next piece


def _holds(texts: pa.Array | pa.ChunkedArray, sought: str) -> Mask:
    found = np.asarray(pc.match_substring(texts, sought[:_QUICK], ignore_case=True), dtype=np.bool_)
    if len(sought) > _QUICK and found.any():
        folded = pc.match_substring(_folded(texts.filter(pa.array(found))), _folded(pa.scalar(sought)).as_py())
        found = found.copy()
        found[found] = folded
    return found


def _folded(texts: pa.Array | pa.ChunkedArray | pa.Scalar) -> pa.Array | pa.ChunkedArray | pa.Scalar:
    """Fold the case of each character as RE2 does, including the long s and the kelvin sign."""
    return pc.utf8_lower(pc.utf8_upper(texts.cast(pa.large_string())))
