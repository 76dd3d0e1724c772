"""pandas frames, ``datasets`` in memory and on disk."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.config import ReadConfig
from auditor.data import LabeledTexts, read
from auditor.errors import ColumnError, SourceError

NAMES = ["sadness", "unused", "joy"]
FEATURES = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=NAMES)})
ROWS = {"text": ["so glad", "so sad", "well"], "label": [2, 0, -1]}
DROP = ReadConfig(drop_invalid=True)


@pytest.fixture
def dataset() -> datasets.Dataset:
    return datasets.Dataset.from_dict(ROWS, FEATURES)


def check_names(data: LabeledTexts) -> None:
    assert (data.label_names, data.label_values) == (("sadness", "unused", "joy"), (0, 1, 2))
    assert data.labels.tolist() == [2, 0]
    assert data.rejected["reason"].to_pylist() == ["missing label"], "-1 is what datasets write for no label"
    assert data.table["original:label"].to_pylist() == [2, 0]
    kept = json.loads(data.origin.options["schema_metadata"]["huggingface"])
    restored = datasets.Features.from_dict(kept["info"]["features"])
    assert restored == FEATURES


def test_dataset(dataset: datasets.Dataset) -> None:
    data = read(dataset, DROP)
    check_names(data)
    assert data.ids == ["all-0", "all-1"]
    assert data.origin.format == "dataset"


def test_rows_that_were_selected_and_shuffled(dataset: datasets.Dataset) -> None:
    assert list(read(dataset.select([1, 0])).texts) == ["so sad", "so glad"]
    assert list(read(dataset.shuffle(seed=5), DROP).texts) == ["so sad", "so glad"]
    assert list(read(dataset.with_format("numpy", columns=["label"]), DROP).texts) == ["so glad", "so sad"]


def test_dataset_dict(dataset: datasets.Dataset) -> None:
    source = datasets.DatasetDict({"train": dataset, "validation": dataset.select([0])})
    data = read(source, DROP)
    assert data.ids == ["train-0", "train-1", "validation-0"]
    assert data.table["position"].to_pylist() == [0, 1, 3], "over all splits, the row set aside counted"
    assert read(source, ReadConfig(split=("train",), drop_invalid=True)).ids == ["train-0", "train-1"]
    with pytest.raises(SourceError, match=r"no split 'test'; it has train, validation"):
        read(source, ReadConfig(split=("test",)))


def test_saved_folders(tmp_path: Path, dataset: datasets.Dataset) -> None:
    dataset.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict({"train": dataset, "test": dataset}).save_to_disk(str(tmp_path / "two"))
    one = read(tmp_path / "one", DROP)
    check_names(one)
    assert (one.origin.format, one.origin.source) == ("arrow", "one")
    assert read(str(tmp_path / "two"), DROP).ids == ["train-0", "train-1", "test-0", "test-1"]
    assert read(tmp_path / "two", ReadConfig(split=("test",), drop_invalid=True)).ids == ["test-0", "test-1"]


def test_damaged_folder(tmp_path: Path, dataset: datasets.Dataset) -> None:
    dataset.save_to_disk(str(tmp_path))
    (tmp_path / "data-00000-of-00001.arrow").write_bytes(b"no arrow")
    with pytest.raises(SourceError, match="not a valid save_to_disk folder"):
        read(tmp_path)
    (tmp_path / "state.json").unlink()
    with pytest.raises(SourceError, match="not a valid save_to_disk folder"):
        read(tmp_path)


def test_parquet_that_datasets_wrote(tmp_path: Path, dataset: datasets.Dataset) -> None:
    dataset.to_parquet(str(tmp_path / "train.parquet"))
    check_names(read(tmp_path / "train.parquet", DROP))


def test_names_must_agree(tmp_path: Path, dataset: datasets.Dataset) -> None:
    other = dataset.cast_column("label", datasets.ClassLabel(names=["joy", "unused", "sadness"]))
    with pytest.raises(ColumnError, match="numbers the classes differently in split train, split test"):
        read(datasets.DatasetDict({"train": dataset, "test": other}))
    dataset.to_parquet(str(tmp_path / "train.parquet"))
    pq.write_table(pa.table(ROWS), tmp_path / "test.parquet")
    with pytest.raises(ColumnError, match=r"differently in train\.parquet, test\.parquet"):
        read([tmp_path / "train.parquet", tmp_path / "test.parquet"])


def test_streams_are_no_source(dataset: datasets.Dataset) -> None:
    with pytest.raises(SourceError, match="IterableDataset cannot be read"):
        read(dataset.to_iterable_dataset())  # type: ignore[arg-type]


def test_frame_of_any_index_and_type() -> None:
    frame = pd.DataFrame(
        {
            "text": pd.array(["a", "b", "c"], "string"),
            "label": pd.Categorical(["low", "high", "low"], categories=["low", "mid", "high"]),
            "n": pd.array([1, None, 3], "Int64"),
            "day": pd.to_datetime(["2020-01-01", None, "2020-01-03"]),
        },
        index=pd.MultiIndex.from_tuples([("x", 1), ("x", 1), ("y", 2)]),
    )
    data = read(frame)
    assert (data.label_names, data.labels.tolist()) == (("low", "mid", "high"), [0, 2, 0])
    assert (data.origin.source, data.origin.format) == ("frame", "frame")
    originals = data.table.select([name for name in data.table.column_names if name.startswith("original:")])
    index = ["__index_level_0__", "__index_level_1__"]
    restored = originals.rename_columns([*frame.columns, *index]).to_pandas()
    assert restored[index].to_numpy().tolist() == [["x", 1], ["x", 1], ["y", 2]]
    assert restored["day"].equals(frame["day"].reset_index(drop=True))
    assert restored["label"].equals(frame["label"].reset_index(drop=True))
    assert originals["original:n"].to_pylist() == [1, None, 3]
    assert "pandas" in data.origin.options["schema_metadata"]


def test_frame_with_numbers_for_names() -> None:
    frame = pd.DataFrame([["a", "x"], ["b", "y"]])
    assert list(read(frame, ReadConfig(text="0", label="1")).texts) == ["a", "b"]
    assert list(frame.columns) == [0, 1], "the caller's frame is left as it is"


@pytest.mark.parametrize(
    "index",
    [pd.period_range("2020-01", periods=2, freq="M"), pd.IntervalIndex.from_breaks([0, 1, 2]), pd.Index([1, "a"])],
    ids=["periods", "intervals", "mixed"],
)
def test_an_index_that_nothing_can_hold_is_left_out(index: pd.Index) -> None:
    data = read(pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]}, index=index))
    assert data.table.column_names[5:] == ["original:text", "original:label"]
