"""Drop-in: the same columns, order, types and label encoding as what was read, of every kind of source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.policy import Policy
from auditor.correction.export.tables import as_dataset_dict, corrected_tables, excluded_table, split_names
from auditor.data import read
from auditor.errors import ExportError
from tests.correction.deciding import CONFIG, corrected, relabelled, vote
from tests.data.test_round_trip import every_type

NAMES = ["sadness", "unused", "joy"]
FEATURES = datasets.Features({"label": datasets.ClassLabel(names=NAMES), "text": datasets.Value("large_string")})


def only(corrections: Corrections, **options: Any) -> pa.Table:
    (part,) = corrected_tables(corrections, **options)
    return part.table


def labelled(*labels: Any, type_: pa.DataType | None = None) -> pa.Table:
    return pa.table({"text": [f"t{at}" for at in range(len(labels))], "label": pa.array(labels, type_)})


def test_class_label_stays_one() -> None:
    rows = {"text": ["a", "b", "c", "d", "e"], "label": [2, 0, -1, None, 2]}
    source = datasets.Dataset.from_dict(rows, FEATURES)
    plain = as_dataset_dict(corrected_tables(corrected(source)))["all"]
    assert plain.features == FEATURES
    assert plain[:] == source[:], "-1 and null come back as they were"
    made = as_dataset_dict(corrected_tables(relabelled(source, {0: "unused", 2: "awe"})))["all"]
    assert made.features["label"].names == [*NAMES, "awe"]
    assert made["label"][:] == [1, 0, -1, None, 3]
    assert made.column_names == source.column_names


def test_splits_of_a_dataset_dict_stay_empty_ones_too() -> None:
    one = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [2, 0]}, FEATURES)
    source = datasets.DatasetDict({"train": one, "test": one.select([1])})
    votes = [vote(read(source, CONFIG), 2, "exclude")]
    made = as_dataset_dict(corrected_tables(corrected(source, *votes)))
    assert {name: split.num_rows for name, split in made.items()} == {"train": 2, "test": 0}
    assert made["test"].features == FEATURES
    assert str(made["test"].split) == "test"


def test_spelling_of_labels_that_have_not_changed(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,label\na, joy\nb,joy\nc,joy\nd,sad\ne,sad \nf,\n")
    made = relabelled(tmp_path / "rows.csv", {3: "joy"})
    assert only(made)["label"].to_pylist() == [" joy", "joy", "joy", "joy", "sad ", ""]
    (tmp_path / "rows.csv").write_text("text,label\na,1.0\nb,1\nc,2.0\nd,2.0\ne,1.0\n")
    assert only(relabelled(tmp_path / "rows.csv", {2: "1"}))["label"].to_pylist() == ["1.0", "1", "1.0", "2.0", "1.0"]


@pytest.mark.parametrize(
    "labels",
    [
        pa.array([1.0, 2.0, None, 1.0]),
        pa.array([1, 2, None, 1], pa.uint8()),
        pa.array([True, False, None, True]),
        pa.array(["x", "y", None, "x"], pa.large_string()),
        pa.array(["x", "y", None, "x"], pa.string_view()),
        pa.array(["x", "y", None, "x"]).dictionary_encode(),
        pa.array(["x", "y", None, "x"]).cast(pa.dictionary(pa.int8(), pa.large_string(), ordered=True)),
        pa.DictionaryArray.from_arrays(pa.array([2, 0, None, 2], pa.int8()), pa.array(["c", "b", "a"])),
        pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 1], pa.int16()), pa.array([7, 5])),
    ],
    ids=lambda labels: str(labels.type)[:40],
)
def test_label_columns_of_every_type(tmp_path: Path, labels: pa.Array) -> None:
    table = pa.table({"text": list("abcd"), "label": labels})
    pq.write_table(table, tmp_path / "rows.parquet")
    source = pq.read_table(tmp_path / "rows.parquet")
    data = read(tmp_path / "rows.parquet", CONFIG)
    assert only(corrected(data)).equals(source)
    other = data.label_names[data.labels[1]]
    made = only(relabelled(data, {0: other}))
    assert made.schema.equals(source.schema)
    values = labels.to_pylist()
    assert made["label"].to_pylist() == [values[1], *values[1:]]
    named = only(relabelled(data, {0: other}), label_names=True)
    assert named["label"].to_pylist() == [other, other, None, data.label_names[data.labels[0]]]


@pytest.mark.parametrize("type_", every_type())
def test_other_columns_of_every_type(tmp_path: Path, type_: str) -> None:
    table = pa.table({"text": ["a", "", "c"], "label": ["x", "y", "y"], "other": every_type()[type_]})
    pq.write_table(table, tmp_path / "rows.parquet")
    source = pq.read_table(tmp_path / "rows.parquet")
    made = only(relabelled(tmp_path / "rows.parquet", {0: "y"}))
    assert made.schema.equals(source.schema)
    assert made["other"].to_pylist() == source["other"].to_pylist()
    assert made["label"].to_pylist() == ["y", "y", "y"]


def test_each_file_keeps_the_columns_and_types_that_it_has(tmp_path: Path) -> None:
    fields = [pa.field("text", pa.string(), nullable=False), pa.field("label", pa.int32()), pa.field("n", pa.int8())]
    train = pa.table([["a", "b"], [1, 2], [3, 4]], pa.schema(fields, {"note": "kept"}))
    test = pa.table({"label": pa.array([1, 2], pa.int64()), "more": pa.nulls(2), "text": ["c", "d"]})
    late = pa.table({"text": ["e"], "label": pa.array([1], pa.int64()), "more": ["x"]})
    for name, table in {"train": train, "test": test, "late": late}.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    files = [tmp_path / f"{name}.parquet" for name in ("train", "test", "late")]
    made = corrected_tables(relabelled(files, {1: "1"}))
    expected = [train.set_column(1, fields[1], pa.array([1, 1], pa.int32())), test, late]
    for part, table in zip(made, expected, strict=True):
        assert part.table.schema.equals(table.schema, check_metadata=True), part.split
        assert part.table.equals(table)


def test_rows_set_aside_come_back_in_their_places() -> None:
    frame = pd.DataFrame({"text": ["a", None, "b", "c", "", "d"], "label": ["x", "y", "y", None, "x", "x"]})
    made = corrected(frame, vote(read(frame, CONFIG), 1, "exclude"))
    (part,) = corrected_tables(made)
    assert part.table["text"].to_pylist() == ["a", None, "c", "", "d"]
    assert part.rows.tolist() == [0, 1, 3, 4, 5]
    texts = read(frame, CONFIG)
    left = corrected(frame, vote(texts, 1, "exclude"), policy=Policy(leave_out=("exclude", "invalid")))
    assert only(left)["text"].to_pylist() == ["a", "d"]
    excluded = excluded_table(left)
    assert excluded is not None
    assert excluded["text"].to_pylist() == [None, "b", "c", ""]
    assert excluded_table(corrected(frame)) is None


def test_frames_keep_index_and_types(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "text": pd.array(["a", "b", "c"], "string"),
            "label": pd.Categorical(["low", "high", "low"], categories=["low", "mid", "high"], ordered=True),
            "n": pd.array([1, None, 3], "Int64"),
            "day": pd.to_datetime(["2020-01-01", None, "2020-01-03"]),
        },
        index=pd.Index([7, 7, 9], name="who"),
    )
    pq.write_table(only(relabelled(frame, {0: "mid"})), tmp_path / "made.parquet")
    frame.to_parquet(tmp_path / "frame.parquet")
    expected = pd.read_parquet(tmp_path / "frame.parquet")
    expected["label"] = pd.Categorical(["mid", "high", "low"], categories=["low", "mid", "high"], ordered=True)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "made.parquet"), expected)
    pq.write_table(only(relabelled(frame, {0: "awe"})), tmp_path / "made.parquet")
    made = pd.read_parquet(tmp_path / "made.parquet")
    assert made["label"].cat.categories.tolist() == ["low", "mid", "high", "awe"]


def test_new_class_that_does_not_fit(tmp_path: Path) -> None:
    pq.write_table(labelled(1, 2, 1, 2, type_=pa.int8()), tmp_path / "rows.parquet")
    made = relabelled(tmp_path / "rows.parquet", {0: "300"})
    with pytest.raises(ExportError, match="'300' do not fit the column 'label' of type int8"):
        corrected_tables(made)


def test_provenance() -> None:
    frame = pd.DataFrame({"text": list("abcde"), "label": ["x", "y", "x", "y", None], "note": [1, 2, 3, 4, 5]})
    texts = read(frame, CONFIG)
    votes = [
        vote(texts, 0, "keep", note="sure"),
        vote(texts, 0, "relabel", "y", reviewer="bob"),
        vote(texts, 1, "ambiguous", "x", "y"),
        vote(texts, 1, "unsure", reviewer="bob", note="hm"),
        vote(texts, 1, "ambiguous", "y", "x", reviewer="cid", note="both"),
        vote(texts, 2, "none_fits", " awe "),
    ]
    made = only(corrected(texts, *votes, policy=Policy(add_classes=True)), provenance=True)
    assert made.column_names[3:] == [
        *("given_label", "verdict", "reviewers", "decided_at", "suspicion", "suggested_label", "soft_label"),
        "audit_note",
    ]
    shown = made.drop_columns(["text", "label", "note", "decided_at"]).to_pylist()
    nothing = {"suspicion": None, "suggested_label": None}
    nobody = {"verdict": None, "reviewers": None, "soft_label": None, "audit_note": None}
    assert shown == [
        {
            "given_label": "x",
            "verdict": "tie",
            "reviewers": ["ann", "bob"],
            **nothing,
            "soft_label": [0.5, 0.5, 0.0],
            "audit_note": "ann: sure",
        },
        {
            "given_label": "y",
            "verdict": "ambiguous",
            "reviewers": ["ann", "bob", "cid"],
            **nothing,
            "soft_label": [0.5, 0.5, 0.0],
            "audit_note": "bob: hm\ncid: both",
        },
        {
            "given_label": "x",
            "verdict": "none_fits",
            "reviewers": ["ann"],
            **nothing,
            "soft_label": [0.0, 0.0, 1.0],
            "audit_note": None,
        },
        {"given_label": "y", **nothing, **nobody},
        {"given_label": None, **nothing, **nobody},
    ]
    assert made["decided_at"][1].as_py() == votes[4].at
    assert as_dataset_dict(corrected_tables(corrected(texts, *votes), provenance=True))["all"].num_rows == 4


def test_names_of_splits_that_datasets_and_disks_allow() -> None:
    given = ["train", "a/train", "../../etc", "Train", "", "爱", "a_train"]
    names = split_names(given)
    assert names == ["train", "a_train", "etc", "Train_2", "split", "爱", "a_train_2"]


def test_columns_that_datasets_cannot_hold(tmp_path: Path) -> None:
    table = labelled("x", "y", "x").append_column("map", every_type()["map"])
    pq.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(ExportError, match="cannot hold the columns of split 'all'") as caught:
        as_dataset_dict(corrected_tables(corrected(tmp_path / "rows.parquet")))
    assert "parquet" in caught.value.todo


def test_metadata_speaks_of_the_columns_that_there_are() -> None:
    source = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [2, 0, 2]}, FEATURES)
    made = only(relabelled(source, {0: "sadness"}), label_names=True)
    assert made["label"].to_pylist() == ["sadness", "sadness", "joy"]
    about = json.loads(made.schema.metadata[b"huggingface"])
    assert "label" not in about["info"]["features"]
    frame = pd.DataFrame({"text": list("ab"), "label": np.array([3, 5], np.int16)})
    assert only(corrected(frame), label_names=True).to_pandas()["label"].tolist() == ["3", "5"]
