"""What stands among votes and is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.data.labels.abstentions import without_abstentions
from auditor.data.labels.votes import NO_VOTE

NAMES = ("joy", "love")
WORDS = ["nan", "NaN", "None", "N/A", "NA", "null", "?", "-", "ABSTAIN", "abstain", "<NA>", " abstain "]


def left(values: Any, labels: Any = None, raters: Any = None) -> list[Any]:
    column = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([pa.array(values)])
    who = pa.array(range(len(column)) if raters is None else raters)
    return without_abstentions(column, who, labels).values.to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("word", [*WORDS, "-1", "-1.0"])
@pytest.mark.parametrize("labels", [NAMES, None])
def test_words_for_none_are_no_vote(word: str, labels: Any) -> None:
    assert left(["joy", word, "love"], labels) == ["joy", None, "love"]
    assert left(["0", word, "1", "2"], labels and ("0", "1", "2")) == ["0", None, "1", "2"]


@pytest.mark.parametrize("word", [*WORDS, "-1"])
def test_a_given_label_is_a_vote(word: str) -> None:
    assert left(["joy", word], ("joy", word.strip())) == ["joy", word]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["racism", "sexism", "none"], "none"),
        (["Racism", "Sexism", "None"], "None"),
        (["FAVOR", "AGAINST", "NONE"], "NONE"),
        (["joy", "love", "None"], None),
        (["Joy", "Love", "none"], None),
        (["0", "1", "none"], None),
        (["+", "0", "-"], "-"),
        (["joy", "love", "-"], None),
    ],
)
def test_without_given_labels_none_may_be_a_class_among_others_like_it(values: list[str], expected: str | None) -> None:
    assert left(values) == [*values[:2], expected]


@pytest.mark.parametrize(
    ("values", "labels", "minus"),
    [
        ([0, 1, 2, -1], None, None),
        ([0, 1, -1, -1], (0, 1), None),
        ([1, 2, 3, -1], None, None),
        ([0.0, 1.0, 2.0, -1.0], None, None),
        ([1, 0, 1, -1], None, -1),  # the steps of a scale
        ([1, 1, 1, -1], None, -1),
        ([0, 1, -2, -1], None, -1),
        ([0, 2, -2, -1], (-2, 0, 2), -1),
        ([0, 1, 2, -1], (-1, 0, 1, 2), -1),
    ],
)
def test_minus_one(values: list[Any], labels: Any, minus: Any) -> None:
    assert left(values, labels and [*map(str, labels)])[3] == minus


def test_minus_one_beside_zero_and_one_is_told_by_the_raters() -> None:
    rng = np.random.default_rng(0)
    functions = [np.where(rng.random(40) < 0.5, -1, only) for only in (0, 1, 1)]
    people = [rng.integers(-1, 2, 40) for _ in range(3)]
    raters = np.repeat([1, 2, 3], 40)
    assert -1 not in left(np.concatenate(functions), raters=raters)
    assert -1 in left(np.concatenate(people), raters=raters)
    crowd = without_abstentions(pa.chunked_array([[-1, 0, -1, 1]]), pa.array([1, 1, 2, 2]))
    assert crowd.values.null_count == 0, "two votes of a rater tell nothing"
    assert crowd.doubt is not None
    assert "-1 is read as a label, beside 0, 1" in crowd.doubt


@pytest.mark.parametrize("labels", [None, ("joy", "love")])
def test_a_category_for_none_is_no_class(labels: Any) -> None:
    column = pa.chunked_array([pa.array(["joy", "nan"]).dictionary_encode(), pa.array(["love"]).dictionary_encode()])
    cast = without_abstentions(column, pa.array([1, 2, 3]), labels)
    assert cast.values.to_pylist() == ["joy", None, "love"]
    assert cast.values.chunk(0).dictionary.to_pylist() == ["joy", "love"]


def test_they_are_counted() -> None:
    cast = without_abstentions(pa.chunked_array([["joy", "-1", "?", "?", None]]), pa.array(range(5)))
    assert cast.note(4) == "4 abstentions ('-1', '?', blank) are not counted as votes."
    assert cast.note(3) == "3 abstentions ('-1', '?') are not counted as votes."


@given(st.lists(st.sampled_from([*sorted(NO_VOTE), "-1", "joy", "love", "0", " joy ", ""])))
def test_nothing_that_is_given_is_lost_and_nothing_else_that_means_none_stays(values: list[str]) -> None:
    column = pa.chunked_array([pa.array(values, pa.string())])
    after = without_abstentions(column, pa.array(range(len(values)), pa.int64()), NAMES).values.to_pylist()
    none = {*NO_VOTE, "-1"}
    assert after == [None if value in none else value for value in values]
