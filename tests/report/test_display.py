from __future__ import annotations

import html
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report.display import count, memory, plain, points, share, visible

ANYTHING = st.text(st.characters(codec=None))
HOSTILE = st.lists(st.sampled_from(["<", ">", "&", '"', "'", "\x00", "\u202e", "\u200b", "\u200d", "a", "é", "\ud800"]))


@given(ANYTHING | HOSTILE.map("".join))
def test_visible_text_has_no_markup_and_nothing_that_hides(text: str) -> None:
    shown = visible(text)
    without_ours = re.sub(r'<span class="code-point">U\+[0-9A-F]{4,6}</span>', "", shown)
    assert not set(without_ours) & set("<>\"'")
    assert not any(unicodedata.bidirectional(character) in {"RLO", "LRO", "RLE", "LRE"} for character in shown)
    assert not any(unicodedata.category(character) == "Cs" for character in shown)
    assert "\x00" not in shown


@given(ANYTHING)
def test_visible_loses_nothing(text: str) -> None:
    marked = re.sub(
        r'<span class="code-point">U\+([0-9A-F]+)</span>', lambda match: chr(int(match[1], 16)), visible(text)
    )
    assert html.unescape(marked) == html.unescape(html.escape(text))


def test_joiners_stay_in_emoji_and_scripts_but_not_within_ascii() -> None:
    assert visible("👩\u200d👧 می\u200cخواهم") == "👩\u200d👧 می\u200cخواهم"
    assert "U+200D" in visible("fe\u200del")


@given(ANYTHING, st.integers(1, 50))
def test_shortened_texts_fit(text: str, length: int) -> None:
    assert len(plain(text, max(length, 7))) <= max(length, 7)


def test_plain_is_one_visible_line_cut_in_the_middle() -> None:
    assert plain("a\n\tb \u202e", 10) == "a b \N{REPLACEMENT CHARACTER}"
    assert plain(" \n", 10) == "(blank)"
    assert plain("card_payment_fee_charged", 15) == "card_pa…charged"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0.0"), (0.021, "2.1"), (1.0, "100.0"), (0.0001, "< 0.1"), (0.9999, "> 99.9"), (0.5, "50.0")],
)
def test_shares_do_not_round_to_nothing_or_all(value: float, shown: str) -> None:
    assert share(value) == f"{shown}\u202f%"


def test_numbers_carry_units() -> None:
    assert count(1234567) == "1,234,567"
    assert [memory(value) for value in (5 * 2**20, 3 * 2**29)] == ["5\u202fMiB", "1.5\u202fGiB"]


def test_differences_carry_a_sign_unless_they_are_nothing() -> None:
    assert [points(value) for value in (0.0213, -0.0213, 0.0004, -0.0004, 0.0)] == ["+2.1", "−2.1", "0.0", "0.0", "0.0"]
