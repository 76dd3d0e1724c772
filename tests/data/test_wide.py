"""Votes in a column a rater, and votes without a given label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config import ReadConfig
from auditor.data import LabeledTexts, read
from auditor.data.labels.votes import majority
from auditor.errors import ColumnError, InputError, RowError
from tests.data.labels.test_long import voted

FRAME = pd.DataFrame(
    {
        "text": list("abcd"),
        "ann": ["joy", "love", None, None],
        "bob": ["joy", "joy", "love", None],
        "cid": ["love", None, "love", None],
    }
)
VOTES = [
    *[("a", "ann", "joy"), ("a", "bob", "joy"), ("a", "cid", "love")],
    *[("b", "ann", "love"), ("b", "bob", "joy")],
    *[("c", "bob", "love"), ("c", "cid", "love")],
]
RATERS = "ann,bob,cid"


def wide(source: Any, votes: Any = RATERS, **options: Any) -> LabeledTexts:
    return read(source, ReadConfig(votes=votes, **options))


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet", "frame", "dataset", "category"])
def test_a_column_a_rater(kind: str, tmp_path: Path) -> None:
    path, source = tmp_path / f"votes.{kind}", None
    if kind in ("csv", "tsv"):
        FRAME.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    elif kind == "jsonl":
        FRAME.to_json(path, orient="records", lines=True)
    elif kind == "parquet":
        FRAME.to_parquet(path)
    elif kind == "category":
        source = FRAME.astype(dict.fromkeys(["ann", "bob", "cid"], "category"))
    else:
        source = FRAME if kind == "frame" else datasets.Dataset.from_pandas(FRAME)
    data = wide(path if source is None else source)
    assert voted(data) == VOTES
    assert (data.texts, data.labels.tolist()) == (["a", "b", "c"], [0, 1, 1])
    assert data.origin.label == "label"
    assert data.origin.options["label_added"] is True
    assert data.table["original:label"].to_pylist() == ["joy", "love", "love"]
    assert data.rejected.select(["reason", "original:text", "original:label"]).to_pylist() == [
        {"reason": "missing label", "original:text": "d", "original:label": None}
    ]
    notes = " ".join(data.notes)
    assert "7 votes of 3 raters in columns 'ann', 'bob', 'cid'." in notes
    assert "5 abstentions (blank) are not counted as votes." in notes
    assert "the given label is the majority label, in a new column 'label'." in notes
    assert "On 1 text several labels have the most votes" in notes
    assert "1 text without a vote set aside" in notes


@pytest.mark.parametrize("votes", [["ann", "bob", "cid"], " ann , bob,cid,", '"ann","bob",cid', "ann,bob,cid,ann"])
def test_ways_to_name_them(votes: Any) -> None:
    assert voted(wide(FRAME, votes)) == VOTES


def test_a_name_may_hold_a_comma() -> None:
    frame = FRAME.rename(columns={"ann": "ann,bob"})
    assert voted(wide(frame, "ann,bob")) == [("a", "1", "joy"), ("b", "1", "love")]
    assert voted(wide(frame, '"ann,bob",bob'))[:2] == [("a", "ann,bob", "joy"), ("a", "bob", "joy")]
    assert voted(wide(frame, ["bob", "ann,bob"])) == voted(wide(frame, '"ann,bob",bob'))
    with pytest.raises(ColumnError, match="has no column 'ann'"):
        wide(frame, "ann,cid")


def test_a_given_label_stays_the_given_one() -> None:
    data = wide(FRAME.assign(label=["love", "love", "joy", "joy"]))
    assert (data.labels.tolist(), voted(data)) == ([1, 1, 0, 0], VOTES)
    assert "label_added" not in data.origin.options
    named = wide(FRAME.assign(gold=["love", "love", "joy", "joy"]), label="gold")
    assert named.labels.tolist() == [1, 1, 0, 0]


def test_an_empty_label_is_the_majority() -> None:
    frame = FRAME.assign(label="x", topic="y")
    with pytest.raises(ColumnError, match="votes for 'joy', 'love', which are not among the given labels") as caught:
        wide(frame)
    assert "--label ''" in caught.value.todo
    data = wide(frame, label="")
    assert (data.origin.label, data.labels.tolist()) == ("majority_label", [0, 1, 1])
    assert list(data.table.column_names)[-1] == "original:majority_label"
    index = FRAME.set_index(pd.Index([*"wxyz"], name="label"))
    assert wide(index).origin.label == "majority_label"


@pytest.mark.parametrize(
    ("types", "values"),
    [
        ((np.int64, np.int8), (0, 1, 2)),
        ((float, float), (0, 1, 2)),
        ((np.int64, float), (0, 1, 2)),
        ((str, np.int64), ("0", "1", "2")),
        (("Int64", "float32"), (0, 1, 2)),
    ],
)
def test_numbers(types: tuple[Any, Any], values: tuple[Any, ...], tmp_path: Path) -> None:
    one, two = (pd.Series(row).astype(kind) for row, kind in zip(([0, 1, 2, 2], [0, 1, 1, -1]), types, strict=True))
    frame = pd.DataFrame({"text": list("abcd"), "r1": one, "r2": two})
    frame.to_parquet(tmp_path / "a.parquet")
    data = wide(tmp_path / "a.parquet", "r1,r2")
    assert (data.label_names, data.label_values) == (("0", "1", "2"), values)
    assert (len(data.votes or ()), data.labels.tolist()) == (7, [0, 1, 1, 2])
    assert "1 abstention ('-1') is not counted as a vote." in data.notes


def test_missing_numbers_are_no_vote() -> None:
    frame = pd.DataFrame({"text": list("abc"), "r1": [0.0, np.nan, 1.0], "r2": [np.nan, np.nan, 1.0], "r3": [None] * 3})
    data = wide(frame, "r1,r2,r3")
    assert voted(data) == [("a", "r1", "0"), ("c", "r1", "1"), ("c", "r2", "1")]
    assert data.table["original:label"].to_pylist() == [0, 1]
    labelled = wide(frame.assign(label=[0, 1, 1]), "r1,r2,r3")
    assert voted(labelled) == voted(data)


def test_numbered_classes_are_known_by_their_names() -> None:
    names = datasets.ClassLabel(names=["yes", "no"])
    data = datasets.Dataset.from_dict({"text": list("abc"), "r1": [0, 1, -1], "r2": [0, 0, 1]})
    data = data.cast_column("r1", names).cast_column("r2", names)
    assert voted(wide(data, "r1,r2"))[:3] == [("a", "r1", "yes"), ("a", "r2", "yes"), ("b", "r1", "no")]
    other = data.add_column("label", [1, 1, 0]).cast_column("label", datasets.ClassLabel(names=["no", "yes"]))
    assert voted(wide(other, "r1,r2"))[:3] == [("a", "r1", "yes"), ("a", "r2", "yes"), ("b", "r1", "no")]


@pytest.mark.parametrize(
    "votes",
    [
        [
            {"ann": "joy", "bob": "joy", "cid": "love"},
            {"ann": "love", "bob": "joy"},
            {"bob": "love", "cid": "love"},
            {},
        ],
        [
            "{'ann': 'joy', 'bob': 'joy', 'cid': 'love'}",
            "{'ann': 'love', 'bob': 'joy'}",
            "{'bob':'love','cid':'love'}",
            "",
        ],
    ],
)
def test_one_column_of_votes_needs_no_given_label(votes: Any) -> None:
    data = wide(pd.DataFrame({"text": list("abcd"), "votes": votes}), "votes")
    assert (voted(data), data.labels.tolist()) == (VOTES, [0, 1, 1])


def test_the_mark_between_votes_is_found_without_given_labels() -> None:
    for mark in "|;,\t":
        frame = pd.DataFrame({"text": list("ab"), "votes": [f"so glad{mark}so glad", f"sad{mark}sad"]})
        assert [label for _, _, label in voted(wide(frame, "votes"))] == ["so glad", "so glad", "sad", "sad"]


@pytest.mark.parametrize(
    ("frame", "votes", "error", "what"),
    [
        (FRAME, "ann,dan", ColumnError, "has no column 'dan'"),
        (FRAME, "ann,text", ColumnError, "no column has a usual name of texts but 'text', which is named for"),
        (FRAME.assign(ann=None, bob="?", cid=""), RATERS, ColumnError, "Columns 'ann', 'bob', 'cid' have no votes."),
        (FRAME.assign(ann=[["joy"]] * 4), RATERS, ColumnError, "expected one label of one rater per row"),
        (FRAME.assign(ann=[0.5] * 4, bob=1.0, cid=0.0), RATERS, ColumnError, "0.5, which looks like a score"),
        (FRAME.assign(text=["a", "", "c", "d"]), RATERS, RowError, "1 row of 4 cannot be audited: 1 with empty text."),
        (FRAME.assign(ann="joy", bob="joy", cid="joy"), RATERS, ColumnError, "has only one class, 'joy'"),
        (
            FRAME.rename(columns={"ann": "label"}),
            "label",
            ColumnError,
            "no column has a usual name of labels but 'label'",
        ),
    ],
)
def test_what_cannot_be_read(frame: pd.DataFrame, votes: Any, error: type[InputError], what: str) -> None:
    with pytest.raises(error) as caught:
        wide(frame, votes)
    assert what in caught.value.what
    assert "\n" not in caught.value.what + caught.value.todo


def test_parts_get_their_own_labels(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "train.csv", index=False)
    FRAME.iloc[::-1].to_csv(tmp_path / "test.csv", index=False)
    data = wide([tmp_path / "train.csv", tmp_path / "test.csv"])
    assert data.table["original:label"].to_pylist() == ["joy", "love", "love", "love", "love", "joy"]
    assert [part["rows"] for part in data.origin.options["parts"]] == [4, 4]


def outcome(source: Any, **options: Any) -> LabeledTexts | str:
    """What is read, or what is wrong: ties may leave one class."""
    try:
        return read(source, ReadConfig(**options))
    except ColumnError as error:
        return error.what


@settings(max_examples=40)
@given(st.lists(st.tuples(*[st.sampled_from(["x", "y", "z", None])] * 3), min_size=2, max_size=12))
def test_wide_and_long_say_the_same(rows: list[tuple[str | None, ...]]) -> None:
    names = [f"r{number}" for number in range(3)]
    frame = (
        pd.DataFrame(rows, columns=names).astype(object).assign(text=[f"t{number:02}" for number in range(len(rows))])
    )
    long = frame.melt(id_vars="text", value_vars=names, var_name="rater", value_name="label").sort_values("text")
    if long["label"].nunique() < 2:
        return
    one, two = outcome(frame, votes=names), outcome(long, annotator="rater")
    if isinstance(one, str) or isinstance(two, str):
        assert one == two
        return
    assert voted(one) == voted(two)
    assert (one.texts, one.labels.tolist()) == (two.texts, two.labels.tolist())
    assert one.votes is not None
    assert majority(one.votes, len(one), one.num_classes)[0].tolist() == one.labels.tolist()
