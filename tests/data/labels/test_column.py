"""Labels of every kind → codes, names, values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from auditor.data.labels.column import encode_labels
from auditor.errors import ColumnError


def encode(values: Any, type_: pa.DataType | None = None, **kwargs: Any) -> tuple[list[Any], Any, Any, Any]:
    array = values if isinstance(values, pa.Array) else pa.array(values, type_)
    labels = encode_labels(pa.chunked_array([array.slice(0, 1), array.slice(1)]), "label", **kwargs)
    assert labels.codes.type == pa.int32()
    assert len(labels.names) == len(labels.values)
    return labels.codes.to_pylist(), labels.names, labels.values, labels.notes


@pytest.mark.parametrize(
    ("values", "codes", "names", "label_values"),
    [
        (["joy", "anger", "joy"], [1, 0, 1], ("anger", "joy"), ("anger", "joy")),
        ([10, 2, -1, 10], [2, 1, 0, 2], ("-1", "2", "10"), (-1, 2, 10)),
        ([1.0, 0.0, 1.0], [1, 0, 1], ("0", "1"), (0.0, 1.0)),
        ([0.0, 1.0, -0.0], [0, 1, 0], ("0", "1"), (0.0, 1.0)),
        ([True, False, True], [1, 0, 1], ("False", "True"), (False, True)),
        (["10", "9", "10"], [1, 0, 1], ("9", "10"), ("9", "10")),
        (["10.0", "9", "10.0", "10"], [1, 0, 1, 1], ("9", "10"), ("9", "10.0")),
        (["01", "1", "02"], [0, 2, 1], ("01", "02", "1"), ("01", "02", "1")),
        (["1", "two"], [0, 1], ("1", "two"), ("1", "two")),
        (["True", "False"], [1, 0], ("False", "True"), ("False", "True")),
        (["12345678901234567890", "-0"], [1, 0], ("0", "12345678901234567890"), ("-0", "12345678901234567890")),
    ],
)
def test_kinds_of_labels(values: list[Any], codes: list[int], names: tuple[str, ...], label_values: Any) -> None:
    found = encode(values)
    assert found[:3] == (codes, names, label_values)
    assert [type(value) for value in found[2]] == [type(value) for value in label_values]


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["a", None, "b", ""], pa.string()),
        (["a", None, "b", " \u2003"], pa.large_string()),
        ([0, None, 1, None], pa.uint8()),
        ([0.0, None, 1.0, float("nan")], pa.float32()),
        ([0.0, None, 1.0, float("nan")], pa.float16()),
        ([False, None, True, None], pa.bool_()),
    ],
)
def test_missing_labels_have_no_code(values: list[Any], type_: pa.DataType) -> None:
    assert encode(values, type_)[0] == [0, None, 1, None]
    if type_ not in (pa.bool_(), pa.float16()):
        assert encode(pa.array(values, type_).dictionary_encode())[0] == [0, None, 1, None]


def test_no_labels_at_all() -> None:
    assert encode([None, None]) == ([None, None], (), (), ())


def test_whitespace_around_a_label_is_no_other_class() -> None:
    codes, names, values, notes = encode([" joy", "joy", "sad", "joy\t", "joy"])
    assert codes == [0, 0, 1, 0, 0]
    assert (names, values) == (("joy", "sad"), ("joy", "sad")), "the most frequent spelling is what an export writes"
    assert notes == ("Read as one class, 'joy': 'joy', ' joy', 'joy\\t'.",)


def test_case_is_another_class_and_said() -> None:
    codes, _, _, notes = encode(["joy", "Joy", "sad"])
    assert codes == [1, 0, 2]
    assert notes == ("Labels that differ only in case are separate classes: 'Joy', 'joy'.",)


def test_class_label_keeps_its_names_and_their_order() -> None:
    codes, names, values, _ = encode([2, 0, -1, None, 2], class_names=["sad", "unused", " joy"])
    assert codes == [2, 0, None, None, 2]
    assert (names, values) == (("sad", "unused", " joy"), (0, 1, 2))
    with pytest.raises(ColumnError, match="has the value 3, but names only 3 classes"):
        encode([0, 3], class_names=["a", "b", "c"])


def test_categories_keep_their_order() -> None:
    categories = pa.DictionaryArray.from_arrays(pa.array([2, 0, None, 2], pa.int8()), pa.array(["low", "mid", "high"]))
    assert encode(categories)[:3] == ([2, 0, None, 2], ("low", "mid", "high"), ("low", "mid", "high"))


def test_categories_may_differ_from_chunk_to_chunk() -> None:
    chunks = [pa.array(words).dictionary_encode() for words in (["b", "a"], ["c", "b"])]
    labels = encode_labels(pa.chunked_array(chunks), "label")
    assert [labels.names[code] for code in labels.codes.to_pylist()] == ["b", "a", "c", "b"]


def test_scores_are_no_classes() -> None:
    for scores in ([0.5, 1.0], ["0.5", "1"], ["1e-3", "2"]):
        with pytest.raises(ColumnError, match="looks like a score"):
            encode(scores)


def test_nearly_as_many_labels_as_rows_are_no_classes() -> None:
    with pytest.raises(ColumnError, match="21 distinct values in 21 rows"):
        encode([f"id {row}" for row in range(21)])
    assert len(encode([f"id {row}" for row in range(20)])[1]) == 20
    assert len(encode([f"id {row % 200}" for row in range(300)])[1]) == 200
