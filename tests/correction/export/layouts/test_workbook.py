"""Workbooks: the source's own with nothing but its changed cells changed, and new ones."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import Font

from auditor.correction.export.export import write_export
from auditor.correction.export.layouts import workbook
from auditor.data import read
from auditor.errors import ExportError
from tests.correction.deciding import CONFIG, corrected, relabelled, vote
from tests.data.formats.tables.test_workbook import SHEET, edited, with_shared_strings
from tests.data.formats.tables.test_workbook import made as made_of

DAY = dt.datetime(2024, 5, 1, 12, 30)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A workbook as people have them: another sheet, widths, fonts, dates, formulas, a comment, blank rows, a table."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Data & more"
    sheet.append(["id", "text", "label", "when", "words"])
    for number, (text, label) in enumerate(
        [("so <glad>", "joy"), ("=1+1", "sad"), ("well & so", "joy"), ("no", "sad")]
    ):
        sheet.append([number, text, label, DAY, f"=LEN(B{sheet.max_row + 1})"])
        sheet.cell(sheet.max_row, 2).data_type = "s"
        sheet.append([] if number else [None])
    sheet.append([9, " last ", "joy", DAY, None])
    sheet.column_dimensions["B"].width = 50
    sheet["C3"].font = sheet["C2"].font = Font(bold=True)
    sheet["B4"].comment = Comment("hm", "ann")
    other = book.create_sheet("Codes")
    other.append(["joy", 1])
    book.properties.creator = "ann"
    book.save(tmp_path / "a.xlsx")
    return edited(tmp_path / "a.xlsx", SHEET, lambda data: re.sub(rb"</f><v\s*/>|</f><v></v>", b"</f><v>7</v>", data))


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def cells(path: Path, title: str = "Data & more", **options: Any) -> list[tuple[Any, ...]]:
    return [row for row in openpyxl.load_workbook(path, **options)[title].values if any(row)]


def test_without_changes_it_is_the_same_file(source: Path, tmp_path: Path) -> None:
    done = write_export(corrected(source), tmp_path / "b.xlsx")
    assert (tmp_path / "b.xlsx").read_bytes() == source.read_bytes()
    assert done.notes == ()


@pytest.mark.parametrize("label", ["sad", "awe", "=1+1", "a <b> & \"c\" 'd'", "x y", "☺"])
def test_only_the_changed_cell_changes(source: Path, tmp_path: Path, label: str) -> None:
    data = read(source, CONFIG)
    write_export(relabelled(data, {0: label}), tmp_path / "b.xlsx")
    old, new = parts(source), parts(tmp_path / "b.xlsx")
    assert [name for name in old if old[name] != new[name]] == [SHEET]
    assert list(old) == list(new)
    expected = cells(source)
    expected[1] = (*expected[1][:2], label, *expected[1][3:])
    assert cells(tmp_path / "b.xlsx") == expected
    cell = openpyxl.load_workbook(tmp_path / "b.xlsx")["Data & more"]["C2"]
    assert (cell.data_type, cell.font.b) == ("s", True)
    assert len(new[SHEET]) - len(old[SHEET]) < 150


def test_rows_that_are_left_out_are_gone(source: Path, tmp_path: Path) -> None:
    data = read(source, CONFIG)
    votes = [vote(data, 1, "exclude"), vote(data, 2, "relabel", "sad")]
    done = write_export(corrected(data, *votes), tmp_path / "b.xlsx")
    rows = cells(source, data_only=True)
    expected = [*rows[:2], (*rows[3][:2], "sad", *rows[3][3:]), *rows[4:]]
    assert cells(tmp_path / "b.xlsx") == expected, "with the values of formulas, which would be those of other rows"
    assert done.notes == (
        "b.xlsx: 3 formulas of the sheet 'Data & more' were replaced by their values, because cells have changed.",
        "b.xlsx: Rows of the sheet 'Data & more' have moved; its comments have not.",
        "excluded.xlsx: 1 formula of the sheet 'Data & more' was replaced by its value, because cells have changed.",
        "excluded.xlsx: Rows of the sheet 'Data & more' have moved; its comments have not.",
    )
    assert cells(tmp_path / "excluded.xlsx") == [rows[0], rows[2]]
    assert openpyxl.load_workbook(tmp_path / "b.xlsx").sheetnames == ["Data & more", "Codes"]
    assert list(read(tmp_path / "b.xlsx").texts) == ["so <glad>", "well & so", "no", " last "]


def test_columns_are_added(source: Path, tmp_path: Path) -> None:
    data = read(source, CONFIG)
    write_export(corrected(data, vote(data, 2, "relabel", "sad")), tmp_path / "b.xlsx", provenance=True)
    rows = cells(tmp_path / "b.xlsx")
    assert rows[0][5:7] == ("given_label", "verdict")
    assert rows[3][5:7] == ("joy", "relabel")
    assert [row[:5] for row in rows[4:]] == cells(source)[4:]


@pytest.mark.parametrize("values", [[1, 2, 1], [1.0, 2.0, 1.0], [True, False, True]])
def test_labels_that_are_no_strings(tmp_path: Path, values: list[Any]) -> None:
    rows = [["text", "label"], *([f"t{number}", value] for number, value in enumerate(values))]
    data = read(made_of(tmp_path / "a.xlsx", rows), CONFIG)
    write_export(relabelled(data, {0: data.label_names[1 - data.labels[0]]}), tmp_path / "b.xlsx")
    assert cells(tmp_path / "b.xlsx", "Data")[1][1] == values[1]
    assert type(cells(tmp_path / "b.xlsx", "Data")[1][1]) is type(cells(tmp_path / "a.xlsx", "Data")[2][1])


def test_strings_that_are_kept_apart_stay_so(tmp_path: Path) -> None:
    """As Excel writes them; with cells that name no place, prefixes, comments, and a chain of formulas."""
    path = made_of(tmp_path / "a.xlsx")
    cell = '<x:c r="%s" s="0" t="s"><x:v>%d</x:v></x:c>'
    rows = (
        "".join(
            f'<x:row r="{row}" spans="1:2"><!-- <c r="A1"/> -->{cell % (f"A{row}", a)}{cell % (f"B{row}", b)}</x:row>'
            for row, a, b in [(1, 0, 1), (2, 2, 3), (3, 4, 5), (4, 6, 3)]
        )
        + '<x:row><x:c t="s"><x:v>7</x:v></x:c><x:c t="str"><x:f>B4</x:f><x:v>joy</x:v></x:c></x:row>'
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<?xml version="1.0"?>\n<x:worksheet xmlns:x="{main}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    edited(path, SHEET, lambda data: sheet.encode())
    words = ["text", "label", "glad", "joy", "sad", "gloom", "well", "last"]
    with_shared_strings(path, "".join(f"<si><t>{word}</t></si>" for word in words).encode())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/calcChain.xml", f'<calcChain xmlns="{main}"><c r="B5" i="1"/></calcChain>')
    chain = b'<Override PartName="/xl/calcChain.xml" ContentType="application/xml"/></Types>'
    edited(path, "[Content_Types].xml", lambda data: data.replace(b"</Types>", chain))
    data = read(path, CONFIG)
    assert list(data.texts) == ["glad", "sad", "well", "last"]
    write_export(relabelled(data, {1: "joy", 3: "awe"}), tmp_path / "b.xlsx")
    new = parts(tmp_path / "b.xlsx")
    assert b'<x:c r="B3" s="0" t="s"><x:v>3</x:v></x:c>' in new[SHEET]
    assert b'<x:c r="B5" t="inlineStr"><x:is><x:t xml:space="preserve">awe</x:t></x:is></x:c>' in new[SHEET]
    assert "xl/calcChain.xml" not in new
    assert b"calcChain" not in new["[Content_Types].xml"]
    again = read(tmp_path / "b.xlsx")
    assert [again.label_names[code] for code in again.labels] == ["joy", "joy", "joy", "awe"]
    write_export(corrected(data, vote(data, 0, "exclude")), tmp_path / "c.xlsx")
    assert list(read(tmp_path / "c.xlsx").texts) == ["sad", "well", "last"]
    assert b'<x:row r="3" spans="1:2"><!-- <c r="A1"/> --><x:c r="A3" s="0"' in parts(tmp_path / "c.xlsx")[SHEET]


def test_splits_of_their_own(source: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for split in ("train", "test"):
        (tmp_path / "in" / f"{split}.xlsx").write_bytes(source.read_bytes())
    data = read([tmp_path / "in" / "train.xlsx", tmp_path / "in" / "test.xlsx"], CONFIG)
    write_export(corrected(data), tmp_path / "clean")
    assert (tmp_path / "clean" / "train.xlsx").read_bytes() == source.read_bytes()
    write_export(corrected(data), tmp_path / "one.xlsx")
    assert len(cells(tmp_path / "one.xlsx", "Sheet1")) == 11


# -- new ones -------------------------------------------------------------------------------------------------------


def test_a_new_one_of_any_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "text": ["=HYPERLINK(1)", " so\r\nglad\t", "+1", "@x ☺"],
            "label": ["joy", "sad", "joy", "sad"],
            "n": [1, 2, None, 4],
            "id": [2**60, 5, 10**15, -3],
            "flag": [True, False, True, None],
            "when": [DAY, None, DAY, dt.datetime(1850, 1, 1)],
            "list": [[1], [], None, [2, 3]],
        }
    )
    done = write_export(corrected(frame), tmp_path / "a.xlsx")
    assert done.notes == ()
    rows = cells(tmp_path / "a.xlsx", "Sheet1")
    assert rows[0] == tuple(frame.columns)
    assert rows[1] == ("=HYPERLINK(1)", "joy", 1, str(2**60), True, DAY, "[1]")
    assert rows[2][:4] == (" so\r\nglad\t", "sad", 2, 5)
    assert rows[3][3] == str(10**15), "of more digits, Excel keeps fifteen"
    assert rows[4][5] == "1850-01-01T00:00:00"
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["Sheet1"]
    assert {sheet.cell(row, 1).data_type for row in range(1, 6)} == {"s"}
    assert sheet["F2"].number_format.startswith("yyyy")
    write_export(corrected(frame), tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert pd.read_excel(tmp_path / "a.xlsx")["text"].tolist() == frame["text"].tolist()


def test_there_and_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", "b", "c"], "label": [1, 0, 1], "x": [1.0, 2.5, 3.0], "when": [DAY] * 3})
    write_export(corrected(frame), tmp_path / "a.xlsx")
    data = read(tmp_path / "a.xlsx", CONFIG)
    assert data.table["original:x"].to_pylist() == [1.0, 2.5, 3.0]
    assert data.table["original:when"].to_pylist() == [DAY] * 3
    assert data.label_values == (0, 1)


def test_what_xml_cannot_hold_is_replaced(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a\x00\x08b", "fine"], "label": ["x", "y"]})
    done = write_export(corrected(frame), tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx", "Sheet1")[1][0] == "a\ufffd\ufffdb"
    assert done.notes == ("In 1 cell, characters that an Excel workbook cannot hold were replaced by U+FFFD.",)


def test_what_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"text": ["☺" * 32_767, "b"], "label": ["x", "y"]})
    write_export(corrected(frame), tmp_path / "a.xlsx")
    frame["text"] = ["\U0001f600" * 16_384, "b"]
    with pytest.raises(ExportError, match="does not fit in an Excel cell"):
        write_export(corrected(frame), tmp_path / "b.xlsx")
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    with pytest.raises(ExportError, match="2 rows of 2 columns do not fit in an Excel sheet"):
        write_export(corrected(frame), tmp_path / "c.xlsx")


@pytest.mark.parametrize("kept", ["", "UEsDBA==", "not base64!", None, 3])
def test_a_workbook_in_a_run_that_is_none(source: Path, tmp_path: Path, kept: Any) -> None:
    corrections = corrected(source)
    corrections.texts.origin.options["parts"][0]["workbook"] = kept
    write_export(corrections, tmp_path / "b.xlsx")
    assert len(cells(tmp_path / "b.xlsx", "Sheet1")) == 6, "made anew"
