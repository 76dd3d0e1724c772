"""Whatever a format can hold: exported without decisions and read again it is what it was; with decisions, all but
the labels is."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from auditor.correction.export.export import write_export
from auditor.data import LabeledTexts, read
from tests.correction.deciding import CONFIG, corrected, relabelled

Rows = list[tuple[str, str, str]]
LABELS = ["joy", " joy", "Joy", "=1+1", "a,b\tc|d", 'say "no"', "爱", "1", "@x"]
ANY = st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(list(" \t\n\r,;|\"\x00'\\=-+@\ufeff")))
NO_BREAK = ANY.filter(lambda character: character not in "\n\r")


def rows_of(characters: st.SearchStrategy[str]) -> st.SearchStrategy[Rows]:
    texts = st.text(characters, max_size=20)
    row = st.tuples(texts, st.sampled_from([*LABELS, ""]), texts)
    return st.lists(row, max_size=8).map(
        lambda rows: [("two", "joy", ""), *rows, *[("classes", "joy", "x"), ("at all", "Joy", "")] * 2]
    )


def as_csv(delimiter: str, quoting: int, end: str) -> Callable[[Rows], bytes]:
    def write(rows: Rows) -> bytes:
        file = io.StringIO(newline="")
        # This writer leaves a break alone that is not its own: all of them are given to it.
        quoting_ = quoting if end == "\r\n" else csv.QUOTE_ALL
        writer = csv.writer(file, delimiter=delimiter, quoting=quoting_, lineterminator=end)
        writer.writerows([("text", "label", "more"), *rows])
        return file.getvalue().encode()

    return write


def as_jsonl(**style: Any) -> Callable[[Rows], bytes]:
    def write(rows: Rows) -> bytes:
        objects = []
        for number, (text, label, more) in enumerate(rows):
            kinds = [{"text": text, "label": label, "more": more}, {"label": label, "text": text}]
            kinds += [{"text": text, "label": label, "more": None, "deep": {"n": number, "more": [1, 2.5, number]}}]
            kinds += [
                {"deep": {"more": [], "n": None}, "text": text, "label": label, "number": number / (number % 2 + 1)}
            ]
            kinds += [{"text": text, "number": number, "label": label, "deep": None}, {"more": more}]
            objects.append(kinds[number % len(kinds)] if number else kinds[0])
        return "".join(json.dumps(each, **style) + "\n" for each in objects).encode()

    return write


def as_table(rows: Rows) -> pa.Table:
    names = ("text", "label", "more")
    return pa.table({name: [row[at] or None for row in rows] for at, name in enumerate(names)})


def as_parquet(rows: Rows) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(as_table(rows), sink, row_group_size=3)
    return bytes(sink.getvalue().to_pybytes())


FORMATS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "csv": ("rows.csv", as_csv(",", csv.QUOTE_MINIMAL, "\r\n")),
    "csv, quoted": ("rows.csv", as_csv(";", csv.QUOTE_ALL, "\n")),
    "csv, marked": ("rows.csv", lambda rows: b"\xef\xbb\xbf" + as_csv("|", csv.QUOTE_MINIMAL, "\r\n")(rows)),
    "csv, packed": ("rows.csv.gz", lambda rows: gzip.compress(as_csv(",", csv.QUOTE_MINIMAL, "\r\n")(rows))),
    "tsv": ("rows.tsv", as_csv("\t", csv.QUOTE_MINIMAL, "\r\n")),
    "jsonl": ("rows.jsonl", as_jsonl(ensure_ascii=False)),
    "jsonl, escaped": ("rows.jsonl", as_jsonl(separators=(",", ":"))),
    "parquet": ("rows.parquet", as_parquet),
}


def same(found: LabeledTexts, source: LabeledTexts) -> None:
    """Texts, labels, splits, ids, other columns, their types and the rows set aside; for JSON, its keys as well."""
    assert (found.label_names, found.label_values) == (source.label_names, source.label_values)
    assert found.table.schema.equals(source.table.schema)
    assert found.table.equals(source.table)
    assert found.rejected.equals(source.rejected)
    parts = [(each.origin.options["parts"], each.origin.options["schema_metadata"]) for each in (found, source)]
    for part in [*parts[0][0], *parts[1][0]]:
        for name in ("sha256", "file", "folder"):
            part.pop(name, None)
    assert parts[0] == parts[1]


@pytest.mark.parametrize("format_", FORMATS)
@given(rows=rows_of(ANY), seed=st.integers(0, 9))
@settings(max_examples=10)
def test_files(tmp_path_factory: pytest.TempPathFactory, format_: str, rows: Rows, seed: int) -> None:
    name, write = FORMATS[format_]
    folder = tmp_path_factory.mktemp("files")
    (folder / name).write_bytes(write(rows))
    check(read(folder / name, CONFIG), folder, f"out-{name}", seed)


@given(rows=rows_of(NO_BREAK), end=st.sampled_from(["\n", "\r\n"]), seed=st.integers(0, 9))
@settings(max_examples=10)
def test_lines(tmp_path_factory: pytest.TempPathFactory, rows: Rows, end: str, seed: int) -> None:
    folder = tmp_path_factory.mktemp("lines")
    (folder / "rows.txt").write_bytes("".join(f"{text};{label}{end}" for text, label, _ in rows).encode())
    check(read(folder / "rows.txt", CONFIG), folder, "out.txt", seed)


@given(rows=rows_of(ANY), encoding=st.sampled_from(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "gb18030"]))
@settings(max_examples=10)
def test_encodings(tmp_path_factory: pytest.TempPathFactory, rows: Rows, encoding: str) -> None:
    folder = tmp_path_factory.mktemp("encodings")
    (folder / "rows.csv").write_bytes(as_csv(",", csv.QUOTE_ALL, "\r\n")(rows).decode().encode(encoding))
    config = CONFIG.model_copy(update={"encoding": encoding})
    source = read(folder / "rows.csv", config)
    write_export(corrected(source), folder / "out.csv", raw=True)
    same(read(folder / "out.csv", config), source)


@given(rows=rows_of(ANY), seed=st.integers(0, 9))
@settings(max_examples=2)
def test_frames_and_datasets(tmp_path_factory: pytest.TempPathFactory, rows: Rows, seed: int) -> None:
    import datasets

    folder = tmp_path_factory.mktemp("frames")
    frame = as_table(rows).to_pandas().set_axis([7] * len(rows))
    write_export(corrected(frame), folder / "frame.parquet")
    frame.to_parquet(folder / "expected.parquet")
    pd.testing.assert_frame_equal(
        pd.read_parquet(folder / "frame.parquet"), pd.read_parquet(folder / "expected.parquet")
    )
    whole = datasets.Dataset(as_table(rows))
    saved = datasets.DatasetDict({"train": whole, "test": whole.select([0, len(rows) - 1]), "none": whole.select([])})
    check(read(saved, CONFIG), folder, "saved", seed)
    again = datasets.load_from_disk(str(folder / "saved"))
    assert again["train"].features == whole.features
    assert {name: split.num_rows for name, split in again.items()} == {"train": len(rows), "test": 2, "none": 0}


def check(source: LabeledTexts, folder: Path, name: str, seed: int) -> None:
    """Export without decisions, and what is read again once more; then with decisions."""
    write_export(corrected(source), folder / name, raw=True)
    again = read(folder / name, CONFIG)
    same(again, source)
    write_export(corrected(again), folder / f"again-{name}", raw=True)
    same(read(folder / f"again-{name}", CONFIG), source)
    row = seed % len(source)
    others = [each for each in source.label_names if each != source.label_names[source.labels[row]]]
    new = others[seed % len(others)]
    assume({source.label_names[code] for code in np.delete(source.labels, row)} != {new})  # one class is no dataset
    write_export(relabelled(source, {row: new}), folder / f"new-{name}", raw=True)
    changed = read(folder / f"new-{name}", CONFIG)
    label = f"original:{source.origin.label}"
    expected = source.table[label].to_pylist()
    expected[row] = source.label_values[source.label_names.index(new)]
    found = changed.table[label].to_pylist()
    if isinstance(found[row], str):  # blanks around a label stay where they were
        found[row] = found[row].strip(" ") if found[row].strip(" ") == expected[row].strip(" ") else found[row]
        expected[row] = expected[row].strip(" ")
    assert found == expected, "all other labels are spelled as they were"
    anew = [name for name in (label, "label", "raw") if name in source.table.column_names]
    assert changed.table.drop_columns(anew).equals(source.table.drop_columns(anew))
    assert changed.rejected.equals(source.rejected)
