"""Workbooks of Excel."""

from __future__ import annotations

import datetime as dt
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.tables import workbook
from auditor.data.formats.tables.workbook import read_workbook
from auditor.errors import ColumnError, InputError, SourceError

ROWS = [["text", "label"], ["so glad", "joy"], ["so sad", "sad"], ["well", "joy"]]


def made(path: Path, rows: list[list[Any]] = ROWS, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, each in {**sheets, "Data": rows}.items() if "Data" not in sheets else sheets.items():
        sheet = book.create_sheet(title)
        for row in each:
            sheet.append(row)
    book.save(path)
    return path


def edited(path: Path, member: str, change: Any) -> Path:
    """Change one of the files in a workbook."""
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, change(data) if name == member else data)
    return path


def with_shared_strings(path: Path, strings: bytes) -> Path:
    """Have a workbook keep strings apart, as Excel does."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    edited(path, "[Content_Types].xml", lambda data: data.replace(b"</Types>", part))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        head = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        archive.writestr("xl/sharedStrings.xml", head + strings + b"</sst>")
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_a_sheet(tmp_path: Path) -> None:
    data = read(made(tmp_path / "a.xlsx"))
    assert (data.origin.source, data.origin.format) == ("a.xlsx", "xlsx")
    assert list(data.texts) == ["so glad", "so sad", "well"]
    assert data.label_names == ("joy", "sad")
    assert data.notes == ("Columns guessed: text='text', label='label'.",)


def test_columns_of_one_kind_keep_it(tmp_path: Path) -> None:
    day = dt.datetime(2024, 5, 1, 12, 30)
    columns: dict[str, tuple[list[Any], pa.DataType, list[Any]]] = {
        "int": ([1, None, 3], pa.int64(), [1, None, 3]),
        "float": ([1.5, 2.0, None], pa.float64(), [1.5, 2.0, None]),
        "numbers": ([1, 2.5, 3], pa.float64(), [1.0, 2.5, 3.0]),
        "bool": ([True, False, None], pa.bool_(), [True, False, None]),
        "when": ([day, None, day], pa.timestamp("us"), [day, None, day]),
        "mixed": ([1, "x", 2.0], pa.string(), ["1", "x", "2"]),
        "truths": ([True, "x", day], pa.string(), ["TRUE", "x", "2024-05-01 12:30:00"]),
        "id": ([10**14, 10**13, 1], pa.int64(), [10**14, 10**13, 1]),
        "nothing": ([None, None, None], pa.null(), [None, None, None]),
    }
    rows = [list(columns), *map(list, zip(*(values for values, _, _ in columns.values()), strict=True))]
    table, _, _ = read_workbook(made(tmp_path / "a.xlsx", rows).read_bytes(), "a.xlsx")
    for name, (_, type_, expected) in columns.items():
        assert (name, table[name].type, table[name].to_pylist()) == (name, type_, expected)


def test_the_first_sheet_with_something_in_it(tmp_path: Path) -> None:
    path = made(
        tmp_path / "a.xlsx", Notes=[], Data=[[], [None, None], *ROWS, [], ["more", "sad"]], Other=[["a", "b"], [1, 2]]
    )
    data = read(path)
    assert list(data.texts) == ["so glad", "so sad", "well", "more"]
    assert "a.xlsx: read the sheet 'Data', not 'Other' (--sheet)." in data.notes
    with pytest.raises(ColumnError, match="no column has a usual name"):
        read(path, ReadConfig(sheet="Other"))
    with pytest.raises(SourceError, match="has no non-empty sheet 'Notes'; it has Data, Other"):
        read(path, ReadConfig(sheet="Notes"))


def test_hidden_sheets_come_last(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xlsx", Codes=[["code", "name"], [1, "joy"]], Data=ROWS)
    book = openpyxl.load_workbook(path)
    book["Codes"].sheet_state = "hidden"
    book.save(path)
    assert read(path).origin.options["parts"][0]["sheet"] == "Data"


def test_formulas_are_the_values_that_are_stored(tmp_path: Path) -> None:
    path = made(tmp_path / "a.xlsx", [["text", "label", "n"], ["a", "x", "=1+1"], ["b", "y", "=2+2"]])
    edited(path, SHEET, lambda data: re.sub(rb"(</f>)<v\s*/>|(</f>)<v></v>", b"</f><v>7</v>", data))
    assert read(path).table["original:n"].to_pylist() == [7, 7]


def test_headers(tmp_path: Path) -> None:
    data = read(made(tmp_path / "a.xlsx", [["text", None, 2024, "label"], ["a", "b", "c", "x"], ["d", "e", "f", "y"]]))
    assert data.table.column_names[-4:] == [f"original:{name}" for name in ("text", "column_2", "2024", "label")]
    path = made(tmp_path / "b.xlsx", ROWS[1:])
    data = read(path, ReadConfig(columns=("text", "label")))
    assert list(data.texts) == ["so glad", "so sad", "well"]


def test_splits_are_workbooks(tmp_path: Path) -> None:
    paths = [made(tmp_path / f"{split}.xlsx") for split in ("train", "test")]
    assert list(dict.fromkeys(read(paths).splits)) == ["train", "test"]


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.xlsx", b"text,label\n", "is not an Excel workbook"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" + bytes(600), "has a password, or is a workbook of an older Excel"),
        ("a.xlsx", b"", "is not an Excel workbook"),
    ],
)
def test_what_is_no_workbook(tmp_path: Path, name: str, data: bytes, what: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert what in refused(tmp_path / name).what


def refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read(path)
    assert "\n" not in caught.value.what + caught.value.todo
    return caught.value


def test_nothing_to_read(tmp_path: Path) -> None:
    assert "are empty" in refused(made(tmp_path / "a.xlsx", [])).what
    assert "has a header but no rows" in refused(made(tmp_path / "b.xlsx", [["text", "label"]])).what


def test_without_openpyxl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path / "a.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install 'label-auditor[excel]'" in refused(path).todo


# -- hostile ones ---------------------------------------------------------------------------------------------------

LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "' + b"&a;" * 50 + b'">]>'


@pytest.mark.parametrize("member", [SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"])
def test_entities(tmp_path: Path, member: str) -> None:
    path = edited(made(tmp_path / "a.xlsx"), member, lambda data: LAUGHS + re.sub(rb"<\?xml.*?\?>", b"", data))
    assert "not a valid Excel workbook" in refused(path).what


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'r="B2"', b'r="ZZZZZZ2"'),
        (b'<row r="2"', b'<row r="99999999999"'),
        (b'<row r="2"', b'<row r="x"'),
        (b't="inlineStr"', b't="s"'),
        (b"<sheetData>", b"<sheetData"),
    ],
)
def test_sheets_that_claim_something_else(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = edited(made(tmp_path / "a.xlsx"), SHEET, lambda data: data.replace(old, new, 1))
    try:
        assert len(read(path, ReadConfig(drop_invalid=True))) < 4
    except InputError:
        refused(path)


def test_a_sheet_that_unfolds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "room", lambda: 2_000_000)
    much = b"<sheetData>" + b" " * 10**6
    bomb = edited(made(tmp_path / "a.xlsx"), SHEET, lambda data: data.replace(b"<sheetData>", much))
    assert "is too large" in refused(bomb).what
    styles = edited(made(tmp_path / "b.xlsx"), "xl/styles.xml", lambda data: data + b" " * 10_000)
    assert "is too large" in refused(styles).what


def test_a_string_in_many_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored once, it unfolds in every row."""
    rows = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(5, 3005))
    path = edited(made(tmp_path / "a.xlsx"), SHEET, lambda data: data.replace(b"</sheetData>", rows + b"</sheetData>"))
    with_shared_strings(path, b"<si><t>%s</t></si>" % (b"x" * 30_000))
    monkeypatch.setattr(workbook, "room", lambda: 20_000_000)
    assert "is too large" in refused(path).what


def test_large_workbooks_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(tmp_path / "a.xlsx").read_bytes()
    assert "workbook" in read_workbook(data, "a.xlsx")[1]
    monkeypatch.setattr(workbook, "KEPT", 100)
    assert "workbook" not in read_workbook(data, "a.xlsx")[1]
