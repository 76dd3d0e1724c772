from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.review.view.pace import PAUSE, WINDOW, rate_per_hour

AT_ONCE = 1e9 + np.arange(5) * 1e-6
"""As the log stamps what it is sent together."""
SLOWLY = 1e9 + np.arange(5) * 20.0


@pytest.mark.parametrize(
    ("times", "seconds", "expected"),
    [
        (AT_ONCE, [10.0] * 5, 360),
        (AT_ONCE, [10.0, 10, 10, 10, 0], 450),  # one of them unknown
        (AT_ONCE, [0.0] * 5, None),
        (AT_ONCE, [np.nan] * 5, None),
        (AT_ONCE, [1e9] * 5, None),
        (AT_ONCE, [-5.0] * 5, None),
        (AT_ONCE, [1e-6] * 5, 7200),  # nobody reads so fast
        (SLOWLY, [5.0] * 5, 720),  # the rest of the time, another tab was looked at
        (SLOWLY, [0.0] * 5, 180),
        (SLOWLY, [np.nan, np.inf, 1e9, -1, 0], 180),
        (SLOWLY, [5.0, 0, 5, 0, 5], 3600 * 5 / 55),
        (SLOWLY[:4], [5.0] * 4, None),
    ],
)
def test_recorded_seconds_count_where_they_can_be_believed(
    times: np.ndarray, seconds: list[float], expected: float | None
) -> None:
    rate = rate_per_hour(times, np.array(seconds))
    assert rate == (None if expected is None else pytest.approx(expected))


def test_the_rate_is_over_recent_activity_and_leaves_pauses_out() -> None:
    slow, quick = np.arange(0, 600, 60.0), np.arange(10_000, 10_600, 6.0)
    assert rate_per_hour(slow) == pytest.approx(60)
    assert rate_per_hour(np.concatenate([slow, quick])) == pytest.approx(3600 * 108 / (540 + 594))
    long_ago = np.arange(-90_000, 0, 60.0)
    assert rate_per_hour(np.concatenate([long_ago, 10_000 + np.arange(0, WINDOW + 7, 6.0)])) == pytest.approx(600)
    assert rate_per_hour(np.arange(5) * PAUSE) == pytest.approx(12)
    assert rate_per_hour(np.arange(5) * (PAUSE + 1)) is None
    assert rate_per_hour(np.zeros(100)) is None
    assert rate_per_hour(np.arange(4.0)) is None
    assert rate_per_hour(np.empty(0)) is None


@given(st.lists(st.floats(0, 1e5), min_size=5, max_size=40), st.randoms())
def test_the_rate_does_not_depend_on_the_order_and_is_one_of_people(times: list[float], random: object) -> None:
    rate = rate_per_hour(np.array(times))
    random.shuffle(times)  # type: ignore[attr-defined]
    assert rate_per_hour(np.array(times)) == rate
    assert rate is None or 0 < rate <= 7200
