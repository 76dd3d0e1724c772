"""The map: two coordinates per row that place rows with similar vectors close together."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

from auditor.arrays import Float32, Vectors
from auditor.config import DetectionConfig
from auditor.detection.neighbours.neighbours import nearest

_FEWEST = 5
"""Fewest rows for t-SNE, which needs neighbours."""
_SMALL = 2_000
"""Most rows for t-SNE, which takes 8 s for them and 28 s for 5,000, where UMAP takes 9 s. UMAP's very first map waits
another 20 s for Numba to compile it, so small datasets do without."""


def make_map(vectors: Vectors, config: DetectionConfig, seed: int) -> Float32:
    """Lay the vectors out in two dimensions.

    Each feature is first scaled to [0, 1]; distances are cosine. Up to 2,000 rows are laid out by t-SNE (van der Maaten
    and Hinton 2008), more by UMAP (McInnes, Healy and Melville 2018), very few by PCA.

    Parameters
    ----------
    vectors : (N, D) float32
    config : DetectionConfig
        ``map_rows`` (of more rows, a sample is laid out) and ``map_neighbours``.
    seed : int
        Seed of the sample and of the layout, which uses one thread: the same seed gives the same map.

    Returns
    -------
    (N, 2) float32
        Coordinates in [0, 1]; NaN for rows outside the sample.
    """
    points = np.full((len(vectors), 2), np.nan, dtype=np.float32)
    if len(vectors):
        sample = np.random.default_rng(seed).permutation(len(vectors))[: config.map_rows]
        sample.sort()
        points[sample] = MinMaxScaler().fit_transform(_lay_out(vectors[sample], config, seed))
    return points


def map_seconds(rows: int, config: DetectionConfig) -> float:
    """Estimate the seconds that :func:`make_map` takes on two cores; the layout reports no progress."""
    laid_out = min(rows, config.map_rows)
    return laid_out / 260 if laid_out <= _SMALL else 4 + laid_out / 1_000


def _lay_out(vectors: Vectors, config: DetectionConfig, seed: int) -> Float32:
    scaled = MinMaxScaler().fit_transform(vectors)
    if not np.ptp(scaled, axis=0).any():
        return np.zeros((len(vectors), 2), dtype=np.float32)
    if len(vectors) < _FEWEST or scaled.shape[1] < 2:
        components = min(2, *scaled.shape)
        flat = PCA(components, svd_solver="full").fit_transform(scaled)
        return np.pad(flat, ((0, 0), (0, 2 - components)))
    if len(vectors) <= _SMALL:
        return _by_tsne(scaled, config.map_neighbours, seed)
    return _by_umap(scaled, min(config.map_neighbours, len(vectors) - 1), config.exact_neighbours_to, seed)


def _by_tsne(scaled: Float32, neighbours: int, seed: int) -> Float32:
    perplexity = min(neighbours, (len(scaled) - 1) / 3)
    layout = TSNE(perplexity=perplexity, max_iter=500, metric="cosine", init="pca", random_state=seed, n_jobs=1)
    with threadpool_limits(1, user_api="openmp"):  # sums of several threads would differ from run to run
        points: Float32 = layout.fit_transform(scaled)
    return points


def _by_umap(scaled: Float32, neighbours: int, exact_to: int, seed: int) -> Float32:
    """Lay many rows out; of 20,000, UMAP's own search for the nearest rows took three quarters of the time."""
    from umap import UMAP  # its import takes seconds

    from auditor.detection.neighbours.compiled import keep_compiled

    keep_compiled("umap")
    index, similarity = nearest(scaled, neighbours - 1, exact_to, seed)
    own = np.arange(len(scaled), dtype=np.int32)[:, None]  # to UMAP, a row is its own nearest
    distance = np.maximum(1 - similarity, 0)
    found = np.hstack([own, index]), np.hstack([np.zeros_like(own, dtype=np.float32), distance]), None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "precomputed_knn", UserWarning)  # it cannot place other rows
        layout = UMAP(
            n_components=2,
            metric="cosine",
            n_neighbors=neighbours,
            precomputed_knn=found,
            random_state=seed,
            n_jobs=1,
        )
        points: Float32 = layout.fit_transform(scaled)
    return points
