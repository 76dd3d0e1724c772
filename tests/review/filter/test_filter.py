from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from auditor.detection import kinds, stability
from auditor.errors import FilterError
from auditor.review.filter.filter import KINDS, OF_THE_PAGE, QUEUE, TIERS, Filter, Kind, Tier
from auditor.review.log.event import VERDICTS

words = st.text(max_size=12) | st.sampled_from(
    ["", " ", "&", "=", "+", "%", "%41", "a&b=c", "#", "?", "\0", '["a","b"]']
)
several = st.lists(words, max_size=3).map(tuple)
numbers = st.none() | st.integers(0, 2**31 - 1)
shares = st.none() | st.floats(0, 1)

filters = st.builds(
    Filter,
    given=several,
    suggested=several,
    pair=st.lists(st.tuples(words, words), max_size=3).map(tuple),
    split=several,
    text=words,
    regex=st.booleans(),
    min_suspicion=shares,
    max_suspicion=shares,
    issue=st.none() | st.booleans(),
    kind=st.lists(st.sampled_from(Kind), max_size=3).map(tuple),
    tier=st.lists(st.sampled_from(Tier), max_size=3).map(tuple),
    verdict=st.lists(st.sampled_from(VERDICTS), max_size=3).map(tuple),
    reviewer=several,
    undecided=st.sampled_from([None, "anyone", "me"]),
    duplicate_group=numbers,
    group=numbers,
    ids=several,
    selection=st.none() | words,
)


@given(filters)
def test_a_query_says_the_whole_filter(filter: Filter) -> None:
    query = filter.to_query()
    assert query.isascii()
    assert Filter.from_query(query) == filter
    assert Filter.from_query(f"?{query}") == filter
    assert Filter.from_query(parse_qsl(query, keep_blank_values=True)) == filter  # as a web framework hands it on


@given(filters)
def test_what_is_said_of_the_page_is_passed_over(filter: Filter) -> None:
    about_the_page = "&".join(f"{name}=1" for name in sorted(OF_THE_PAGE))
    assert Filter.from_query(f"{about_the_page}&{filter.to_query()}") == filter


def test_kinds_and_tiers_are_those_of_the_detection() -> None:
    assert KINDS == kinds.KINDS
    assert TIERS == stability.TIERS
    assert Filter.from_query("kind=unclear&tier=low&tier=high") == Filter(kind=("unclear",), tier=("low", "high"))


def test_a_neutral_filter_says_nothing() -> None:
    assert Filter().to_query() == ""
    assert Filter.from_query("") == Filter()


def test_a_reviewer_starts_with_all_undecided_rows() -> None:
    assert QUEUE.to_query() == "undecided=anyone"


def test_queries_as_a_browser_writes_them() -> None:
    found = Filter.from_query(
        'given=joy&given=a%2Bb+c&pair=["joy",%20"love"]&issue=0&min_suspicion=0.5&text=%F0%9F%98%80'
    )
    assert found == Filter(
        given=("joy", "a+b c"), pair=(("joy", "love"),), issue=False, min_suspicion=0.5, text="\N{GRINNING FACE}"
    )


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("colour=red", "'colour'"),
        ("__class__=1", "'__class__'"),
        ("model_fields=1", "'model_fields'"),
        ("issue=true", "issue"),
        ("issue=", "issue"),
        ("issue=1&issue=1", "issue"),
        ("regex=yes", "regex"),
        ("text=a&text=b", "text"),
        ("text=" + "a" * 1001, "text"),
        ("min_suspicion=much", "min_suspicion"),
        ("min_suspicion=nan", "min_suspicion"),
        ("max_suspicion=1.1", "max_suspicion"),
        ("max_suspicion=inf", "max_suspicion"),
        ("group=-1", "group"),
        ("group=" + "9" * 5000, "group"),
        ("duplicate_group=1.5", "duplicate_group"),
        ("undecided=nobody", "undecided"),
        ("kind=wrong", "kind"),
        ("tier=high&tier=top", "tier"),
        ("verdict=keep&verdict=maybe", "verdict"),
        ("pair=joy", "pair"),
        ('pair=["joy"]', "pair"),
        ('pair=["joy",1]', "pair"),
        ("pair=" + "[" * 10_000, "pair"),
        ("given=%FF", "UTF-8"),
        ("pair=" + "x" * 100_000, "100,005 characters"),
        *((f"{name}=a&" * 1001, f"{name} has 1,001 values") for name in ("given", "pair", "ids", "issue", "reviewer")),
    ],
)
def test_what_is_wrong_is_named(query: str, named: str) -> None:
    with pytest.raises(FilterError) as caught:
        Filter.from_query(query)
    assert named in caught.value.what
    assert len(caught.value.what) < 300
    assert "\n" not in caught.value.what
    assert caught.value.todo


def test_a_query_that_was_taken_apart_already_has_no_more_values_than_another() -> None:
    with pytest.raises(FilterError, match="pair has 58,000 values; at most 1,000"):
        Filter.from_query([("pair", '["a", "b"]')] * 58_000)
    assert len(Filter.from_query([("pair", '["a", "b"]')] * 1000).pair) == 1000
    assert {name for name, field in Filter.model_fields.items() if isinstance(field.default, tuple)} == {
        name for name, field in Filter.model_fields.items() if field.metadata and name not in ("text", "note")
    }, "every field of several values says how many"


@pytest.mark.parametrize("fields", [{"text": "\ud800"}, {"given": ("\udfff",)}, {"colour": "red"}, {"issue": "red"}])
def test_what_no_address_could_say_is_no_filter(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Filter(**fields)


@given(filters)
def test_without_makes_fields_neutral_and_leaves_the_others(filter: Filter) -> None:
    left = filter.without("given", "issue")
    assert (left.given, left.issue) == ((), None)
    assert left.model_copy(update={"given": filter.given, "issue": filter.issue}) == filter


def test_equal_filters_are_one_key() -> None:
    assert len({Filter(given=("joy",)), Filter.from_query("given=joy"), Filter(given=["joy"])}) == 1  # type: ignore[arg-type]
