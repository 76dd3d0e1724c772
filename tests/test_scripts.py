from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.scripts import has_unspaced, ngrams, revision, runs, words_of

UNSPACED = "我爱日本語の手机ｶﾞ々〇ภาษาไทยน่ารักລາວខ្មែរမြန်မာ\U00020000"
WITH_SPACES = "plain Çà và ёлка Ελλάδα עברית كتاب हिन्दी தமிழ் 한국어 བོད 😂 ・。，！？ 12 ¾ _"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我很高兴", ["我 很 高 兴"]),
        ("我用iPhone15手机,好", ["我 用", "手 机", "好"]),
        ("日本語のテキスト", ["日 本 語 の テ キ ス ト"]),
        ("ｶﾞ か\u3099", ["ｶﾞ", "か\u3099"]),
        ("ไม่ดี เลย", ["ไม่ ดี", "เล ย"]),
        ("ខ្មែរ", ["ខ្មែ រ"]),
        ("မြန်မာ", ["မြ န် မာ"]),
        ("人\u200b人", ["人", "人"]),
    ],
)
def test_runs(text: str, expected: list[str]) -> None:
    assert [" ".join(units) for units in runs(text)] == expected


def test_ngrams_stay_within_a_run() -> None:
    assert ngrams("高兴!好", 1, 2) == ["高", "兴", "高兴", "好"]
    assert ngrams("高兴!好", 2, 3) == ["高兴"]
    assert words_of("好") == ["好"]
    assert words_of("很高兴") == ["很高", "高兴", "很高兴"]


@given(st.text(st.sampled_from(UNSPACED) | st.characters()))
def test_no_character_of_a_run_is_lost(text: str) -> None:
    kept = "".join("".join(units) for units in runs(text))
    assert kept == "".join(character for character in text if has_unspaced(character))


@pytest.mark.parametrize("text", WITH_SPACES.split())
def test_texts_in_other_scripts_have_no_runs(text: str) -> None:
    for form in (text, unicodedata.normalize("NFD", text)):
        assert not has_unspaced(form)
        assert ngrams(form, 1, 3) == []


def test_only_stages_of_texts_without_spaces_run_again() -> None:
    assert revision([*WITH_SPACES.split(), ""]) == {}
    assert revision(["plain", "我"]) != {}
