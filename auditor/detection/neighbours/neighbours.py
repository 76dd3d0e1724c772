"""Nearest rows by the cosine of their vectors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from auditor.arrays import Float32, FoldNumbers, RowIndex, Vectors

Progress = Callable[[int, int], None]

_CELLS = 1 << 25
"""Similarities in memory at a time in an exact search."""
_ROWS = 1 << 14
"""Rows whose candidates are compared at a time."""
CHECKED = 1_000
"""Rows that an approximate search is checked on."""
_SPARE = 5
"""Extra neighbours that the approximate search looks for, which makes the nearest ones more reliable."""


def nearest(
    vectors: Vectors, k: int, exact_to: int, seed: int, progress: Progress | None = None
) -> tuple[RowIndex, Float32]:
    """Find the k nearest other rows of each row, nearest first.

    The search is exact up to ``exact_to`` rows. Above, it uses nearest-neighbour descent (Dong, Moses and Li 2011;
    PyNNDescent) in one thread: the same seed gives the same neighbours on any number of CPUs. A row is never its own
    neighbour, identical vectors are ordinary neighbours, and a zero vector has similarity 0 to every other.

    Parameters
    ----------
    vectors : (N, D) float32
    k : int
    exact_to : int
        Most rows for an exact search.
    seed : int
        Seed of the approximate search.
    progress : callable of (done, total), optional
        Called with the number of rows done.

    Returns
    -------
    index : (N, k) int32
        Rows; -1 where there are fewer than k others. Ties are ordered by row; among ties for the last place, any.
    similarity : (N, k) float32
        Cosine in [-1, 1]; NaN where the index is -1.
    """
    if len(vectors) <= exact_to or min(k, len(vectors) - 1) <= 0:  # or there is nothing to find
        return nearest_exactly(vectors, k, 0, len(vectors), progress)
    index, similarity, wanted = _empty(len(vectors), len(vectors), k)
    candidates = _candidates(vectors, wanted, seed)  # first: it scales a copy, and there should be one at a time
    unit = _unit(vectors)
    for start in range(0, len(unit), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(unit)))
        index[rows, :wanted], similarity[rows, :wanted] = _ordered(unit, rows, candidates[rows], wanted)
        if progress:
            progress(start + len(rows), len(unit))
    return index, similarity


def nearest_exactly(
    vectors: Vectors, k: int, start: int, stop: int, progress: Progress | None = None
) -> tuple[RowIndex, Float32]:
    """Find the k nearest other rows of the rows from ``start`` to ``stop`` by an exact search; see :func:`nearest`.

    Parameters
    ----------
    vectors : (N, D) float32
    k, start, stop : int
        ``start`` must be a multiple of :func:`rows_per_product`.
    progress : callable of (done, total), optional

    Returns
    -------
    index : (R, k) int32
    similarity : (R, k) float32
        Of the R = ``stop`` - ``start`` rows.
    """
    index, similarity, wanted = _empty(stop - start, len(vectors), k)
    if wanted > 0:
        unit, size = _unit(vectors), rows_per_product(len(vectors))
        for first in range(start, stop, size):
            rows = np.arange(first, min(first + size, stop))
            found = _ordered(unit, rows, _closest(unit, rows, wanted), wanted)
            index[rows - start, :wanted], similarity[rows - start, :wanted] = found
            if progress:
                progress(int(rows[-1]) + 1 - start, stop - start)
    return index, similarity


def rows_per_product(rows: int) -> int:
    """Return the number of rows that an exact search of ``rows`` rows compares with all others in one matrix product.

    Matrix products of another shape may round differently.
    """
    return max(1, _CELLS // max(rows, 1))


def _empty(rows: int, others: int, k: int) -> tuple[RowIndex, Float32, int]:
    """Return results that are still empty, and the number of neighbours that there can be."""
    index = np.full((rows, k), -1, dtype=np.int32)
    return index, np.full((rows, k), np.nan, dtype=np.float32), min(k, others - 1)


def recall(vectors: Vectors, index: RowIndex, seed: int) -> float:
    """Measure what an approximate search has found: compare a sample of rows with all others.

    Parameters
    ----------
    vectors : (N, D) float32
    index : (N, k) int32
        As :func:`nearest` returns it.
    seed : int
        Seed of the sample of ``CHECKED`` rows.

    Returns
    -------
    float
        Share of the k nearest rows that were found. A row that is as near as the k-th counts as one of them.
    """
    wanted = min(index.shape[1], len(vectors) - 1)
    sample = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:CHECKED])
    rows, best = torch.from_numpy(_unit(vectors[sample])), torch.full((len(sample), wanted), -torch.inf)
    for start in range(0, len(vectors), _ROWS):
        block = torch.from_numpy(_unit(vectors[start : start + _ROWS]))
        products = rows @ block.T
        here = np.flatnonzero((sample >= start) & (sample < start + len(block)))
        products[here, sample[here] - start] = -torch.inf
        best = torch.cat([best, products], dim=1).topk(wanted, dim=1).values
    found = index[sample, :wanted]
    others = _unit(vectors[found.ravel()]).reshape(*found.shape, -1)
    similarity = np.einsum("rd,rkd->rk", rows.numpy(), others)
    near = similarity >= best.numpy()[:, -1:] - 1e-6
    return float((near & (found >= 0)).mean())


def nearest_in_folds(
    vectors: Sequence[Vectors],
    folds: FoldNumbers,
    k: int,
    exact_to: int,
    seed: int,
    progress: Progress | None = None,
) -> tuple[RowIndex, Float32]:
    """Find the k nearest other rows of each row within its fold; each fold's vectors have their own space.

    Parameters
    ----------
    vectors : sequence of (n, D) float
        Vectors of each fold's rows, in their order.
    folds : (N,) int
        Fold of each row; negative for rows without a fold.
    k, exact_to, seed, progress
        As for :func:`nearest`.

    Returns
    -------
    index : (N, k) int32
    similarity : (N, k) float32
        As for :func:`nearest`; rows without a fold have no neighbours.
    """
    index = np.full((len(folds), k), -1, dtype=np.int32)
    similarity = np.full((len(folds), k), np.nan, dtype=np.float32)
    done = 0
    for fold, part in enumerate(vectors):
        rows = np.flatnonzero(folds == fold)
        found, similarity[rows] = nearest(np.asarray(part, dtype=np.float32), k, exact_to, seed)
        index[rows] = np.where(found < 0, -1, rows[found])
        done += len(rows)
        if progress:
            progress(done, len(folds))
    return index, similarity


def _unit(vectors: Vectors) -> Vectors:
    """Scale vectors to length 1; zero vectors stay zero."""
    unit: Vectors = np.zeros(vectors.shape, np.float32)
    for start in range(0, len(vectors), _ROWS):  # in blocks: their squares would need as much memory as all vectors
        block = vectors[start : start + _ROWS]
        lengths = np.linalg.norm(block, axis=1, keepdims=True)
        np.divide(block, lengths, out=unit[start : start + _ROWS], where=lengths > 0)
    return unit


def _closest(unit: Vectors, rows: RowIndex, wanted: int) -> npt.NDArray[np.integer]:
    """Return the (R, wanted) rows with the largest products, by exact search."""
    points = torch.from_numpy(unit)
    products = points[rows[0] : rows[-1] + 1] @ points.T
    products[torch.arange(len(rows)), torch.from_numpy(rows)] = -torch.inf
    return products.topk(wanted, dim=1).indices.numpy()


def _candidates(vectors: Vectors, wanted: int, seed: int) -> npt.NDArray[np.integer]:
    """Return (N, C) likely nearest rows, C > wanted; a row may be among its own candidates, and -1 means none."""
    from pynndescent import NNDescent  # its import takes seconds

    from auditor.detection.neighbours.compiled import keep_compiled

    keep_compiled("pynndescent")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Failed to correctly find n_neighbors", category=UserWarning)
        search = NNDescent(
            np.ascontiguousarray(vectors, np.float32),
            metric="cosine",
            n_neighbors=min(wanted + 1 + _SPARE, len(vectors)),
            random_state=seed,
            n_jobs=1,
        )
        found: npt.NDArray[np.integer] = search.neighbor_graph[0]
    return found


def _ordered(
    unit: Vectors, rows: RowIndex, candidates: npt.NDArray[np.integer], wanted: int
) -> tuple[RowIndex, Float32]:
    """Return the (R, wanted) nearest of the candidates, and their similarities.

    The similarities are recomputed one by one: in a matrix product, those of identical vectors can differ by a rounding
    error that depends on their position.
    """
    candidates = np.sort(candidates, axis=1)
    similarity = np.empty(candidates.shape, dtype=np.float32)
    for column, others in enumerate(candidates.T):
        similarity[:, column] = np.einsum("rd,rd->r", unit[rows], unit[others])
    np.clip(similarity, -1, 1, out=similarity)
    similarity[(candidates == rows[:, None]) | (candidates < 0)] = -np.inf
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :wanted]
    candidates, similarity = np.take_along_axis(candidates, order, 1), np.take_along_axis(similarity, order, 1)
    none = similarity == -np.inf
    return np.where(none, -1, candidates).astype(np.int32), np.where(none, np.float32(np.nan), similarity)
