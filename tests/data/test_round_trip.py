"""Whatever texts and labels a format can hold, reading gives them back: texts, labels, ids, columns."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.config import ReadConfig
from auditor.data import LabeledTexts, read

Rows = list[tuple[str, str]]
CONFIG = ReadConfig(text="text", label="label", drop_invalid=True)
NASTY = ["=cmd|' /C calc'!A0", '<b onmouseover="x">', "爱", "غضب", "a,b\tc|d", 'say "no"', "😀 smile", "-1"]
LABELS = ["joy", "Joy", *NASTY]


def is_blank(text: str) -> bool:
    return not pc.utf8_trim_whitespace(pa.scalar(text)).as_py()


def rows_of(characters: st.SearchStrategy[str], labels: list[str] = LABELS) -> st.SearchStrategy[Rows]:
    row = st.tuples(st.text(characters, min_size=1, max_size=30), st.sampled_from(labels))
    # Two rows more, so that there are two classes, whatever else there is.
    return st.lists(row, max_size=12).map(lambda rows: [("two", labels[0]), *rows, ("classes", labels[1])])


ANY = st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(list(" \t\n\r,;|\"\x00'\\")))
NO_BREAK = ANY.filter(lambda character: character not in "\n\r\ufeff")


def as_csv(delimiter: str, quoting: int) -> Callable[[Rows], bytes]:
    def write(rows: Rows) -> bytes:
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=delimiter, quoting=quoting).writerows([("text", "label"), *rows])
        return file.getvalue().encode()

    return write


def as_jsonl(ensure_ascii: bool) -> Callable[[Rows], bytes]:
    return lambda rows: "".join(
        json.dumps({"text": text, "label": label}, ensure_ascii=ensure_ascii) + "\n" for text, label in rows
    ).encode()


def as_table(rows: Rows) -> pa.Table:
    return pa.table({"text": [text for text, _ in rows], "label": [label for _, label in rows]})


def as_parquet(rows: Rows) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(as_table(rows), sink, row_group_size=5)
    return bytes(sink.getvalue().to_pybytes())


FORMATS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "csv": ("rows.csv", as_csv(",", csv.QUOTE_MINIMAL)),
    "csv, all quoted": ("rows.csv", as_csv(";", csv.QUOTE_ALL)),
    "csv, other delimiter": ("rows.csv", as_csv("|", csv.QUOTE_MINIMAL)),
    "csv, packed": ("rows.csv.gz", lambda rows: gzip.compress(as_csv(",", csv.QUOTE_MINIMAL)(rows))),
    "tsv": ("rows.tsv", as_csv("\t", csv.QUOTE_MINIMAL)),
    "jsonl": ("rows.jsonl", as_jsonl(ensure_ascii=False)),
    "jsonl, escaped": ("rows.jsonl", as_jsonl(ensure_ascii=True)),
    "parquet": ("rows.parquet", as_parquet),
}


def check(data: LabeledTexts, rows: Rows) -> None:
    kept = [(number, text, label) for number, (text, label) in enumerate(rows) if not is_blank(text)]
    assert list(data.texts) == [text for _, text, _ in kept]
    assert [data.label_names[code] for code in data.labels] == [label for _, _, label in kept]
    assert data.ids == [f"all-{number}" for number, _, _ in kept]
    assert data.table["position"].to_pylist() == [number for number, _, _ in kept]
    assert data.table["original:text"].to_pylist() == list(data.texts)
    assert data.table["original:label"].to_pylist() == [label for _, _, label in kept]
    assert data.rejected["original:text"].to_pylist() == [text for text, _ in rows if is_blank(text)]
    assert len(data) + data.rejected.num_rows == len(rows)


@pytest.mark.parametrize("format_", FORMATS)
@given(rows=rows_of(ANY))
@settings(max_examples=60)
def test_files(tmp_path_factory: pytest.TempPathFactory, format_: str, rows: Rows) -> None:
    name, write = FORMATS[format_]
    path = tmp_path_factory.mktemp("files") / name
    path.write_bytes(write(rows))
    check(read(path, CONFIG), rows)


@given(rows=rows_of(NO_BREAK, [label for label in LABELS if ";" not in label]), crlf=st.booleans())
@settings(max_examples=60)
def test_lines(tmp_path_factory: pytest.TempPathFactory, rows: Rows, crlf: bool) -> None:
    path = tmp_path_factory.mktemp("lines") / "rows.txt"
    end = "\r\n" if crlf else "\n"
    path.write_bytes("".join(f"{text};{label}{end}" for text, label in rows).encode())
    check(read(path, CONFIG), rows)


@given(rows=rows_of(ANY), encoding=st.sampled_from(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "gb18030"]))
@settings(max_examples=40)
def test_encodings(tmp_path_factory: pytest.TempPathFactory, rows: Rows, encoding: str) -> None:
    path = tmp_path_factory.mktemp("encodings") / "rows.csv"
    path.write_bytes(as_csv(",", csv.QUOTE_MINIMAL)(rows).decode().encode(encoding))
    check(read(path, CONFIG.model_copy(update={"encoding": encoding})), rows)


@given(rows=rows_of(ANY))
def test_frames(rows: Rows) -> None:
    frame = pd.DataFrame(rows, columns=["text", "label"], index=[7] * len(rows))
    check(read(frame, CONFIG), rows)
    check(read(frame.astype({"label": "category"}), CONFIG), rows)
    check(read(frame.astype(object), CONFIG), rows)


@given(rows=rows_of(ANY))
@settings(max_examples=10)
def test_saved_datasets(tmp_path_factory: pytest.TempPathFactory, rows: Rows) -> None:
    import datasets

    folder = tmp_path_factory.mktemp("saved") / "rows"
    dataset = datasets.Dataset(as_table(rows))
    dataset.save_to_disk(str(folder))
    check(read(folder, CONFIG), rows)
    check(read(dataset, CONFIG), rows)


@given(rows=rows_of(ANY))
@settings(max_examples=30)
def test_runs_keep_what_was_read(tmp_path_factory: pytest.TempPathFactory, rows: Rows) -> None:
    folder = tmp_path_factory.mktemp("run")
    data = read(pd.DataFrame(rows, columns=["text", "label"]), CONFIG)
    assert_kept(data, folder)


def assert_kept(data: LabeledTexts, folder: Path) -> None:
    data.write(folder / "dataset.parquet", folder / "rejected.parquet")
    loaded = LabeledTexts.load(folder / "dataset.parquet", folder / "rejected.parquet")
    assert loaded.table.schema.equals(data.table.schema)
    assert loaded.table.equals(data.table)
    assert loaded.rejected.schema.equals(data.rejected.schema)
    assert loaded.rejected.equals(data.rejected)
    assert replace(loaded, table=None, rejected=None) == replace(data, table=None, rejected=None)
    assert loaded.fingerprint() == data.fingerprint()


def every_type() -> dict[str, Any]:
    moments = {f"timestamp {unit}": pa.array([1, None, 3], pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")}
    words = pa.array(["z", None, "a"])
    return {
        **moments,
        "zoned": pa.array([1, None, 3], pa.timestamp("us", "Europe/Berlin")),
        "date": pa.array([1, None, 3], pa.date32()),
        "date in ms": pa.array([86_400_000, None, 0], pa.date64()),
        "time": pa.array([1, None, 3], pa.time32("s")),
        "duration": pa.array([1, None, 3], pa.duration("s")),
        "bool": pa.array([True, None, False]),
        "small": pa.array([1, None, -3], pa.int8()),
        "large": pa.array([2**64 - 1, None, 0], pa.uint64()),
        "half": pa.array([1.5, None, 2], pa.float16()),
        "decimal": pa.array(["1.10", None, "2.00"]).cast(pa.decimal128(5, 2)),
        "bytes": pa.array([b"\x00\xff", None, b""]),
        "large string": words.cast(pa.large_string()),
        "string view": words.cast(pa.string_view()),
        "dictionary": words.dictionary_encode(),
        "unused": pa.DictionaryArray.from_arrays(pa.array([2, None, 0], pa.int8()), pa.array(["c", "b", "a"])),
        "dictionary of numbers": pa.array([5, None, 3]).dictionary_encode(),
        "null": pa.nulls(3),
        "list": pa.array([[1, None], None, []]),
        "list of moments": pa.array([[1], None, []], pa.list_(pa.timestamp("s"))),
        "large list": pa.array([["a"], None, []], pa.large_list(pa.string())),
        "vector": pa.array([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2)),
        "struct": pa.array([{"a": 1, "b": {"c": "x"}}, None, {"a": None, "b": None}]),
        "map": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int32())),
    }


@pytest.mark.parametrize("type_", every_type())
def test_runs_keep_columns_of_every_type(tmp_path: Path, type_: str) -> None:
    table = pa.table({"text": ["a", "", "c"], "label": ["x", "y", "y"], "other": every_type()[type_]})
    pq.write_table(table, tmp_path / "rows.parquet")
    data = read(tmp_path / "rows.parquet", CONFIG)
    values = table["other"].to_pylist()
    assert data.table["original:other"].to_pylist() == [values[0], values[2]]
    assert data.rejected["original:other"].to_pylist() == [values[1]]
    # Not as Parquet has changed it already, but as a frame or a dataset in memory may have it.
    exact = pa.concat_arrays([every_type()[type_].slice(0, 1), every_type()[type_].slice(2, 1)])
    assert_kept(replace(data, table=data.table.set_column(6, "original:other", exact)), tmp_path)
