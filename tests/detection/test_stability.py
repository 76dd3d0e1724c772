from __future__ import annotations

import numpy as np
import pytest

from auditor.detection.stability import TIERS, stability, tiers


def rows(*values: int) -> np.ndarray:
    return np.array(values, np.bool_)


def test_the_share_of_the_repeats_that_judged_a_row_and_flag_it() -> None:
    flagged = [rows(1, 1, 0, 0, 0), rows(1, 0, 1, 0, 0), rows(1, 0, 0, 0, 0)]
    judged = [rows(1, 1, 1, 1, 0), rows(1, 1, 1, 1, 0), rows(1, 1, 0, 1, 0)]
    found = stability(flagged, judged)
    assert found.dtype == np.float32
    assert found == pytest.approx([1, 1 / 3, 1 / 2, 0, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("is_issue", "stable", "tier"),
    [
        (True, 1, "high"),
        (True, 2 / 3, "medium"),
        (True, 0, "medium"),
        (True, np.nan, "medium"),
        (False, 1, "low"),
        (False, 1 / 3, "low"),
        (False, 0, None),
        (False, np.nan, None),
    ],
)
def test_tiers(is_issue: bool, stable: float, tier: str | None) -> None:
    (found,) = tiers(rows(is_issue), np.array([stable], np.float32))
    assert (TIERS[found] if found >= 0 else None) == tier


def test_a_share_of_all_repeats_is_one() -> None:
    """Whatever their number: a sum of thirds would not be."""
    for repeats in range(1, 60):
        found = stability([rows(1)] * repeats, [rows(1)] * repeats)
        assert tiers(rows(1), found).tolist() == [TIERS.index("high")]
