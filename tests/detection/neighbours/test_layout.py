from __future__ import annotations

import numpy as np
import pytest

from auditor.config import DetectionConfig
from auditor.detection import make_map
from auditor.detection.neighbours import layout

CONFIG = DetectionConfig()


def some_vectors(rows: int, width: int = 12) -> np.ndarray:
    return np.random.default_rng(rows).standard_normal((rows, width)).astype(np.float32)


@pytest.fixture(scope="module")
def clusters():
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(3), 40)
    vectors = (8 * np.eye(3, 12)[cluster] + rng.standard_normal((120, 12))).astype(np.float32)
    return cluster, vectors, make_map(vectors, CONFIG, 1)


@pytest.mark.slow
def test_clusters_stay_together(clusters):
    cluster, _, points = clusters
    assert points.dtype == np.float32
    assert points.shape == (120, 2)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (cluster[distance.argmin(axis=1)] == cluster).mean() > 0.95


@pytest.mark.slow
def test_clusters_stay_together_where_rows_are_many(clusters, monkeypatch):
    cluster, vectors, _ = clusters
    vectors = np.concatenate([vectors, np.repeat(vectors[:1], 30, axis=0), np.zeros((2, 12), dtype=np.float32)])
    monkeypatch.setattr(layout, "_SMALL", 50)
    points = make_map(vectors, CONFIG, 1)
    assert np.isfinite(points).all()
    distance = np.linalg.norm(points[:120, None] - points[None, :120], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (cluster[distance.argmin(axis=1)] == cluster).mean() > 0.95
    assert np.array_equal(points, make_map(vectors, CONFIG, 1))


def test_fills_the_unit_square(clusters):
    points = clusters[2]
    assert np.allclose(points.min(axis=0), 0, atol=1e-6)
    assert np.allclose(points.max(axis=0), 1, atol=1e-6)


def test_the_same_seed_gives_the_same_map(clusters):
    _, vectors, points = clusters
    assert np.array_equal(points, make_map(vectors, CONFIG, 1))


def test_more_rows_than_wanted_are_sampled(clusters):
    vectors = clusters[1]
    points = make_map(vectors, DetectionConfig(map_rows=30), 1)
    there = np.isfinite(points).all(axis=1)
    assert there.sum() == 30
    assert np.isnan(points[~there]).all()
    other = np.isfinite(make_map(vectors, DetectionConfig(map_rows=30), 2)).all(axis=1)
    assert not np.array_equal(there, other)


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 6, 16])
def test_few_rows(rows):
    points = make_map(some_vectors(rows), CONFIG, 0)
    assert points.shape == (rows, 2)
    assert ((points >= 0) & (points <= 1 + 1e-6)).all()


def test_no_rows():
    assert make_map(np.empty((0, 4), np.float32), CONFIG, 0).shape == (0, 2)


def test_vectors_without_any_difference():
    assert np.array_equal(make_map(np.ones((30, 4), np.float32), CONFIG, 0), np.zeros((30, 2)))


def test_many_copies_of_few_vectors():
    points = make_map(np.repeat(some_vectors(2), 20, axis=0), CONFIG, 0)
    assert np.isfinite(points).all()


def test_one_feature():
    points = make_map(np.arange(10, dtype=np.float32)[:, None], CONFIG, 0)
    assert np.ptp(points[:, 0]) == pytest.approx(1)
    assert not points[:, 1].any()
