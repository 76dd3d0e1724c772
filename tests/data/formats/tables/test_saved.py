"""``save_to_disk`` folders that others have packed: nothing outside is read, nothing hostile is believed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pytest

from auditor.data import read
from auditor.errors import InputError, SourceError

ROWS = {"text": ["so glad", "so sad", "well"], "label": ["joy", "sadness", "joy"]}
DATA = "data-00000-of-00001.arrow"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    datasets.Dataset.from_dict(ROWS).save_to_disk(str(tmp_path / "saved"))
    return tmp_path / "saved"


def changed(path: Path, change: Callable[[Any], object]) -> None:
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))


def refused(folder: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read(folder)
    assert "\n" not in caught.value.what + caught.value.todo
    return caught.value


@pytest.mark.parametrize("name", ["../other/" + DATA, "/{}/other/" + DATA, "../saved/" + DATA, "..", "", ".", "a\0b"])
def test_a_data_file_is_named_plainly(saved: Path, name: str) -> None:
    datasets.Dataset.from_dict(ROWS).save_to_disk(str(saved.with_name("other")))
    name = name.format(saved.parent)
    changed(saved / "state.json", lambda about: about["_data_files"].append({"filename": name}))
    assert isinstance(refused(saved), SourceError)


@pytest.mark.parametrize("name", [DATA, "state.json", "dataset_info.json"])
def test_a_link_that_leads_outside_is_not_followed_and_one_within_is(saved: Path, name: str) -> None:
    (saved / name).rename(saved / "inside")
    (saved / name).symlink_to("inside")
    assert len(read(saved)) == 3
    (saved / "inside").rename(saved.with_name("outside"))
    (saved / name).unlink()
    (saved / name).symlink_to(saved.with_name("outside"))
    assert f"names {name!r}, which is not in it" in refused(saved).what


def test_a_split_is_named_plainly(tmp_path: Path, saved: Path) -> None:
    datasets.DatasetDict({"train": datasets.Dataset.from_dict(ROWS)}).save_to_disk(str(tmp_path / "dict"))
    changed(tmp_path / "dict" / "dataset_dict.json", lambda about: about["splits"].append("../saved"))
    assert "names '../saved', which is not in it" in refused(tmp_path / "dict").what
    changed(tmp_path / "dict" / "dataset_dict.json", lambda about: about.update(splits={"train": 3}))
    assert len(read(tmp_path / "dict")) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
@pytest.mark.parametrize("name", [DATA, "state.json", "dataset_info.json"])
def test_a_pipe_within_is_not_waited_for(saved: Path, name: str) -> None:
    (saved / name).unlink()
    os.mkfifo(saved / name)
    assert isinstance(refused(saved), SourceError)


STATES: list[Any] = [None, 3, [], {}, {"_data_files": 3}, {"_data_files": [3]}, {"_data_files": [{}]}]


@pytest.mark.parametrize("about", STATES, ids=str)
@pytest.mark.parametrize("name", ["state.json", "dataset_info.json"])
def test_json_of_another_shape(saved: Path, name: str, about: Any) -> None:
    (saved / name).write_text(json.dumps(about))
    try:
        assert len(read(saved)) == 3
    except InputError:
        refused(saved)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\udcff"])
@pytest.mark.parametrize("name", ["state.json", "dataset_info.json"])
def test_what_is_no_json(saved: Path, name: str, text: str) -> None:
    (saved / name).write_text(text, errors="surrogateescape")
    assert isinstance(refused(saved), SourceError)


FEATURES: list[Any] = [
    *(3, [], {"text": 3}, {"text": {"_type": "no such"}}, {"text": {"_type": "Path"}}, {"text": {"_type": "partial"}}),
    {"text": {"_type": "Value", "dtype": "__import__"}, "label": {"_type": "ClassLabel", "names": ["a", "a"]}},
    {"text": {"_type": "Image"}, "label": {"_type": "Audio", "sampling_rate": "x"}},
]


@pytest.mark.parametrize("features", FEATURES, ids=str)
def test_features_of_another_shape(saved: Path, features: Any) -> None:
    changed(saved / "dataset_info.json", lambda about: about.update(features=features))
    assert isinstance(refused(saved), InputError)


def write(path: Path, table: pa.Table, compression: str | None = None) -> None:
    with pa.ipc.new_stream(str(path), table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)


@pytest.mark.parametrize(
    "offsets", [[0, 1, 2, 1 << 30], [0, -5, 3, 4], [5, 4, 3, 2], [1 << 30] * 4, [0, 1, 2, 3 << 20]]
)
def test_offsets_are_looked_at_before_anything_else(saved: Path, offsets: list[int]) -> None:
    whole = (saved / DATA).read_bytes()
    ours = np.array([0, 7, 13, 17], "<i4").tobytes()
    assert whole.count(ours) == 1
    (saved / DATA).write_bytes(whole.replace(ours, np.array(offsets, "<i4").tobytes()))
    assert isinstance(refused(saved), SourceError)


def test_places_in_a_dictionary_are_looked_at(saved: Path) -> None:
    (saved / DATA).unlink()
    places = pa.DictionaryArray.from_arrays(pa.array([0, 7, 1 << 30], pa.int32()), pa.array(["a", "b"]), safe=False)
    write(saved / DATA, pa.table({"text": places, "label": ROWS["label"]}))
    assert isinstance(refused(saved), SourceError)


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
@pytest.mark.parametrize("packed", [pa.array(["x" * 10_000] * 3), pa.array(["x" * 10_000] * 3).dictionary_encode()])
def test_what_is_packed_might_unfold_and_is_refused(saved: Path, compression: str, packed: pa.Array) -> None:
    (saved / DATA).unlink()
    write(saved / DATA, pa.table({"text": packed, "label": ROWS["label"]}), compression)
    assert "is compressed, but save_to_disk never compresses" in refused(saved).what


def test_a_stream_that_is_cut_or_changed_anywhere(saved: Path) -> None:
    whole = (saved / DATA).read_bytes()
    for place in range(0, len(whole), 24):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
            (saved / DATA).unlink()
            (saved / DATA).write_bytes(damaged)
            try:
                found = read(saved)
            except InputError:
                continue
            assert len(found) == len(ROWS["label"]), place
