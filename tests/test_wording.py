from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.wording import duration, in_python, inside, joined, quoted, shorten


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


@pytest.mark.parametrize(
    ("shell", "python"),
    [
        ("continue without them: --drop-invalid.", "continue without them: drop_invalid=True."),
        ("Choose one with --label.", "Choose one with label=."),
        (
            "'a --raw b' and the row's 'x --force' lack it: --raw.",
            "'a --raw b' and the row's 'x --force' lack it: raw=True.",
        ),
        ("Choose --text and --label, or --votes", "Choose text= and label=, or votes="),
        ("use the majority label: --label ''.", "use the majority label: label=''."),
        ("such as --label a.b, or another", "such as label='a.b', or another"),
        ("--quoting none reads them", "quoting='none' reads them"),
        ("use --encoding utf-8.", "use encoding='utf-8'."),
        ("Use --annotator if each row is a vote", "Use annotator= if each row is a vote"),
        ("as they are: --from columns.", "as they are: tool='columns'."),
        ("add --no-header.", "add header=False."),
        ("add --missing-labels 'a b,c' --drop-invalid", "add missing_labels='a b,c' drop_invalid=True"),
        ("--unreviewed suggest --wrong-at-most 5%", "unreviewed='suggest' wrong_at_most=0.05"),
        ("To skip it: --models features,lexical.", "To skip it: models='features,lexical'."),
        ("Give --to another name, or --force.", "Give to= another name, or force=True."),
        ("--to NAME.csv, NAME.jsonl", "to='NAME.csv', NAME.jsonl"),
        ("Choose one with --config.", "Choose one with ReadConfig.config=."),
        ("Train it: auditor retrain run --models lexical.", "Train it: auditor retrain run --models lexical."),
        ("Run auditor runs; then omit --label.", "Run auditor runs; then omit label=."),
        ("the column '--text' and x--text", "the column '--text' and x--text"),
    ],
)
def test_options_become_arguments_in_python(shell: str, python: str) -> None:
    assert in_python(shell) == python


def test_durations_are_rounded_to_two_units() -> None:
    assert [duration(value) for value in (0.04, 9.96, 59.6, 372.4, 3723)] == [
        "0.0\u202fs",
        "10.0\u202fs",
        "1\u202fmin",
        "6\u202fmin 12\u202fs",
        "1\u202fh 2\u202fmin",
    ]
