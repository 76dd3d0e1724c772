"""The nearest judged texts of every row, kept up to date while verdicts come in and are taken back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from auditor.arrays import Vectors

Rows = npt.NDArray[np.integer]

NEAREST = 15
DIMENSIONS = 64
_NONE = np.float32(-(2.0**15))
"""Similarity of a free place in a list, and of a row to itself. That of two rows is nearer to 0: see whole_vectors."""
_BLOCK, _CELLS, _SAMPLE = 8_192, 1 << 22, 20_000
_LARGEST, _DEVIATIONS = 127, 6.0
_REBUILT = 64
"""Number of new verdicts from which all lists are rebuilt: one product of matrices is quicker than its columns."""


def whole_vectors(vectors: npt.NDArray[np.floating]) -> Vectors:
    """Shorten unit vectors to 64 whole numbers each, so that sums of products are exact.

    They are projected on the 64 directions of greatest second moment and rounded, ±127 standing for six times the mean
    size of an entry. A product of two is a whole number between ±2**15, its partial sums are between ±2**24: float32
    holds them all, so that every processor and every block size finds the same similarity.

    Parameters
    ----------
    vectors : (N, D) float
        Need not be of unit length; a zero vector stays one.

    Returns
    -------
    (N, min(D, 64)) float32
    """
    size = vectors.shape[1]
    sample = _unit(vectors[:: max(1, len(vectors) // _SAMPLE)]).astype(np.float64)
    directions = np.linalg.eigh(sample.T @ sample)[1][:, ::-1][:, : min(size, DIMENSIONS)]
    directions *= np.where(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])] < 0, -1, 1)
    directions = np.rint(directions * 1024).astype(np.float32)
    out = np.empty((len(vectors), directions.shape[1]), np.float32)
    scale = _LARGEST * np.sqrt(out.shape[1]) / _DEVIATIONS
    for start in range(0, len(vectors), _BLOCK):
        block = np.rint(_unit(vectors[start : start + _BLOCK]) * 4096) @ directions
        np.clip(np.rint(block * np.float32(scale / 4096 / 1024)), -_LARGEST, _LARGEST, out=out[start : start + _BLOCK])
    return out


def _unit(vectors: npt.NDArray[np.floating]) -> Vectors:
    block = np.asarray(vectors, np.float32)
    unit: Vectors = block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), np.float32(1e-12))
    return unit


class _Lists:
    """The nearest rows of each of N rows, unsorted, with their similarities.

    Of equally similar rows, the first in the dataset are kept. So a list does not depend on who came first.
    """

    def __init__(self, length: int) -> None:
        self._rows = np.full((length, NEAREST), length, np.int32)  # N stands for nobody
        self._similarities = np.full((length, NEAREST), _NONE, np.int16)
        self._least = np.full(length, _NONE, np.float32)
        self._slot = np.zeros(length, np.int8)  # of the least similar one, or the first free one

    def offer(self, row: int, similarities: Vectors, to: Rows | None = None) -> None:
        """Put a row into those lists, of all or of some rows, that it is near enough for."""
        here = np.flatnonzero(similarities >= (self._least if to is None else self._least[to]))
        at = here if to is None else to[here]
        slot, least, mine = self._slot[at], self._least[at], similarities[here]
        nearer = (mine > least) | ((mine > _NONE) & (row < self._rows[at, slot]))
        at, slot = at[nearer], slot[nearer]
        self._rows[at, slot], self._similarities[at, slot] = row, mine[nearer]
        filling = (least[nearer] == _NONE) & (slot < NEAREST - 1)
        self._slot[at[filling]] += 1
        self._find_least(at[~filling])

    def put(self, at: Rows, rows: Rows, similarities: Vectors) -> None:
        """Replace whole lists by others, (n, up to 15), the free places last."""
        self._rows[at], self._similarities[at] = len(self._rows), _NONE
        self._rows[at, : rows.shape[1]] = np.where(similarities > _NONE, rows, len(self._rows))
        self._similarities[at, : rows.shape[1]] = similarities
        self._find_least(at)

    def sums(self, surprises: Vectors, at: Rows | slice) -> npt.NDArray[np.float32]:
        """(n,) sums over the lists of some rows; whole numbers below 2**24, and so exact."""
        rows = self._rows[at].ravel()
        ends = np.arange(0, len(rows) + 1, NEAREST, dtype=np.int32)
        ones = np.ones(len(rows), np.float32)
        sums: npt.NDArray[np.float32] = csr_array((ones, rows, ends), (len(ends) - 1, len(surprises))) @ surprises
        return sums

    def of(self, row: int) -> Rows:
        """Rows in the list of a row."""
        rows: Rows = self._rows[row]
        return rows[rows < len(self._rows)]

    def holding(self, gone: Rows) -> Rows:
        """Those whose lists hold one of some rows."""
        away = np.zeros(len(self._rows) + 1, np.float32)
        away[gone] = 1
        blocks = range(0, len(self._rows), _BLOCK)
        return np.flatnonzero(np.concatenate([self.sums(away, slice(start, start + _BLOCK)) for start in blocks]))

    def _find_least(self, at: Rows) -> None:
        similarities = self._similarities.take(at, axis=0)
        least = similarities.min(axis=1)
        # Of the least similar ones, the last in the dataset goes first; of free places, the first is filled first.
        last = np.where(similarities == least[:, None], self._rows.take(at, axis=0), -1)
        self._least[at], self._slot[at] = least, last.argmax(axis=1)


class Nearest:
    """For every row, the 15 most similar judged rows, and the 15 of the same given label; never the row itself.

    What it holds depends on which rows are judged, not on when they were.

    Parameters
    ----------
    vectors : (N, D) float32
        From :func:`whole_vectors`.
    given : (N,) int
        Codes of the given labels.
    """

    def __init__(self, vectors: Vectors, given: npt.NDArray[np.integer]) -> None:
        self._vectors, self._given = vectors, given
        self._judged = np.zeros(len(given), np.bool_)
        self._any, self._same = _Lists(len(given)), _Lists(len(given))
        order = np.argsort(given, kind="stable").astype(np.int32)
        ends = np.searchsorted(given[order], np.arange(int(given.max(initial=0)) + 2))
        self._of_label = [order[start:end] for start, end in pairwise(ends)]
        self._counts = np.zeros(len(self._of_label), np.int64)

    def hold(self, rows: npt.NDArray[np.integer]) -> None:
        """Bring the lists up to date with the rows that are judged now."""
        now = np.zeros(len(self._given), np.bool_)
        now[rows] = True
        gone, new = np.flatnonzero(self._judged & ~now), np.flatnonzero(now & ~self._judged)
        if len(gone) + len(new) < _REBUILT:
            self._judged[gone] = False
            self._forget(gone)
            for row in new.tolist():
                self._add(row)
        else:
            self._judged = now
            self._fill(self._any, np.arange(len(now)), np.flatnonzero(now))
            for label in np.unique(self._given[np.concatenate([gone, new])]).tolist():
                self._fill(self._same, self._of_label[label], self._alike(label))
        self._counts = np.bincount(self._given[self._judged], minlength=len(self._of_label))

    def sums(self, surprises: npt.NDArray[np.float32], rows: Rows | slice) -> npt.NDArray[np.float32]:
        """(n, 2) sums of the surprises over the lists of some rows: of any given label, and of the same.

        Parameters
        ----------
        surprises : (N + 1,) float32
            Whole numbers up to 2**20, 0 for rows that are not judged; the last is 0.
        rows : (n,) int or slice
        """
        return np.stack([self._any.sums(surprises, rows), self._same.sums(surprises, rows)], axis=1)

    def rows(self, row: int) -> npt.NDArray[np.int64]:
        """(n,) rows in either list of a row, the nearest first."""
        rows = np.union1d(self._any.of(row), self._same.of(row)).astype(np.int64)
        return rows[np.argsort(-(self._vectors[rows] @ self._vectors[row]), kind="stable")]

    def counts(self, rows: Rows | slice) -> npt.NDArray[np.int64]:
        """(n, 2) lengths of the lists of some rows."""
        same = self._counts[self._given[rows]]
        both = np.stack([np.full(len(same), self._counts.sum()), same], axis=1) - self._judged[rows, None]
        counts: npt.NDArray[np.int64] = np.minimum(both, NEAREST)
        return counts

    def _alike(self, label: int) -> Rows:
        rows = self._of_label[label]
        return rows[self._judged[rows]]

    def _add(self, row: int) -> None:
        similarities = self._vectors @ self._vectors[row]
        similarities[row] = _NONE
        self._any.offer(row, similarities)
        alike = self._of_label[self._given[row]]
        self._same.offer(row, similarities[alike], alike)
        self._judged[row] = True

    def _forget(self, gone: Rows) -> None:
        if not len(gone):
            return
        self._fill(self._any, self._any.holding(gone), np.flatnonzero(self._judged))
        held = self._same.holding(gone)
        for label in np.unique(self._given[held]).tolist():
            self._fill(self._same, held[self._given[held] == label], self._alike(label))

    def _fill(self, lists: _Lists, rows: Rows, among: Rows) -> None:
        """Find the lists of some rows among some judged ones from the beginning."""
        step, kept = max(1, min(_BLOCK, _CELLS // max(1, len(among)))), min(NEAREST, len(among))
        for start in range(0, len(rows), step):
            at = rows[start : start + step]
            similarities = self._vectors[at] @ self._vectors[among].T
            similarities[at[:, None] == among] = _NONE
            # Whole numbers still, no two of a row equal: the first in the dataset is the larger.
            keys = similarities.astype(np.float64) * len(among) - np.arange(len(among))
            best = np.argpartition(-keys, kept - 1, axis=1)[:, :kept] if kept else np.empty((len(at), 0), np.intp)
            best = np.take_along_axis(best, np.argsort(-np.take_along_axis(keys, best, axis=1), axis=1), axis=1)
            lists.put(at, among[best], np.take_along_axis(similarities, best, axis=1))
