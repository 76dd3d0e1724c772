"""Texts to predict: every row of a file and every line of a stream, in their order."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import ColumnError, ConfigError, RowError, SourceError
from auditor.evaluation.saved.inputs import PART, texts_of_file, texts_of_stream

LINES = ["so glad", "", '"quoted", with; signs', "  spaces  ", "\u2028 and \x0b are no line ends", "😀"]


def read(path: Path, **options: str) -> list[str | None]:
    texts = texts_of_file(path, **options)
    items = list(texts.items)
    assert texts.total == len(items)
    return items


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "end"])
def test_one_text_a_line(tmp_path: Path, newline: str, last: str) -> None:
    path = tmp_path / "texts.txt"
    path.write_bytes(("\ufeff" + newline.join(LINES) + (newline if last else "")).encode())
    assert read(path) == LINES


def test_packed_and_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt.gz"
    path.write_bytes(gzip.compress("café\nnaïve\n".encode("cp1252")))
    assert read(path, encoding="cp1252") == ["café", "naïve"]
    with pytest.raises(SourceError, match="is not utf-8"):
        texts_of_file(path)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\ufeff")), max_size=5))
def test_stream_gives_back_every_line(texts: list[str]) -> None:
    stream = io.BytesIO("".join(text + "\n" for text in texts).encode())
    assert list(texts_of_stream(stream, "standard input").items) == texts


def test_stream_that_is_not_in_its_encoding() -> None:
    texts = texts_of_stream(io.BytesIO(b"good\ncaf\xe9\n"), "standard input")
    with pytest.raises(SourceError, match="standard input is not utf-8"):
        list(texts.items)
    with pytest.raises(ConfigError, match="text encoding 'klingon' does not exist"):
        list(texts_of_stream(io.BytesIO(b"x"), "standard input", "klingon").items)


def test_parts() -> None:
    texts = texts_of_stream(io.BytesIO(b"x\n" * (2 * PART + 1)), "standard input")
    assert [len(part) for part in texts.parts()] == [PART, PART, 1]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_column_of_a_table(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"number": [1, 2, 3], "tweet": ["so glad", "", "sad, really"], "other": ["a", "b", "c"]})
    path = tmp_path / f"tweets{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    assert read(path) == ["so glad", "", "sad, really"]
    assert read(path, text="other") == ["a", "b", "c"]
    with pytest.raises(ColumnError, match="has no column 'nothing'"):
        texts_of_file(path, text="nothing")


def test_one_column_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text('anything\n"so, glad"\nsad\n')
    assert read(path) == ["so, glad", "sad"]
    path.write_text("anything\nso, glad\n")
    with pytest.raises(RowError, match="2 fields found, 1 expected"):
        texts_of_file(path)


def test_row_without_a_text(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ({"text": None}, {"text": "so glad"}, {"other": 1})))
    assert read(path) == [None, "so glad", None]


def test_column_of_numbers(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": 1}\n')
    with pytest.raises(ColumnError, match="has values of type int64; expected strings"):
        texts_of_file(path)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        texts_of_file(tmp_path / "texts.txt")
