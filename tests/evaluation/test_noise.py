from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auditor.evaluation.noise import confused_noise, text_noise, uniform_noise

NAMES = ["anger", "fear", "joy", "love"]
CONFUSIONS = {"joy": ["love"], "love": ["joy", "fear"], "anger": ["fear"]}  # fear is taken for nothing
labels_of_four = st.lists(st.integers(0, 3), max_size=80).map(lambda codes: np.array(codes, dtype=np.int32))
shares = st.floats(0, 1)
seeds = st.integers(0, 2**32 - 1)


@given(labels_of_four, shares, seeds)
def test_uniform_noise_changes_so_many_rows_exactly(labels: np.ndarray, share: float, seed: int):
    before = labels.copy()
    noisy = uniform_noise(labels, 4, share, seed)
    assert noisy.dtype == np.int32
    assert (noisy != labels).sum() == round(share * len(labels))
    assert np.isin(noisy, range(4)).all()
    assert (labels == before).all()
    assert (noisy == uniform_noise(labels, 4, share, seed)).all()


def test_uniform_noise_spares_no_label_and_prefers_none():
    labels = np.repeat(np.arange(4, dtype=np.int32), 3000)
    noisy = uniform_noise(labels, 4, 1.0, 0)
    counts = np.bincount(labels * 4 + noisy, minlength=16).reshape(4, 4)
    assert (np.diag(counts) == 0).all()
    assert np.abs(counts[~np.eye(4, dtype=bool)] - 1000).max() < 130  # five standard deviations


@given(labels_of_four, shares, seeds)
def test_confused_noise_changes_labels_to_what_they_are_taken_for(labels: np.ndarray, share: float, seed: int):
    before = labels.copy()
    noisy = confused_noise(labels, NAMES, CONFUSIONS, share, seed)
    changed = np.flatnonzero(noisy != labels)
    assert noisy.dtype == np.int32
    assert len(changed) == min(round(share * len(labels)), int((labels != 1).sum()))
    assert all(NAMES[noisy[row]] in CONFUSIONS[NAMES[labels[row]]] for row in changed)
    assert (labels == before).all()
    assert (noisy == confused_noise(labels, NAMES, CONFUSIONS, share, seed)).all()


def test_the_seed_draws_the_rows():
    labels = np.zeros(100, dtype=np.int32)
    for noise in (
        lambda seed: uniform_noise(labels, 4, 0.2, seed),
        lambda seed: confused_noise(labels, NAMES, CONFUSIONS, 0.2, seed),
        lambda seed: text_noise(labels, np.full((100, 4), 0.25), 0.2, seed),
    ):
        assert not np.array_equal(noise(0), noise(1))


def test_text_noise_changes_labels_to_what_a_weak_model_takes_the_text_for():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 4000).astype(np.int32)
    probabilities = np.full((4000, 4), 0.01)
    probabilities[np.arange(4000), labels] = 0.97
    taken = np.arange(4000) < 1000  # for the next class, nine times as surely as for the two others together
    probabilities[taken, labels[taken]], probabilities[taken, (labels[taken] + 1) % 4] = 0.04, 0.94
    before = labels.copy()
    noisy = text_noise(labels, probabilities, 0.1, 1)
    changed = np.flatnonzero(noisy != labels)
    assert noisy.dtype == np.int32
    assert len(changed) == 400
    assert (labels == before).all()
    assert (noisy == text_noise(labels, probabilities, 0.1, 1)).all()
    assert taken[changed].mean() > 0.85
    assert (noisy[changed] == (labels[changed] + 1) % 4)[taken[changed]].mean() > 0.9
