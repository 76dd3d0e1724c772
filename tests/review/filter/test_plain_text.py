"""Plain text: it is found in bites of a bounded size, and as if there were none."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.review.filter import plain_text
from auditor.review.filter.plain_text import PlainText

LETTERS = "aAbBäÄσΣжЖ爱好รักั😀.* \n"
FOREVER = float("inf")


@pytest.fixture(autouse=True, scope="module")
def small_bites() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_text, "_BITE", 64)
        patch.setattr(plain_text, "_QUICK", 4)
        yield


@given(
    st.lists(st.lists(st.text(LETTERS, max_size=90), max_size=5), max_size=3),
    st.text(LETTERS, min_size=1, max_size=8),
    st.data(),
)
def test_it_finds_what_a_plain_search_would(chunks: list[list[str]], sought: str, data: st.DataObject) -> None:
    texts = [text for chunk in chunks for text in chunk]
    if texts and data.draw(st.booleans()):
        text = data.draw(st.sampled_from(texts))
        start = data.draw(st.integers(0, len(text)))
        sought = text[start : start + 9].swapcase() or sought
    found = PlainText(pa.chunked_array(chunks, pa.string())).find(sought, FOREVER)
    assert found is not None
    assert found.tolist() == [re.search(re.escape(sought), text, re.IGNORECASE) is not None for text in texts]


def test_words_are_found_where_no_spaces_are() -> None:
    texts = PlainText(pa.chunked_array([["我很高兴", "一点也不ＯＫ", "ภาษาไทยน่ารัก", "たのしい"]]))
    for row, sought in enumerate(["高兴", "ｏｋ", "น่ารัก", "のし"]):
        found = texts.find(sought, FOREVER)
        assert found is not None
        assert found.nonzero()[0].tolist() == [row]


@pytest.mark.parametrize(
    "texts", [["ä" * 10_000], ["ab"] * 5_000, ["a" * 63] * 100, ["", "a" * 65, "", "b" * 640, "c"]]
)
def test_a_bite_is_of_bounded_size_whatever_the_texts(monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> None:
    sizes, match = [], pc.match_substring

    def counted(bite: Any, pattern: str, **options: Any) -> Any:
        sizes.append(pc.sum(pc.binary_length(bite)).as_py() or 0)
        assert len(pattern) <= 4
        return match(bite, pattern, **options)

    monkeypatch.setattr(pc, "match_substring", counted)
    found = PlainText(pa.chunked_array([texts])).find("not there", FOREVER)
    assert found is not None
    assert not found.any()
    assert max(sizes) <= 2 * 64 + 4 * 10
    assert sum(sizes) >= sum(len(text.encode()) for text in texts)


def test_it_looks_at_the_clock_within_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    now, match = [0.0], pc.match_substring

    def slow(*arguments: Any, **options: Any) -> Any:
        now[0] += 1.0
        return match(*arguments, **options)

    monkeypatch.setattr(pc, "match_substring", slow)
    monkeypatch.setattr(plain_text.time, "thread_time", lambda: now[0])
    texts = PlainText(pa.chunked_array([["a" * 64_000]]))
    assert texts.find("b", 5.0) is None
    assert now[0] == 6.0


def test_of_a_long_text_to_find_re2_is_given_the_beginning_alone() -> None:
    texts = PlainText(pa.chunked_array([["so GLAD today", "so glad tomorrow", "so gl"]]))
    found = texts.find("SO glad TODAY", FOREVER)
    assert found is not None
    assert found.tolist() == [True, False, False]
