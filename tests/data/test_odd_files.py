"""Odd files: hostile or broken in ways that no writer means, they end in an error of two lines, or are read."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.config import ReadConfig
from auditor.data import check, read
from auditor.data.check import DEEPEST, MOST_COLUMNS
from auditor.data.formats.files import packed
from auditor.data.formats.tables import parquet
from auditor.data.formats.text import jsonl
from auditor.errors import ColumnError, InputError, RowError, SourceError

TEXTS = {"text": ["so glad", "so sad", "well"], "label": [1, 0, 1]}
ROOM = 10_000_000


def refused(path: Path | Any, config: ReadConfig | None = None) -> InputError:
    """The error that reading ends in, which has two lines."""
    with pytest.raises(InputError) as caught:
        read(path, config)
    error = caught.value
    assert "\n" not in error.what + error.todo
    assert len(error.what) < 600
    return error


# -- metadata -------------------------------------------------------------------------------------------------------

DAMAGED = [b"{", b"\xff", b"null", b"3", b"[]", b'{"info": 3}', b'{"info": {"features": []}}', b"[" * 100_000, b""]


@pytest.mark.parametrize("key", ["huggingface", "pandas"])
def test_metadata_that_is_damaged_is_left_out_and_said_so(tmp_path: Path, key: str) -> None:
    for number, value in enumerate([*DAMAGED, b'{"columns": 3, "index_columns": 4}', b'{"columns": [{}]}']):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.table(TEXTS).replace_schema_metadata({key: value, "mine": b"\xff"}), path)
        data = read(path)
        assert data.label_names == ("0", "1")
        assert f"{path.name}: its {key} metadata is damaged and was dropped." in data.notes
        assert data.origin.options["schema_metadata"] == {}


NAMES: list[Any] = [
    *([], "joy", 3, {"a": 1}, ["joy", "joy"], ["joy", " joy "], ["joy", None], ["joy", 1], ["joy", ""], ["joy", [1]]),
    ["joy", " \u00a0"],
]


@pytest.mark.parametrize("names", NAMES, ids=str)
def test_class_names_that_are_no_distinct_names(tmp_path: Path, names: Any) -> None:
    about = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    table = pa.table(TEXTS).replace_schema_metadata({"huggingface": json.dumps(about)})
    pq.write_table(table, tmp_path / "a.parquet")
    error = refused(tmp_path / "a.parquet")
    assert isinstance(error, ColumnError)
    assert "The class names of column 'label', in the features of a.parquet, " in error.what


@pytest.mark.parametrize("feature", [{"names": None}, {"names": None, "_type": "no such"}, None, [], "ClassLabel", {}])
def test_a_label_whose_feature_names_no_classes_is_read_as_numbers(tmp_path: Path, feature: Any) -> None:
    about = {"info": {"features": {"label": feature, "text": 3}}}
    pq.write_table(pa.table(TEXTS).replace_schema_metadata({"huggingface": json.dumps(about)}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").label_names == ("0", "1")


# -- nested deeply, and very wide -----------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [DEEPEST + 1, 900, 100_000])
@pytest.mark.parametrize("wrap", ['{"a": %s}', "[%s]"])
def test_json_that_is_nested_deeply(tmp_path: Path, depth: int, wrap: str) -> None:
    before, after = wrap.split("%s")
    deep = before * depth + "1" + after * depth
    lines = [f'{{"text": "a{n}", "label": "{"xy"[n]}", "deep": {deep}}}\n' for n in range(2)]
    (tmp_path / "a.jsonl").write_text("".join(lines))
    if depth < 1_000:
        assert read(tmp_path / "a.jsonl").table["original:deep"].to_pylist() == [deep] * 2, "kept as its JSON text"
        return
    error = refused(tmp_path / "a.jsonl")
    assert isinstance(error, RowError)
    assert "a.jsonl, line 1" in error.what


def test_json_that_is_nested_as_deeply_as_it_may(tmp_path: Path) -> None:
    deep = "[" * (DEEPEST - 1) + "1" + "]" * (DEEPEST - 1)
    lines = [f'{{"text": "a{n}", "label": "{"xy"[n]}", "deep": {deep}, "wide": {[[]] * 50}}}\n' for n in range(2)]
    (tmp_path / "a.jsonl").write_text("".join(lines))
    data = read(tmp_path / "a.jsonl")
    kept = data.table["original:deep"].to_pylist()
    data.write(tmp_path / "dataset.parquet", tmp_path / "rejected.parquet")
    assert pq.read_table(tmp_path / "dataset.parquet")["original:deep"].to_pylist() == kept
    assert json.loads(json.dumps(kept)) == [json.loads(deep)] * 2


def test_columns_that_are_nested_deeply(tmp_path: Path) -> None:
    type_: pa.DataType = pa.int8()
    for number in range(DEEPEST + 1):
        type_ = pa.struct([("a", type_)]) if number % 2 else pa.list_(type_)
    pq.write_table(pa.table({**TEXTS, "deep": pa.nulls(3, type_)}), tmp_path / "a.parquet")
    assert f"'deep' of a.parquet is nested more than {DEEPEST}" in refused(tmp_path / "a.parquet").what


MANY = [f"c{number}" for number in range(200)]
WIDE: dict[str, Callable[[Path], object]] = {
    "a.csv": lambda path: path.write_text(",".join(["text", "label", *MANY]) + "\na\n"),
    "a.tsv": lambda path: path.write_text("\t".join(["text", "label", *MANY]) + "\na\n"),
    "a.jsonl": lambda path: path.write_text(json.dumps(dict.fromkeys(["text", "label", *MANY], 1))),
    "b.jsonl": lambda path: path.write_text("".join(f'{{"text": "a", "{name}": 1}}\n' for name in MANY)),
    "a.parquet": lambda path: pq.write_table(pa.table({**TEXTS, **dict.fromkeys(MANY, pa.nulls(3))}), path),
}


@pytest.mark.parametrize("name", WIDE)
def test_more_columns_than_a_dataset_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(check, "MOST_COLUMNS", 200)
    WIDE[name](tmp_path / name)
    error = refused(tmp_path / name)
    assert isinstance(error, ColumnError)
    assert "columns; at most 200 are supported" in error.what


def test_a_frame_of_more_columns_than_a_dataset_has() -> None:
    assert "The frame has 10,001 columns" in refused(pd.DataFrame(np.zeros((1, MOST_COLUMNS + 1)))).what


def test_keys_that_each_row_has_others_of_take_no_more_than_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jsonl").write_text("".join(f'{{"text": "a", "label": 1, "c{row}": 1}}\n' for row in range(5000)))
    monkeypatch.setattr(jsonl, "room", lambda: ROOM)
    assert "a.jsonl is too large" in refused(tmp_path / "a.jsonl").what


# -- what is no file ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.parquet", "a.txt"])
def test_pipes_sockets_and_devices_are_never_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert refused(tmp_path / name).what == f"{tmp_path / name} is a pipe, not a file."
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    assert "is a device, not a file" in refused(tmp_path / name).what
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    assert "is neither a folder of datasets' save_to_disk" in refused(tmp_path / name).what


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no sockets in folders")
def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("a.csv")
        assert refused(Path("a.csv")).what == "a.csv is a socket, not a file."


# -- what unfolds ---------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (packed, jsonl, parquet):
        monkeypatch.setattr(module, "room", lambda: ROOM)


def repeated(value: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), pa.array([value]))


BIG = "x" * 100_000
BOMBS: dict[str, Callable[[], pa.Table]] = {
    "one string in many rows": lambda: pa.table({"text": repeated(BIG, 3000), "label": repeated("x", 3000)}),
    "in lists": lambda: pa.table({"list": pa.ListArray.from_arrays(np.arange(3001, dtype="i"), repeated(BIG, 3000))}),
    "in objects": lambda: pa.table({"object": pa.StructArray.from_arrays([repeated(BIG, 3000)], ["a"])}),
    "in maps": lambda: pa.table(
        {"map": pa.MapArray.from_arrays(np.arange(3001, dtype="i"), repeated("k", 3000), repeated(BIG, 3000))}
    ),
    "numbers": lambda: pa.table({"number": np.zeros(2_000_000)}),
    "lists of numbers": lambda: pa.table({"list": pa.ListArray.from_arrays([0, 2_000_000], np.zeros(2_000_000))}),
    "nulls": lambda: pa.table({"nothing": pa.nulls(2_000_000, pa.int64())}),
    "fixed bytes": lambda: pa.table({"bytes": pa.array([b"\0" * 10**6] * 12, pa.binary(10**6))}),
    "a long text": lambda: pa.table({"text": ["x" * 12_000_000]}),
}


@pytest.mark.parametrize("case", BOMBS)
@pytest.mark.usefixtures("small")
def test_parquet_that_unfolds(tmp_path: Path, case: str) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(BOMBS[case](), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < ROOM / 20
    before = pa.total_allocated_bytes()
    error = refused(path)
    assert isinstance(error, SourceError)
    assert error.what == (
        f"{path} is too large: unpacked, it takes more than 10.0 MB, a quarter of the memory that is free."
    )
    assert pa.total_allocated_bytes() - before < ROOM


@pytest.mark.usefixtures("small")
def test_parquet_whose_strings_stand_in_many_rows_is_read_where_there_is_room(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": ["so " * (number % 7 + 2_000 * (number == 5)) for number in range(100_000)],
            "label": ["x", "y"] * 50_000,
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=30_000)
    assert parquet.read_parquet(tmp_path / "a.parquet").equals(table)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz", "a.txt.gz"])
@pytest.mark.usefixtures("small")
def test_gzip_that_unfolds(tmp_path: Path, name: str) -> None:
    with gzip.open(tmp_path / name, "wb", 1) as file:
        for _ in range(12):
            file.write(b" " * 1_000_000)
    assert "is too large: unpacked, it takes more than 10.0 MB" in refused(tmp_path / name).what


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
@pytest.mark.usefixtures("small")
def test_a_file_with_holes(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(1 << 40)
    assert isinstance(refused(tmp_path / name), SourceError)


@pytest.mark.usefixtures("small")
def test_json_that_takes_more_as_objects(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "x", "more": [' + "[]," * 200_000 + "[]]}\n")
    assert "Line 1 of a.jsonl is too large" in refused(tmp_path / "a.jsonl").what


# -- values and types -----------------------------------------------------------------------------------------------


def of_bytes(type_: pa.DataType, *values: bytes) -> pa.Array:
    plain = pa.array(values, pa.large_binary() if pa.types.is_large_string(type_) else pa.binary())
    return pa.Array.from_buffers(type_, len(plain), plain.buffers())


WRONG = b"\xed\xa0\x80"  # half of a surrogate pair
NO_TEXT: dict[str, pa.Array] = {
    "string": of_bytes(pa.string(), b"a", WRONG, b"c"),
    "large string": of_bytes(pa.large_string(), b"a", b"\xff", b"c"),
    "dictionary": pa.DictionaryArray.from_arrays([0, 1, 0], of_bytes(pa.string(), b"a", WRONG)),
    "list": pa.ListArray.from_arrays([0, 1, 2, 3], of_bytes(pa.string(), b"a", b"b", WRONG)),
    "object": pa.StructArray.from_arrays([of_bytes(pa.string(), b"a", WRONG, b"c")], ["a"]),
}


@pytest.mark.parametrize("case", NO_TEXT)
def test_strings_that_are_no_text(tmp_path: Path, case: str) -> None:
    pq.write_table(pa.table({**TEXTS, "odd": NO_TEXT[case]}), tmp_path / "a.parquet")
    assert re.search(r"'odd' of a\.parquet has invalid values|Invalid UTF8", refused(tmp_path / "a.parquet").what)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({**TEXTS, "odd_name": [1, 2, 3]}), tmp_path / "a.parquet", store_schema=False)
    data = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(data.replace(b"odd_name", b"odd\xff\xfeame"))
    assert isinstance(refused(tmp_path / "a.parquet"), InputError)


def test_columns_of_one_name(tmp_path: Path) -> None:
    table = pa.table([["a", "b"], ["x", "y"], [1, 2], [3, 4]], ["text", "label", "n", "n"])
    pq.write_table(table, tmp_path / "a.parquet")
    assert refused(tmp_path / "a.parquet").what == "a.parquet has several columns of the same name: n."


KINDS: dict[str, pa.Array] = {
    "decimal": pa.array([Decimal("1.50"), None, Decimal("-2")], pa.decimal128(38, 2)),
    "big decimal": pa.array([Decimal(10) ** 60, None, Decimal(1)], pa.decimal256(70, 0)),
    "moment": pa.array([datetime(2020, 1, 1, tzinfo=UTC), None, None], pa.timestamp("ns", "Europe/Berlin")),
    "far moment": pa.array([2**62, -(2**62), None], pa.timestamp("us")),
    "time zone": pa.array([0, 1, None], pa.timestamp("s", "Nowhere/At_All")),
    "duration": pa.array([1, -1, None], pa.duration("us")),
    "uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16] * 3, pa.binary(16))),
    "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{", "", "1"])),
    "tensor": pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((3, 2, 2))),
    "nothing": pa.nulls(3),
    "nul": pa.array(["a\0b", "\0", ""]),
    "view": pa.array(["a", None, "a longer text, of more than twelve bytes"], pa.string_view()),
    "runs": pa.RunEndEncodedArray.from_arrays([1, 3], ["a", "b"]),
    "list view": pa.array([[1], None, []], pa.list_view(pa.int8())),
    "interval": pa.array([(1, 2, 3), None, None], pa.month_day_nano_interval()),
    "union": pa.UnionArray.from_sparse(
        pa.array([0, 0, 1], pa.int8()), [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])]
    ),
    "twice the same": pa.StructArray.from_arrays([pa.array([1, 2, 3]), pa.array([4, 5, 6])], ["a", "a"]),
    "no fields": pa.array([{}, {}, None], pa.struct([])),
}


@pytest.mark.parametrize("role", ["other", "text", "label"])
@pytest.mark.parametrize("case", KINDS)
def test_columns_of_every_kind_are_read_or_refused(tmp_path: Path, case: str, role: str) -> None:
    table = pa.table({**TEXTS, role: KINDS[case]})
    try:
        pq.write_table(table, tmp_path / "a.parquet")
    except pa.ArrowNotImplementedError:
        pytest.skip("Parquet cannot hold such a column")
    config = ReadConfig(text="text", label="label", drop_invalid=True)
    try:
        data = read(tmp_path / "a.parquet", config)
    except InputError:
        refused(tmp_path / "a.parquet", config)
        return
    data.contents()
    data.write(tmp_path / "dataset.parquet", tmp_path / "rejected.parquet")
    again = type(data).load(tmp_path / "dataset.parquet", tmp_path / "rejected.parquet")
    assert again.fingerprint() == data.fingerprint()


@pytest.mark.parametrize(
    ("key", "why"), [("\ud800", "a lone surrogate"), ("a\udfff", "a lone"), ("\0raw", "a null character")]
)
def test_a_key_that_is_no_text_is_refused(tmp_path: Path, key: str, why: str) -> None:
    rows = [{"text": "so glad", "label": "joy", key: 1}, {"text": "hate it", "label": "anger"}]
    (tmp_path / "odd.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert why in str(refused(tmp_path / "odd.jsonl"))
