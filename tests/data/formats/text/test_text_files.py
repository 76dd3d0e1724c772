"""What a ``.txt`` file is read as, and tables that are none."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.text.text_files import find_delimiter
from auditor.errors import AuditorError, ColumnError, SourceError

TABLES = {
    "tabs": (b"id\ttext\tlabel\n1\tso glad; really\tjoy\n2\tso sad\tsad\n", "\t"),
    "tabs, no header": (b"ham\tso glad\nspam\tso sad\n", "\t"),
    "commas": (b'text,label\n"so glad, really",joy\nso sad,sad\n', ","),
    "semicolons, three columns": (b"id;text;label\n1;so glad;joy\n2;so sad;sad\n", ";"),
    "semicolons, label first": (b"label;text\njoy;so glad\nsad;so sad\n", ";"),
    "bars": (b"tweet|emotion\nso glad|joy\n", "|"),
    "quotes that are none": (b'text\tlabel\n"so glad\tjoy\nso" sad\tsad\n', "\t"),
    "Excel's first line": (b"sep=|\r\ntext|label\r\nso glad|joy\r\n", "|"),
}
LINES = {
    "lines": b"so glad;joy\nso sad;sad\n",
    "lines with a header": b"text;label\nso glad;joy\n",
    "commas in texts": b"well, so glad;joy\noh, so sad;sad\n",
    "tabs in texts": b"so\tglad;joy\nso\tsad;sad\n",
    "semicolons in texts": b"text;label\nso glad; really;joy\n",
    "nothing": b"so glad\nso sad\n",
    "commas without names": b"so glad,joy\nso sad,sad\n",
}


@pytest.mark.parametrize("case", TABLES)
def test_tables(case: str) -> None:
    data, delimiter = TABLES[case]
    assert find_delimiter(data) == delimiter


@pytest.mark.parametrize("case", LINES)
def test_lines(case: str) -> None:
    assert find_delimiter(LINES[case]) is None


def test_a_delimiter_that_is_named_is_the_only_one() -> None:
    assert find_delimiter(TABLES["tabs"][0], ",") is None
    assert find_delimiter(b"so glad|joy\nso sad|sad\n", "|") is None, "lines"
    assert find_delimiter(LINES["commas without names"], header=False) == ","


def test_unicode_text_of_excel(tmp_path: Path) -> None:
    text = "Text\tLabel\r\nso glad ☺\tjoy\r\nso sad\tsad\r\n"
    (tmp_path / "a.txt").write_bytes(codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
    data = read(tmp_path / "a.txt")
    assert data.origin.format == "tsv"
    assert list(data.texts) == ["so glad ☺", "so sad"]
    assert "a.txt: read as a table with tabs between columns." in data.notes


def test_a_first_line_that_is_a_row_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"ham\tso glad that it is so, my dear\nspam\tso sad\nham\tyes\n")
    with pytest.raises(ColumnError) as caught:
        read(tmp_path / "a.txt")
    assert "--no-header" in caught.value.todo
    data = read(tmp_path / "a.txt", ReadConfig(columns=("label", "text")))
    assert data.label_names == ("ham", "spam")


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("a.csv", b'{"text": "so glad", "label": "joy"}\n{"text": "so sad", "label": "sad"}\n', SourceError),
        ("a.tsv", b'\n[{"text": "so glad", "label": "joy"},\n{"text": "so sad", "label": "sad"}]\n', SourceError),
        ("a.csv", b'[\n {\n  "text": "so glad"\n }\n]\n', ColumnError),
    ],
)
def test_json_with_the_name_of_a_table(tmp_path: Path, name: str, data: bytes, error: type[AuditorError]) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(error) as caught:
        read(tmp_path / name)
    assert "JSON" in caught.value.what + caught.value.todo
    assert ".json" in caught.value.todo
