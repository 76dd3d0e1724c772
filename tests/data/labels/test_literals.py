"""Votes in one cell, as JSON or as Python prints them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.data.labels.literals import LONGEST, is_literal, parse_votes

LABELS = st.one_of(st.none(), st.text(max_size=8), st.integers(-9, 9), st.booleans())
VOTES: Any = st.one_of(
    st.lists(LABELS, max_size=6),
    st.lists(LABELS, max_size=6).map(tuple),
    st.dictionaries(st.text(max_size=5), LABELS, max_size=6),
)


def plain(votes: Any) -> Any:
    def label(vote: Any) -> str | None:
        return None if vote is None else str(vote)

    return {who: label(vote) for who, vote in votes.items()} if isinstance(votes, dict) else [*map(label, votes)]


@given(VOTES)
def test_what_python_prints_is_read(votes: Any) -> None:
    assert parse_votes(repr(votes)) == plain(votes)


@given(VOTES)
def test_what_json_writes_is_read(votes: Any) -> None:
    assert parse_votes(json.dumps(votes)) == plain(votes)
    assert is_literal(json.dumps(votes))


@given(st.text(alphabet="[]{}()'\":, \\abnp.1-_=<>", max_size=60))
def test_whatever_stands_there_is_read_or_refused(cell: str) -> None:
    try:
        votes = parse_votes(cell)
    except ValueError:
        return
    assert all(one is None or isinstance(one, str) for one in votes)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("{'r0': 'joy', 'r1': None, 2: nan}", {"r0": "joy", "r1": None, "2": None}),
        ("['joy' 'love']", ["joy", "love"]),
        ("['joy'\n 'love']", ["joy", "love"]),
        ("[0 1 -1]", ["0", "1", "-1"]),
        ("[ 0. nan  1.]", ["0.", None, "1."]),
        ("array(['joy', 'love'], dtype=object)", ["joy", "love"]),
        ("np.array([1, 2])", ["1", "2"]),
        ("array([], dtype=float64)", []),
        (repr([np.str_("joy"), np.int64(1), np.float64("nan")]), ["joy", "1", None]),
        (repr(np.array(["joy", None], dtype=object)), ["joy", None]),
        (str(np.array(["joy", "it's"])), ["joy", "it's"]),
        ("[u'joy', <NA>]", ["joy", None]),
        (r"""['it\'s', "d'accord", '\xe9\u00e9\U0001f600\n\\']""", ["it's", "d'accord", "éé😀\n\\"]),
    ],
)
def test_python_and_numpy(cell: str, expected: Any) -> None:
    assert is_literal(cell)
    assert parse_votes(cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "[joy]",
        "['a''b']",
        "['a',,'b']",
        "[['a']]",
        "{'a': ['b']}",
        "{'a': {'b': 'c'}}",
        "{'joy', 'love'}",
        "{'a': 'b' 'c': 'd'}",
        "[1, 2, ...]",
        "['a'",
        "array(['a']",
        "[__import__('os')]",
        "['\\ud800']",
        '["\\ud800"]',
        "['\\U99999999']",
        "3",
        "",
        "[" * LONGEST,
        "[" * 1000 + "]" * 1000,
        "['" + "\\" * (LONGEST - 5) + "']",
        "[" + " " * (LONGEST - 3) + "x]",
        "[" + "np.a(" * 10_000 + "]",
        "array([1]" + " " * 100_000 + "x",
        "[" + "'a'," * LONGEST + "]",
    ],
)
def test_other_cells_are_refused(cell: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of any words: the reader names column and row
        parse_votes(cell)
