"""A column of votes beside the given label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.config import ReadConfig
from auditor.data import LabeledTexts, read
from auditor.errors import ColumnError, InputError, RowError
from tests.data.labels.test_long import voted

NAMED = [("a", "ann", "joy"), ("a", "bob", "love"), ("c", "bob", "joy")]
PLACED = [("a", "1", "joy"), ("a", "2", "love"), ("c", "2", "joy")]


def beside(votes: list[Any], labels: tuple[Any, ...] = ("joy", "love", "joy", "love"), **options: Any) -> LabeledTexts:
    frame = pd.DataFrame({"text": list("abcd"), "label": labels, "votes": votes})
    return read(frame, ReadConfig(votes="votes", **options))


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ([{"ann": "joy", "bob": "love"}, None, {"bob": "joy"}, {}], NAMED),
        (['{"ann": "joy", "bob": "love"}', "", '{"bob": "joy", "ann": null}', "{}"], NAMED),
        ([["joy", "love"], [], [None, "joy"], None], PLACED),
        (['["joy", "love"]', " ", '["", "joy"]', "[]"], PLACED),
        ([{"ann": "joy", "bob": "love", "cid": None}, None, {"bob": "joy", "cid": " "}, {}], NAMED),
        (["joy|love", "", "|joy", None], PLACED),
        (["joy; love", "", " ;joy", ";"], PLACED),
        (["joy,love", "", ",joy", ""], PLACED),
        (["joy\tlove", "", "\tjoy", ""], PLACED),
        (["{'ann': 'joy', 'bob': 'love'}", "nan", "{'bob': 'joy', 'ann': nan}", "{}"], NAMED),
        (["['joy', 'love']", "None", "[None, 'joy']", "[]"], PLACED),
        (["array(['joy', 'love'], dtype=object)", "", "array([nan, 'joy'], dtype=object)", ""], PLACED),
        (["['joy', 'love']", "-1", '["-1", "joy"]', "abstain"], PLACED),
        (["joy|love|-1", "abstain", "NA|joy|?", "-1|-1"], PLACED),
        ([["joy", "love"], ["nan"], ["-1", "joy"], ["-1", None]], PLACED),
        ([{"ann": "joy", "bob": "love"}, {"ann": "ABSTAIN"}, {"bob": "joy", "ann": "N/A"}, {"ann": "-1"}], NAMED),
    ],
)
def test_all_the_ways_to_write_votes(votes: list[Any], expected: list[tuple[str, str, str]]) -> None:
    data = beside(votes)
    assert voted(data) == expected
    assert data.label_names == ("joy", "love")
    notes = " ".join(data.notes)
    assert "3 votes of 2 raters in column 'votes'." in notes
    assert "2 rows without a vote" in notes
    assert ("no names" in notes) == (expected is PLACED)
    assert "original:votes" in data.table.column_names, "it comes back at export"


@pytest.mark.parametrize("minus", [-1, -1.0, "-1", "-1.0"])
def test_minus_one_is_no_vote_unless_it_is_given(minus: Any) -> None:
    votes = [[type(minus)(0), minus], [type(minus)(1)], [minus], [type(minus)(1), type(minus)(0)]]
    data = beside(votes, labels=(0, 1, 0, 1))
    assert (data.label_names, len(data.votes or ())) == (("0", "1"), 4)
    assert f"2 abstentions ('{'-1.0' if minus == '-1.0' else '-1'}') are not counted as votes." in data.notes
    scale = beside(votes, labels=(0, 1, -1, 1))
    assert (scale.label_names, len(scale.votes or ())) == (("-1", "0", "1"), 6)


@pytest.mark.parametrize("votes", [["no|yes|abstain", "-1|-1", "yes"], ["0|1|-1", "-1", "1"], [[0, 1, -1], [-1], [1]]])
def test_abstentions_beside_numbered_classes(votes: list[Any]) -> None:
    dataset = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [0, 1, 1], "votes": votes})
    dataset = dataset.cast_column("label", datasets.ClassLabel(names=["no", "yes"]))
    data = read(dataset, ReadConfig(votes="votes"))
    assert voted(data) == [("a", "1", "no"), ("a", "2", "yes"), ("c", "1", "yes")]


def test_arrow_maps(tmp_path: Path) -> None:
    kind = pa.map_(pa.string(), pa.string())
    votes = pa.array([[("ann", "joy"), ("bob", "love")], None, [("bob", "joy")], []], kind)
    table = pa.table({"text": list("abcd"), "label": ["joy", "love", "joy", "love"], "votes": votes})
    pq.write_table(table, tmp_path / "a.parquet")
    assert voted(read(tmp_path / "a.parquet", ReadConfig(votes="votes"))) == NAMED


def test_the_delimiter_is_the_one_that_gives_labels() -> None:
    data = beside(["a;b|c", "c", "a;b", "c|c"], labels=("a;b", "c", "a;b", "c"))
    assert voted(data)[:2] == [("a", "1", "a;b"), ("a", "2", "c")]


def test_places_sort_as_numbers() -> None:
    votes = beside(["|".join(["joy"] * 11), "love", "joy", "love"]).votes
    assert votes is not None
    assert votes.raters == tuple(f"{place:02}" for place in range(1, 12))


def test_labels_in_votes_alone_become_classes_without_a_row() -> None:
    data = beside(["joy|fear", "love", "awe", ""])
    assert (data.label_names, data.label_values) == (("joy", "love", "awe", "fear"),) * 2
    assert data.labels.tolist() == [0, 1, 0, 1]
    assert voted(data) == [("a", "1", "joy"), ("a", "2", "fear"), ("b", "1", "love"), ("c", "1", "awe")]
    assert "Only in votes, never given: 'awe', 'fear'. They are classes without rows." in data.notes
    numbers = beside(["0|2", "1", "0", "1"], labels=(0, 1, 0, 1))
    assert (numbers.label_names, numbers.label_values) == (("0", "1", "2"), (0, 1, 2))


@pytest.mark.parametrize("votes", [["no|yes", "yes"], ["0|1", "1"], [[0, 1], [1]]])
def test_votes_for_numbered_classes_are_names_or_numbers(votes: list[Any]) -> None:
    dataset = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1], "votes": votes})
    dataset = dataset.cast_column("label", datasets.ClassLabel(names=["no", "yes"]))
    data = read(dataset, ReadConfig(votes="votes"))
    assert voted(data) == [("a", "1", "no"), ("a", "2", "yes"), ("b", "1", "yes")]


def test_rows_set_aside_take_their_votes_with_them() -> None:
    data = beside(["joy", "love", "joy|joy", "love"], labels=("joy", "", "joy", "love"), drop_invalid=True)
    assert voted(data) == [("a", "1", "joy"), ("c", "1", "joy"), ("c", "2", "joy"), ("d", "1", "love")]


@pytest.mark.parametrize(
    ("votes", "labels", "error", "what"),
    [
        ([1.5, 2, 3, 4], None, ColumnError, "has values of type double; expected votes: lists"),
        ([[["joy"]], [], [], []], None, ColumnError, "has values of type list<"),
        ([None] * 4, None, ColumnError, "has values of type null"),
        (["", " ", "", ""], None, ColumnError, "has no votes"),
        (
            ["fear|awe", "awe", "", ""],
            None,
            ColumnError,
            "has votes for 'awe', 'fear', which are not among the given labels",
        ),
        (["0|x", "1", "0", "1"], (0, 1, 0, 1), ColumnError, "has votes for 'x', which is not among the given"),
        (['{"ann": "joy"}', '{"ann"', "", ""], None, RowError, "row 2: '{\"ann\"' is neither a list"),
        (['{"ann": ["joy"]}', "", "", ""], None, RowError, "row 1"),
        (["[" * 10_000, "", "", ""], None, RowError, "row 1"),
        (["['joy']", "", "{'joy', 'love'}", ""], None, RowError, "Column 'votes', row 3"),
        (["['joy']", "[[1]]", "", ""], None, RowError, "Column 'votes', row 2"),
        (["['joy']", "", "[" + "'joy'," * 100_000 + "]", ""], None, RowError, "600,002 characters"),
        (['["joy", "\\ud800"]', "", "", ""], None, RowError, "Column 'votes', row 1"),
        (["-1|-1", "-1", "nan", "?"], None, ColumnError, "Column 'votes' has no votes"),
    ],
)
def test_what_cannot_be_read(votes: list[Any], labels: Any, error: type[InputError], what: str) -> None:
    with pytest.raises(error) as caught:
        beside(votes, labels or ("joy", "love", "joy", "love"))
    assert what in caught.value.what
    assert "\n" not in caught.value.what + caught.value.todo


def test_unknown_names_of_numbered_classes_are_refused() -> None:
    dataset = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1], "votes": ["no|maybe", "yes"]})
    dataset = dataset.cast_column("label", datasets.ClassLabel(names=["no", "yes"]))
    with pytest.raises(ColumnError, match="votes for 'maybe', which is not among the given labels: 'no', 'yes'"):
        read(dataset, ReadConfig(votes="votes"))
