from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, ndtri

from auditor.estimate.calibration import bin_order, calibration, fit_bins, mean_p


def test_bins_are_of_about_the_same_size():
    assert np.bincount(bin_order(1000, 64)).tolist() == pytest.approx([15.6] * 64, abs=1)
    assert bin_order(3, 64).tolist() == [0, 1, 2]
    assert len(bin_order(0)) == 0


@pytest.mark.parametrize(("a", "b"), [(-3.0, 1.5), (-1.0, 0.0), (-5.0, 0.5), (0.0, -0.5)])
def test_a_fit_finds_what_made_the_errors(a: float, b: float):
    z = ndtri(1 - (np.arange(64) + 0.5) / 64)
    truth = expit(a + b * z)
    judged = np.full(64, 2000)
    found = fit_bins(judged, np.random.default_rng(0).binomial(judged, truth))
    assert found == pytest.approx(truth, abs=0.01)


@pytest.mark.parametrize("judged", [0, 1, 50, 10_000])
@pytest.mark.parametrize("right", [0.0, 1.0])
def test_a_fit_exists_whatever_the_verdicts(judged: int, right: float):
    counts = np.full(64, judged)
    found = fit_bins(counts, (counts * right).astype(int))
    assert np.isfinite(found).all()
    assert ((found > 0) & (found < 1)).all()


def test_the_head_of_the_order_alone_says_something_of_the_rest():
    judged = np.where(np.arange(64) < 8, 100, 0)
    few, many = (mean_p(fit_bins(judged, (judged * share).astype(int)), 100 - judged) for share in (0.05, 0.5))
    assert few < 0.05 < many


def test_audits_are_fitted_separately():
    rng = np.random.default_rng(0)
    judged = rng.integers(0, 50, (5, 64))
    errors = rng.binomial(judged, 0.2)
    together = fit_bins(judged, errors)
    assert together == pytest.approx(np.stack([fit_bins(*pair) for pair in zip(judged, errors, strict=True)]))


def test_calibration_is_shown_in_three_bins():
    forecast = np.repeat([0.3, 0.02, 0.1], 100)
    error = np.concatenate([np.arange(100) < 33, np.arange(100) < 1, np.arange(100) < 9])
    assert calibration(forecast[:199], error[:199]) is None
    found = calibration(forecast, error)
    assert found is not None
    assert [round(one.forecast, 3) for one in found] == [0.02, 0.1, 0.3]
    assert [one.errors.count for one in found] == [1, 9, 33]
