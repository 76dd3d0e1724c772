"""The map: two numbers for each row, so that rows with similar vectors lie close together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler

from auditor.config import DetectionConfig

Points = npt.NDArray[np.float32]

_FEWEST = 5
"""Rows; UMAP needs some to make a graph of."""


def make_map(vectors: npt.NDArray[np.float32], config: DetectionConfig, seed: int) -> Points:
    """Lay the vectors out in two dimensions with UMAP (McInnes, Healy and Melville 2018).

    Each feature is first scaled to [0, 1]; distances are cosine. Very few rows are laid out by PCA.

    Parameters
    ----------
    vectors : (N, D) float32
    config : DetectionConfig
        ``map_rows``: of more rows, a sample is laid out; ``map_neighbours``.
    seed : int
        Of the sample and of UMAP, which works in one thread: the same seed gives the same map.

    Returns
    -------
    (N, 2) float32
        In [0, 1]; NaN for rows outside the sample.
    """
    points = np.full((len(vectors), 2), np.nan, dtype=np.float32)
    if len(vectors):
        sample = np.random.default_rng(seed).permutation(len(vectors))[: config.map_rows]
        sample.sort()
        points[sample] = MinMaxScaler().fit_transform(_lay_out(vectors[sample], config.map_neighbours, seed))
    return points


def map_seconds(rows: int, config: DetectionConfig) -> float:
    """About what :func:`make_map` takes on two cores; UMAP tells nothing of its progress."""
    return 8 + min(rows, config.map_rows) / 700


def _lay_out(vectors: npt.NDArray[np.float32], neighbours: int, seed: int) -> Points:
    scaled = MinMaxScaler().fit_transform(vectors)
    if not np.ptp(scaled, axis=0).any():
        return np.zeros((len(vectors), 2), dtype=np.float32)
    if len(vectors) < _FEWEST or scaled.shape[1] < 2:
        components = min(2, *scaled.shape)
        flat = PCA(components, svd_solver="full").fit_transform(scaled)
        return np.pad(flat, ((0, 0), (0, 2 - components)))
    from umap import UMAP  # its import takes seconds, which only making a map need cost

    from auditor.detection.neighbours.compiled import keep_compiled

    keep_compiled("umap")
    layout = UMAP(
        n_components=2,
        metric="cosine",
        n_neighbors=min(neighbours, len(vectors) - 1),
        random_state=seed,
        n_jobs=1,
    )
    points: Points = layout.fit_transform(scaled)
    return points
