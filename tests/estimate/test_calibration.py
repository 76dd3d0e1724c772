from __future__ import annotations

import numpy as np

from auditor.estimate.calibration import calibration


def test_calibration_is_shown_in_three_bins():
    forecast = np.repeat([0.3, 0.02, 0.1], 100)
    error = np.concatenate([np.arange(100) < 33, np.arange(100) < 1, np.arange(100) < 9])
    assert calibration(forecast[:199], error[:199]) is None
    found = calibration(forecast, error)
    assert found is not None
    assert [round(one.forecast, 3) for one in found] == [0.02, 0.1, 0.3]
    assert [one.errors.count for one in found] == [1, 9, 33]
