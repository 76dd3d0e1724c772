from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from auditor.estimate.logistic import UNIT, Observed, Strengths, _Point, _System, fit, fit_plain, learn_strengths


def made(seed: int, rows: int = 200, labels: int = 5, wrong: float | None = None) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(seed)
    design = np.rint(generator.normal(size=(rows, 4)) * 1024) / 1024
    design[:, 0] = 1
    groups = generator.integers(0, labels, rows)
    _, pairs = np.unique(groups * labels + generator.integers(0, labels, rows), return_inverse=True)
    chance = expit(design @ [-1, 1, 0.3, 0] + groups / 2 - 1) if wrong is None else np.full(rows, wrong)
    return design, groups, pairs, generator.random(rows) < chance


def dense(design: np.ndarray, groups: np.ndarray, pairs: np.ndarray, wrong: np.ndarray, how: Strengths) -> tuple:
    """Coefficients and the inverse Hessian, with a column for every shift."""
    labels, kinds = groups.max() + 1, pairs.max() + 1
    columns = np.concatenate([design, np.eye(labels)[groups], np.eye(kinds)[pairs]], axis=1)
    precision = np.concatenate([how.design, np.full(labels, how.group), np.full(kinds, how.pair)])
    found = np.zeros(columns.shape[1])
    for _ in range(60):
        chances = expit(columns @ found)
        hessian = (columns.T * (chances * (1 - chances))) @ columns + np.diag(precision)
        found += np.clip(np.linalg.solve(hessian, columns.T @ (wrong - chances) - precision * found), -3, 3)
    return np.split(found, [design.shape[1], design.shape[1] + labels]), np.linalg.inv(hessian)


HOW = Strengths(np.array([0.1, 0.1, 4.0, 4.0]), 1.0, 4.0)


@pytest.mark.parametrize("wrong", [None, 0.0, 1.0])
@pytest.mark.parametrize("rows", [1, 10, 200])
def test_eliminating_the_shifts_changes_nothing(rows: int, wrong: float | None) -> None:
    parts = made(3, rows, wrong=wrong)
    expected, _ = dense(*parts, HOW)
    found = fit(Observed.of(*parts), HOW, len(expected[1]), len(expected[2]))
    for mine, theirs in zip((found.weights, found.groups, found.pairs), expected, strict=True):
        assert np.allclose(mine, theirs, atol=2e-6)
        assert np.array_equal(mine / UNIT, np.rint(mine / UNIT))


def test_variances_are_those_of_the_whole_hessian() -> None:
    parts = made(5)
    (weights, groups, pairs), inverse = dense(*parts, HOW)
    seen = Observed.of(*parts)
    found = _System(seen, _Point(weights, groups[seen.groups], pairs[seen.pairs]), HOW).variances()
    every = np.diag(inverse)
    assert np.allclose(found.weights, every[:4], rtol=1e-3)
    assert np.allclose(found.groups, every[4:9][seen.groups], rtol=1e-3)
    assert np.allclose(found.pairs, every[9:][seen.pairs], rtol=1e-3)


def test_labels_that_differ_are_shrunk_less_than_labels_that_do_not() -> None:
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 40)
    design, ridge = np.ones((800, 1)), np.zeros(1, np.bool_)
    begun = Strengths(np.array([0.1]), 1.0, 4.0)
    differ = generator.random(800) < expit(2 * np.where(groups % 2, 1, -1))
    alike = generator.random(800) < 0.5
    precisions = [
        learn_strengths(Observed.of(design, groups, groups, wrong), begun, ridge, 2.0, 8).group
        for wrong in (differ, alike)
    ]
    assert precisions[0] < 1 < precisions[1]


def test_the_precision_of_one_label_stays_near_where_it_began() -> None:
    design, ridge = np.ones((30, 1)), np.zeros(1, np.bool_)
    begun = Strengths(np.array([0.1]), 1.0, 4.0)
    nobody = np.zeros(30, np.int64)
    found = learn_strengths(Observed.of(design, nobody, nobody, np.ones(30)), begun, ridge, 2.0, 8)
    assert 0.3 < found.group < 3


def test_parts_of_verdicts_give_back_the_line_that_made_them() -> None:
    x = np.linspace(-2, 2, 9)
    found = fit_plain(np.stack([np.ones(9), x], axis=1), expit(0.5 + 1.5 * x), 1e-6)
    assert found == pytest.approx([0.5, 1.5], abs=1e-4)
