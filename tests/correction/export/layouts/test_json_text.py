"""JSON as text: a value is written at a path, and nothing else changes."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.correction.export.layouts.json_text import JsonStyle, objects, put

STYLE = JsonStyle(ascii=False, slashed=False)
KEYS = st.sampled_from(["a", "b", 'q"]}', "爱", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", '"', "]}", "a\\", "爱 😀", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=3)
STYLES: list[dict[str, Any]] = [{}, {"separators": (",", ":")}, {"indent": 2}, {"ensure_ascii": False}]


def paths(value: Any) -> list[tuple[Any, ...]]:
    """Every place in a value, and one past the end of each list."""
    if isinstance(value, dict):
        return [(), *((key, *rest) for key, inner in value.items() for rest in paths(inner))]
    if isinstance(value, list):
        return [(), (len(value),), *((at, *rest) for at, inner in enumerate(value) for rest in paths(inner))]
    return [()]


def expected(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    value = deepcopy(value)
    at = value
    for step in path[:-1]:
        at = at[step]
    if isinstance(at, list) and path[-1] == len(at):
        at.append(new)
    else:
        at[path[-1]] = new
    return value


@given(value=OBJECTS, new=VALUES, style=st.sampled_from(STYLES), data=st.data())
def test_a_value_is_written_anywhere(value: Any, new: Any, style: dict[str, Any], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths(value)[1:]))
    text = f"\n {json.dumps(value, **style)} ,"
    written = put(text, text.index("{"), path, new, STYLE)
    assert json.loads(written.strip().rstrip(",")) == expected(value, path, new)
    assert (written[:2], written[-2:]) == (text[:2], text[-2:])
    old = json.loads(text.strip().rstrip(","))
    assert put(text, text.index("{"), path, new, STYLE) == written
    assert old == value


@given(value=OBJECTS, style=st.sampled_from(STYLES))
def test_a_value_that_stays_leaves_the_text_as_it_is(value: Any, style: dict[str, Any]) -> None:
    text = json.dumps(value, **style)
    for key, one in value.items():
        if isinstance(one, str | int | bool | None) and (one is None or "ensure_ascii" in style or str(one).isascii()):
            assert put(text, 0, (key,), one, STYLE) == text


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('{"a": null}', ("a", "b", "c"), '{"a": {"b": {"c": 1}}}'),
        ('{"a":{}}', ("a", "b"), '{"a":{"b":1}}'),
        ('{"a": {"x": 2}}', ("a", "b"), '{"a": {"x": 2, "b": 1}}'),
        ('{"a": [\n  {"x": 2}\n ]}', ("a", 1), '{"a": [\n  {"x": 2},\n  1\n ]}'),
        ('{"a": []}', ("a", 0, "b"), '{"a": [{"b": 1}]}'),
        ('{"a": 2, "a": [ 3 ]}', ("a", 0), '{"a": 2, "a": [ 1 ]}'),
        ('{"a": "x"}', ("a", 0), '{"a": [1]}'),
    ],
)
def test_what_is_missing_on_the_way_is_made(text: str, path: tuple[Any, ...], expected: str) -> None:
    assert put(text, 0, path, 1, STYLE) == expected


def test_objects_one_after_the_other() -> None:
    text = '\n {"a": "}{"},\n{"b": [1, {}]}\n\n'
    assert [text[begin:end] for begin, end in objects(text)] == ['{"a": "}{"}', '{"b": [1, {}]}']


def test_slashes_and_letters_are_escaped_as_in_the_file() -> None:
    style = JsonStyle(ascii=True, slashed=True)
    assert put('{"a": 1}', 0, ("b",), "a/é", style) == '{"a": 1, "b": "a\\/\\u00e9"}'
