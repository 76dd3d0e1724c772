"""Workbooks: cells are compared with their types and fonts, and other parts of the file byte for byte."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
from made import Made, pairs
from openpyxl.styles import Font

_OWN = {"xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "docProps/core.xml"}
"""Parts that hold the cells, and the time at which the workbook was made."""
_DAY = dt.datetime(2024, 5, 1, 12, 30)


def workbook(chance: random.Random) -> Made:
    found = pairs(chance, '\n"<&')
    before = chance.choice([["id"], ["id", "when"], []])
    header = [*before, "text", "label", "n", "twice"]
    first = chance.randint(1, 3)
    """Row of the header: those above it are empty."""
    values: dict[str, Any] = {"id": 7, "when": _DAY.isoformat()}

    def line(at: int, text: str, label: str) -> str:
        row = [*(values[name] for name in before), text, label, at / 4, f"=LEN({at})"]
        return json.dumps(row, ensure_ascii=False) + "\n"

    def store(path: Path, data: bytes) -> None:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for number, row in enumerate(map(json.loads, data.decode().splitlines()), start=first):
            for column, value in enumerate(row, start=1):
                is_day = header[column - 1] == "when" and number > first
                cell = sheet.cell(number, column, dt.datetime.fromisoformat(value) if is_day else value)
                if header[column - 1] in ("text", "label"):
                    cell.data_type = "s"  # =1+1 is a formula else
                    cell.font = Font(bold=number % 2 == 0)
        book.create_sheet("Codes").append(["joy", 1])
        book.save(path)

    def load(path: Path) -> bytes:
        with zipfile.ZipFile(path) as archive:
            parts = [hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist() if name not in _OWN]
        rows = openpyxl.load_workbook(path)["Sheet"].iter_rows()
        cells = [[[cell.value, cell.data_type, cell.font.b] for cell in row] for row in rows]
        return "\n".join(json.dumps(entry, default=str) for entry in [parts, *cells]).encode()

    def relabel(row: str, old: str, new: str) -> str:
        cells = json.loads(row)
        cells[header.index("label")] = new
        return json.dumps(cells, ensure_ascii=False) + "\n"

    rows = [line(at, *pair) for at, pair in enumerate(found)]
    head = json.dumps(header) + "\n"
    return Made("rows.xlsx", head, rows, found, relabel=relabel, store=store, load=load)
