from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.wording import inside


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((0, "0.00"), (1e-9, "< 0.01"), (0.0049, "< 0.01"), (0.01, "0.01"), (0.5, "0.50")),
        *((0.994, "0.99"), (0.9951, "> 0.99"), (1 - 1e-9, "> 0.99"), (1, "1.00")),
    ],
)
def test_a_share_is_not_rounded_to_its_ends(value: float, expected: str) -> None:
    assert inside(value) == expected


@given(st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(1, 6))
def test_only_the_ends_are_shown_as_the_ends(value: float, digits: int) -> None:
    shown = inside(value, digits)
    assert shown[0] in "<>" or 0 < float(shown) < 1
