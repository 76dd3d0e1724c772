from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report.load.tokens import READ_CHARACTERS, Counts, stand_out, tokens_of

WORDS = st.lists(st.lists(st.sampled_from(["sun", "rain", "@me", "#sky", "12"]), max_size=4).map(" ".join), max_size=30)


@pytest.mark.parametrize(
    ("text", "token", "special"),
    [
        ("Sunny", "sunny", False),
        ("don't", "don't", False),
        ("see https://a.example/b?c=d now", "URL", True),
        ("www.a.example", "URL", True),
        ("@Some_One hi", "@user", True),
        ("#MondayMood", "#mondaymood", True),
        ('<a href="x">', "<a>", True),
        ("</DIV>", "</div>", True),
        ("&amp;", "&amp;", True),
        ("a href http", "href", True),
        ("12.50", "0–9", True),
        ("really?!", "?!", True),
        ("😀", "😀", True),
        ("我高兴", "高兴", False),
        ("iPhone手机", "手机", False),
        ("iPhone手机", "iphone", False),
        ("好!", "好", False),
        ("ภาษาไทย", "ไทย", False),
    ],
)
def test_tokens(text: str, token: str, special: bool) -> None:
    assert (token, special) in tokens_of(text)


@given(st.text())
def test_any_text_has_tokens_that_are_not_blank(text: str) -> None:
    assert all(token.strip() for token, _ in tokens_of(text))


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert tokens_of("a " * READ_CHARACTERS + "end") == {("a", False)}
    assert tokens_of("<a" * 500_000) == {("a", False)}


def test_a_text_counts_once() -> None:
    assert Counts.of(["so so so", "so"]).tokens[("so", False)] == 2


def test_what_only_one_side_has_stands_out_there_and_nowhere_else() -> None:
    part, rest = Counts.of(["we fly http"] * 10 + ["we walk"] * 10), Counts.of(["we walk"] * 200)
    found = {token.text: token for token in stand_out(part, rest)}
    assert set(found) == {"fly", "http"}
    assert found["http"].special
    assert not found["fly"].special
    assert (found["fly"].texts, found["fly"].others) == (10, 0)
    assert [token.text for token in stand_out(rest, part)] == ["walk"]


def test_rare_tokens_need_more_than_luck() -> None:
    part, rest = Counts.of(["rare"] * 2 + ["usual"] * 98), Counts.of(["usual"] * 900)
    assert stand_out(part, rest) == ()


@given(WORDS, WORDS)
def test_no_token_stands_out_on_both_sides(one: list[str], other: list[str]) -> None:
    a, b = Counts.of(one), Counts.of(other)
    assert not {token.text for token in stand_out(a, b)} & {token.text for token in stand_out(b, a)}


@given(WORDS)
def test_a_part_does_not_stand_out_against_its_like(texts: list[str]) -> None:
    assert stand_out(Counts.of(texts), Counts.of(texts)) == ()


@given(WORDS, WORDS)
def test_counts_add_up(one: list[str], other: list[str]) -> None:
    assert Counts.of(one) + Counts.of(other) == Counts.of(one + other)
