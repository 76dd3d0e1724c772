"""Lists of one label, as columns and in strings: read, and written back in the same wrapping."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.data.labels.column import encode_labels
from auditor.data.labels.lists import Style, rewrap, unwrap
from auditor.errors import ColumnError


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([["x"], None, ["y"], [], ["x"]], pa.list_(pa.string())),
        ([["x"], None, ["y"], [None], ["x", None]], pa.large_list(pa.large_string())),
        ([["x", None], None, [None, "y"], [None, None], ["x", " "]], pa.list_(pa.string(), 2)),
        ([["x"], None, ["y"], [], ["x"]], pa.list_view(pa.string())),
        ([["x"], None, ["y"], [], ["x"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
        ([[3], None, [7], [], [3]], pa.list_(pa.int16())),
        ([[3.0], None, [7.0], [float("nan")], [3.0]], pa.large_list_view(pa.float32())),
        ([[False], None, [True], [], [False]], pa.list_(pa.bool_())),
    ],
    ids=str,
)
def test_columns_of_lists(values: list[Any], type_: pa.DataType) -> None:
    array = pa.array(values, type_)
    column = pa.chunked_array([array.slice(0, 2), array.slice(2)])
    labels = encode_labels(column, "label")
    assert labels.codes.to_pylist() == [0, None, 1, None, 0]
    assert labels.values == (values[0][0], next(value for value in values[2] if value is not None))
    assert encode_labels(pa.chunked_array([array.slice(2)]), "label").codes.to_pylist() == [1, None, 0]


def test_columns_of_lists_of_classes() -> None:
    labels = encode_labels(pa.chunked_array([[[1], [-1], [], [0]]]), "label", ["joy", "love"])
    assert (labels.codes.to_pylist(), labels.names, labels.values) == ([1, None, None, 0], ("joy", "love"), (0, 1))


def test_no_label_in_any_list() -> None:
    assert encode_labels(pa.chunked_array([pa.array([[], []])]), "label").codes.to_pylist() == [None, None]


@pytest.mark.parametrize("type_", [pa.list_(pa.string()), pa.list_view(pa.string()), pa.list_(pa.string(), 2)])
def test_lists_of_several_are_counted(type_: pa.DataType) -> None:
    rows = pa.array([["x", None], ["y", "x"], None, ["y", "y"]], type_)
    with pytest.raises(
        ColumnError, match=r"several labels in 2 rows of 4, such as \['y', 'x'\]: multi-label data is not"
    ):
        encode_labels(pa.chunked_array([rows.slice(0, 1), rows.slice(1)]), "label")


# cells → what they hold, and the style
CELLS: dict[str, tuple[list[str], list[str | None], Style | None]] = {
    "JSON": (['["joy"]', '[ "sad" ]', "[]", "", '["caf\\u00e9"]'], ["joy", "sad", None, "", "café"], "json"),
    "Python": (["['joy']", '["it\'s"]', "[u'sad']", "[None]"], ["joy", "it's", "sad", None], "python"),
    "tuples and sets": (["('joy',)", "{'sad'}", "()", "set()"], ["joy", "sad", None, None], "python"),
    "Label Studio": (['{"choices": ["joy"]}', '{"choices":["sad"]}'], ["joy", "sad"], "json"),
    "lists beside labels": (["joy", '["sad"]', "[]"], ["joy", "sad", None], "json"),
    "numbers": (["[1]", "[ 0 ]", "[-1]", "[1.0]", "[nan]"], ["1", "0", "-1", "1.0", None], "json"),
    "truths": (["[true]", "[false]"], ["true", "false"], "json"),
    "no quotes": (["[joy]", "[very sad]", "[3 stars]", "[1]", "[]"], ["joy", "very sad", "3 stars", "1", None], "bare"),
    "PostgreSQL": (["{joy}", '{"very sad"}', "{}"], ["joy", "very sad", None], "bare"),
    "no lists": (["joy", "[MISC]", "(sad)"], ["joy", "[MISC]", "(sad)"], None),
    "numbers beside a list": (["1", "[2]"], ["1", "[2]"], None),
    "other objects": (['{"x": 1}', '{"x": 2}'], ['{"x": 1}', '{"x": 2}'], None),
}


@pytest.mark.parametrize("case", CELLS)
def test_strings_that_hold_lists(case: str) -> None:
    cells, labels, style = CELLS[case]
    assert unwrap(dict.fromkeys(cells, 1), "label") == (dict(zip(cells, labels, strict=True)), style)


@pytest.mark.parametrize(
    "several",
    ['["a", "b"]', "['a', 'b']", "['a' 'b']", '{"choices": ["a", "b"]}', "('a', 'b')", "{'a', 'b'}", "[0, 1]", "[0 1]"],
)
def test_strings_that_hold_several_are_counted(several: str) -> None:
    beside = "['a']" if "'" in several or '"' in several else "[1]"
    with pytest.raises(
        ColumnError, match=r"several labels in 3 rows of 7, such as .*multi-label data is not supported"
    ):
        unwrap({beside: 4, several: 3}, "label")


def test_labels_beside_lists_of_several() -> None:
    with pytest.raises(ColumnError, match="several labels in 3 rows of 7"):
        unwrap({"joy": 4, '{"choices": ["joy", "sad"]}': 3}, "label")


def test_lists_that_cannot_be_read() -> None:
    with pytest.raises(ColumnError, match=r"cannot be read as a list"):
        unwrap({"['a']": 4, "['a'; 'b']": 3}, "label")


@pytest.mark.parametrize(
    ("cell", "label", "style", "expected"),
    [
        ("['joy']", "anger", "python", "['anger']"),
        ('["joy"]', "anger", "json", '["anger"]'),
        ('[ "joy" ]', "anger", "json", '[ "anger" ]'),
        ("[u'joy']", "anger", "python", "[u'anger']"),
        ("['joy']", "it's", "python", '["it\'s"]'),
        ('["it\'s"]', "joy", "python", "['joy']"),
        ('["it\'s"]', "joy", "json", '["joy"]'),
        ('{"choices": ["joy"]}', "anger", "json", '{"choices": ["anger"]}'),
        ("('joy',)", "anger", "python", "('anger',)"),
        ("[0]", "1", "json", "[1]"),
        ("[0]", "new", "json", '["new"]'),
        ("[0]", "null", "json", '["null"]'),
        ("[joy]", "very sad", "bare", "[very sad]"),
        ("[joy]", "a, b", "bare", '["a, b"]'),
        ("['joy', None]", "anger", "python", "['anger', None]"),
        ("joy", "anger", "json", "anger"),
    ],
)
def test_labels_are_replaced_in_their_wrapping(cell: str, label: str, style: Style, expected: str) -> None:
    assert rewrap(cell, label, style) == expected
    assert rewrap(cell, label, style) == rewrap(expected, label, style)


LABELS = st.text(min_size=1).filter(lambda label: not label.isspace())
WRAPPED = st.one_of(
    st.tuples(LABELS, st.sampled_from(['["%s"]', ' [ "%s" ]\n', '{"choices": ["%s"]}'])).map(
        lambda made: (made[0], made[1].replace('"%s"', json.dumps(made[0])))
    ),
    LABELS.map(lambda label: (label, json.dumps([label], ensure_ascii=False))),
    st.tuples(LABELS, st.sampled_from([list, tuple, set])).map(lambda made: (made[0], repr(made[1]([made[0]])))),
)


@given(wrapped=WRAPPED, other=LABELS)
def test_whatever_a_list_holds(wrapped: tuple[str, str], other: str) -> None:
    label, cell = wrapped
    found, style = unwrap({cell: 1}, "label")
    assert found == {cell: label}
    assert style is not None
    assert rewrap(cell, label, style) == cell, "a label that has not changed leaves its cell as it is"
    changed = rewrap(cell, other, style)
    assert unwrap({changed: 1, cell: 1}, "label")[0][changed] == other
    assert rewrap(changed, other, style) == changed
