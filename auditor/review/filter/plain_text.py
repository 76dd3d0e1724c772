"""Plain text: which texts hold it, whatever the case, in time and memory that grow with the texts alone."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

_BITE = 1 << 20
"""Bytes of text searched between two looks at the clock."""
_PER_TEXT = 64
"""Bytes that a text costs beside its own."""
_QUICK = 128
"""Characters that RE2 finds in linear time: the automaton of many more may not fit into its memory."""


class PlainText:
    """Search in N texts; safe to be used from many threads.

    Parameters
    ----------
    texts : (N,) ChunkedArray of str
    """

    def __init__(self, texts: pa.ChunkedArray) -> None:
        self._texts = texts
        lengths = np.concatenate([np.empty(0, np.int64), *(pc.binary_length(chunk) for chunk in texts.chunks)])
        self._edges = _edges(lengths)

    def find(self, sought: str, seconds: float) -> Mask | None:
        """(N,) bool: the texts that hold it; None if that takes more computing time."""
        end = time.thread_time() + seconds
        found = np.zeros(len(self._texts), dtype=np.bool_)
        for start, stop in zip(self._edges[:-1], self._edges[1:], strict=True):
            bite = self._texts.slice(start, stop - start)
            for piece in [bite] if len(bite) > 1 else _pieces(bite[0], len(sought)):
                if time.thread_time() > end:
                    return None
                found[start:stop] |= _holds(piece, sought)
        return found


def _edges(lengths: npt.NDArray[np.int64]) -> list[int]:
    """Where bites begin and end: each is of about :data:`_BITE` bytes, or one longer text alone."""
    block = np.cumsum(np.minimum(lengths, _BITE) + _PER_TEXT) // _BITE
    long = np.flatnonzero(lengths > _BITE)
    ends = np.flatnonzero(block[1:] != block[:-1]) + 1
    return np.unique(np.concatenate([[0, len(lengths)], ends, long, long + 1])).astype(int).tolist()  # type: ignore[no-any-return]


def _pieces(text: pa.StringScalar, characters: int) -> Iterator[pa.Array]:
    """Cut a long text so that whatever has so many characters stands in one of the pieces whole."""
    data = memoryview(text.as_buffer())
    overlap = 4 * (characters + 1)
    for start in range(0, len(data), _BITE):
        piece = data[max(start - overlap, 0) : start + _BITE]
        yield pa.array([str(piece, "utf-8", "ignore")])  # a character that is cut stands whole in the next


def _holds(texts: pa.Array | pa.ChunkedArray, sought: str) -> Mask:
    found = np.asarray(pc.match_substring(texts, sought[:_QUICK], ignore_case=True), dtype=np.bool_)
    if len(sought) > _QUICK and found.any():
        folded = pc.match_substring(_folded(texts.filter(pa.array(found))), _folded(pa.scalar(sought)).as_py())
        found = found.copy()
        found[found] = folded
    return found


def _folded(texts: pa.Array | pa.ChunkedArray | pa.Scalar) -> pa.Array | pa.ChunkedArray | pa.Scalar:
    """Fold the case of each character, as RE2 does: of a long s and the sign of kelvin too."""
    return pc.utf8_lower(pc.utf8_upper(texts.cast(pa.large_string())))
