from __future__ import annotations

import numpy as np

from auditor.estimate.facts import FOLDS, STATIC, Facts


def test_the_design_is_ordered_as_the_inputs_are() -> None:
    rank = np.array([3, 1, 4, 2])
    signals = np.array([[0.1, np.nan], [0.5, np.nan], [0.1, np.nan], [0.9, np.nan]])
    facts = Facts.of(rank, np.array([0, 1, 1, 0]), np.array([1, 0, -1, 1]), signals)
    assert np.argsort(-facts.design[:, STATIC]).tolist() == [1, 3, 0, 2]
    assert facts.design[0, 2] == facts.design[2, 2] < facts.design[1, 2] < facts.design[3, 2]
    assert not facts.design[:, 3].any()  # a signal that says nothing
    assert facts.pair[0] == facts.pair[3]
    assert len(set(facts.pair.tolist())) == facts.pairs == 3
    assert facts.labels == 2


def test_sums_of_the_design_are_exact() -> None:
    generator = np.random.default_rng(0)
    rows = 100_000
    facts = Facts.of(generator.permutation(rows), np.zeros(rows, int), np.ones(rows, int), generator.random((rows, 2)))
    assert np.abs(facts.design).max() < 8
    assert np.array_equal(facts.design * 1024, np.rint(facts.design * 1024))


def test_a_part_keeps_all_that_its_rows_had() -> None:
    generator = np.random.default_rng(0)
    parts = generator.integers(0, 3, (2, 200))
    facts = Facts.of(generator.permutation(200), *parts, generator.random((200, 2)), generator.normal(size=(200, 8)))
    rows = np.array([3, 50, 51, 199])
    part = facts.take(rows)
    assert (len(part), part.labels, part.pairs) == (4, facts.labels, facts.pairs)
    for name in ("design", "given", "pair", "fold", "vectors"):
        assert np.array_equal(getattr(part, name), getattr(facts, name)[rows])


def test_folds_are_about_as_large_and_mixed() -> None:
    facts = Facts.of(np.arange(10_000), np.zeros(10_000, int), np.ones(10_000, int), np.zeros((10_000, 0)))
    assert np.ptp(np.bincount(facts.fold, minlength=FOLDS)) < 200
