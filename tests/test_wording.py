from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.wording import inside, joined, quoted, shorten


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


@given(st.text(), st.integers(1, 50))
def test_shortened_texts_fit(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= length
    assert short == text if len(text) <= length else short.endswith("…")


def test_values_are_quoted_as_python_writes_them() -> None:
    assert quoted("a\n") == r"'a\n'"
    assert quoted("a" * 100, 10) == "'aaaaaaaa…"


def test_names_are_joined_as_in_a_sentence() -> None:
    assert [joined(list(names)) for names in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
