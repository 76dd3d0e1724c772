"""Files that are not read: the message says what was found, where, and what to do about it."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import openpyxl
import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.errors import InputError

ROWS = [("so glad", "joy"), ("so sad", "anger"), ("well, well", "joy")] * 2
LINES = "".join(f"{text.replace(',', '')},{label}\n" for text, label in ROWS)
OBJECTS = [{"text": text, "label": label} for text, label in ROWS]


def workbook(*rows: tuple[str | None, ...], merged: str | None = None, other: bool = False) -> bytes:
    book, file = openpyxl.Workbook(), BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    if merged:
        book.active.merge_cells(merged)  # type: ignore[union-attr]
    if other:
        book.create_sheet("Answers").append(["text", "label"])
    book.save(file)
    return file.getvalue()


def zipped(name: str) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, LINES)
    return file.getvalue()


class Refused(NamedTuple):
    name: str
    data: str | bytes
    what: str
    todo: str
    votes: str | None = None


CASES = {
    "gzip": Refused("a.csv", b"\x1f\x8b\x08\0\0\0", "a.csv is a gzip file, not text", "end in .gz"),
    "xz": Refused("a.jsonl", b"\xfd7zXZ\0\0", "is an xz file", "end in .xz"),
    "zip": Refused("a.csv", zipped("a.csv"), "a zip archive or an Excel workbook", ".zip or .xlsx"),
    "Parquet": Refused("a.txt", b"PAR1\x15\4", "is a Parquet file", "end in .parquet"),
    "an old workbook": Refused("a.csv", b"\xd0\xcf\x11\xe0\0", "older Excel", "Save it as .xlsx"),
    "PDF": Refused("a.txt", b"%PDF-1.7\n", "is a PDF file", "Save the data as a table"),
    "CSV as Excel": Refused("a.xlsx", "text,label\n", "a.xlsx is not an Excel workbook", "end in .csv"),
    "CSV as JSON": Refused("a.json", "text,label\n" + LINES, "line 1: invalid JSON", "rename it to end in .csv"),
    "JSON as lines": Refused("a.txt", json.dumps(OBJECTS[0]) + "\n", "contains JSON", "ends in .jsonl"),
    "tar": Refused("a.tar.gz", b"\x1f\x8b", "ends in '.tar.gz'", "Unpack it"),
    "7-Zip": Refused("a.7z", b"7z", "ends in '.7z'", "Unpack it"),
    "a workbook with macros": Refused("a.xlsm", b"PK", "ends in '.xlsm'", "Save it as .xlsx"),
    "Feather": Refused("a.feather", b"ARROW1", "ends in '.feather'", "save it as .parquet"),
    "no extension": Refused("data", LINES, "its name has no extension", "Rename it as what it is: .csv"),
    "UTF-16 without a mark": Refused("a.csv", LINES.encode("utf-16-le"), "without a byte order mark", "utf-16-le"),
    "big end first": Refused("a.txt", LINES.encode("utf-16-be"), "without a byte order mark", "utf-16-be"),
    "damaged UTF-16": Refused("a.csv", LINES.encode("utf-16") + b"\n", "is not valid UTF-16 at offset", "Re-create"),
    "a comment": Refused(
        "a.csv", "# made by R\ntext,label\n" + LINES, "the next lines have 2 fields", "Delete the lines"
    ),
    "a title": Refused(
        "a.csv", "Answers,\n,\ntext,label\n" + LINES, "no column", "row 2 below its first line contains"
    ),
    "a title in Excel": Refused(
        "a.xlsx", workbook(("Answers",), ("text", "label"), *ROWS), "no column", "row 1 below its"
    ),
    "a sheet of notes": Refused("a.xlsx", workbook(("by Ann",), other=True), "header but no rows", "--sheet"),
    "another sheet": Refused("a.xlsx", workbook(("by",), ("Ann",), other=True), "no column", "--sheet: Answers"),
    "merged cells": Refused(
        "a.xlsx",
        workbook(("text", "label"), *ROWS, ("more", None), merged="B7:B8"),
        "merged cells, of which only",
        "Fix",
    ),
    "formulas": Refused(
        "a.xlsx", workbook(("text", "label"), *ROWS, ("=A1", "joy")), "1 formula without a stored", "Fix"
    ),
    "row names": Refused(
        "a.csv", "text,label\n1,a,b\n2,c,d\n", "names 2 columns, but its rows have 3 fields", "Name each column"
    ),
    "a short row": Refused(
        "a.csv", "text,label\n" + LINES + "alone\n", "line 8: 1 field found, 2 expected", "Complete or delete"
    ),
    "a long row": Refused(
        "a.csv", "text,label\n" + LINES + "a,b,c\n", "line 8: 3 fields found, 2 expected", "Double-quote"
    ),
    "rows within an object": Refused(
        "a.json",
        json.dumps({"v": 1, "data": OBJECTS}, indent=1),
        "a single JSON object with 'v', 'data'",
        """jq '.["data"]'""",
    ),
    "rows by id": Refused(
        "a.json", json.dumps({str(n): row for n, row in enumerate(OBJECTS)}), "a single JSON object", "jq '[.[]]'"
    ),
    "pandas' columns": Refused(
        "a.json",
        json.dumps({key: {str(n): "x" for n in range(6)} for key in ("text", "label")}),
        "a single JSON object",
        "orient='columns'",
    ),
    "pandas' split": Refused(
        "a.json",
        json.dumps({"columns": ["text"], "index": [0], "data": [["x"]]}),
        "a single JSON object",
        "orient='split'",
    ),
    "labels of two types": Refused(
        "a.jsonl",
        '{"text": "a", "label": 1}\n{"text": "b", "label": ["x"]}\n',
        "a number in row 1, a list in row 2",
        "Write every label as a string",
    ),
    "objects as labels": Refused(
        "a.jsonl", '{"text": "a", "label": {"name": "x"}}\n' * 2, "values of type struct", "--label label.name"
    ),
    "numbers of votes": Refused(
        "a.jsonl",
        '{"text": "a", "label": "x", "v": {"x": 2, "y": 1}}\n{"text": "b", "label": "y", "v": {"x": 0, "y": 3}}\n',
        "numbers of votes for x, y",
        "one by one",
        "v",
    ),
    "numbers of votes alone": Refused(
        "a.jsonl",
        "".join(f'{{"text": "t{n}", "v": {{"x": {n}, "y": {9 - n}}}}}\n' for n in range(6)),
        "numbers of votes for x, y",
        "one by one",
        "v",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_message(tmp_path: Path, case: str) -> None:
    refused = CASES[case]
    path = tmp_path / refused.name
    path.write_bytes(refused.data if isinstance(refused.data, bytes) else refused.data.encode())
    with pytest.raises(InputError) as caught:
        read(path, ReadConfig(votes=refused.votes))
    assert refused.what in caught.value.what
    assert refused.todo in caught.value.todo
    assert "\n" not in caught.value.what + caught.value.todo


def test_columns_of_two_raters_with_numbers_are_no_numbers_of_votes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"text": "t{n}", "v": {{"ann": {n % 2}, "bob": {n % 3 % 2}}}}}\n' for n in range(12)))
    assert read(path, ReadConfig(votes="v")).label_names == ("0", "1")
