"""Excel workbooks: the source's workbook with changed cells, or a new one."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as types

from auditor.correction.export.cells import is_number, strings
from auditor.correction.export.layouts.sheet import Piece, cell, find_rows, letters, moved, style_of, type_of, unfit
from auditor.correction.export.packing import entry
from auditor.correction.export.tables import SplitTable, joined
from auditor.data.formats.tables.workbook import MOST_ROWS, Sheet, open_sheet
from auditor.errors import ExportError, SourceError
from auditor.wording import counted

_BATCH = 10_000
_MOST_COLUMNS = 16_384
_UNNAMED = re.compile(r"__index_level_\d+__")
_CHAIN = "xl/calcChain.xml"
"""Excel's order of computing formulas. Excel re-creates it if missing."""
_CHAIN_NAMED = re.compile(rb"""<[^<>]*["'](?:/xl/)?calcChain\.xml["'][^<>]*/>""")
_BOUND = {b"<mergeCell ": "merged cells", b"<hyperlink ": "links", b"<legacyDrawing ": "comments"}
"""Features bound to cell numbers, by their mark in a sheet's XML."""
_NAMESPACE = "http://schemas.openxmlformats.org"
_NEW = {
    "[Content_Types].xml": f"""<Types xmlns="{_NAMESPACE}/package/2006/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="xml" ContentType="application/xml"/>\
<Override PartName="/xl/workbook.xml"\
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>\
<Override PartName="/xl/styles.xml"\
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>\
<Override PartName="/xl/worksheets/sheet1.xml"\
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_NAMESPACE}/package/2006/relationships">\
<Relationship Id="rId1" Type="{_NAMESPACE}/officeDocument/2006/relationships/officeDocument"\
 Target="xl/workbook.xml"/></Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{_NAMESPACE}/spreadsheetml/2006/main"\
 xmlns:r="{_NAMESPACE}/officeDocument/2006/relationships">\
<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_NAMESPACE}/package/2006/relationships">\
<Relationship Id="rId1" Type="{_NAMESPACE}/officeDocument/2006/relationships/worksheet"\
 Target="worksheets/sheet1.xml"/>\
<Relationship Id="rId2" Type="{_NAMESPACE}/officeDocument/2006/relationships/styles"\
 Target="styles.xml"/></Relationships>""",
    "xl/styles.xml": f"""<styleSheet xmlns="{_NAMESPACE}/spreadsheetml/2006/main">\
<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>\
<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>\
<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>\
<fills count="2"><fill><patternFill patternType="none"/></fill>\
<fill><patternFill patternType="gray125"/></fill></fills>\
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>\
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>\
<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>\
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>""",
}
"""Other files of a new workbook."""
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def write_workbook(parts: Sequence[SplitTable], path: Path) -> list[str]:
    """Write the source's workbook with its changes if possible, otherwise a new one. Return notes.

    Raises
    ------
    ExportError
        If a sheet cannot hold that many rows or columns, or a text that long.
    """
    if len(parts) == 1 and isinstance(kept := parts[0].about.get("workbook"), str):
        try:
            return _write_changed(parts[0], base64.b64decode(kept), path)
        except (
            SourceError,
            ValueError,
            LookupError,
            TypeError,
            OSError,
            zipfile.BadZipFile,
        ):  # an invalid workbook in a received run
            pass
    return _write_new(parts, path)


# -- the source's own -----------------------------------------------------------------------------------------------


def _write_changed(part: SplitTable, workbook: bytes, path: Path) -> list[str]:
    """Edit the changed cells in the sheet's XML. All else stays the same, byte for byte."""
    sheet = open_sheet(workbook, str(part.about.get("file", path.name)), part.about["sheet"])
    numbers = np.array(([] if part.about["header"] else [sheet.begin]) + sheet.numbers)
    if len(numbers) != part.about["rows"]:
        raise ValueError("not the workbook that was read")
    added = part.table.column_names[part.own :]
    if len(numbers) == part.table.num_rows and not part.changed.any() and not added:
        path.write_bytes(workbook)
        return []
    source = zipfile.ZipFile(io.BytesIO(workbook))
    data, formulas = _changed(source.read(sheet.path), part, sheet, numbers)
    with zipfile.ZipFile(path, "w") as target:
        for member in source.infolist():
            if formulas and member.filename == _CHAIN:
                continue
            content = data if member.filename == sheet.path else source.read(member)
            if formulas and member.filename in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
                content = _CHAIN_NAMED.sub(b"", content)
            about = zipfile.ZipInfo(member.filename, member.date_time)
            about.compress_type, about.external_attr = member.compress_type, member.external_attr
            about.create_system = member.create_system
            target.writestr(about, content)
    notes = []
    if formulas:
        outcome = "were replaced by their values" if formulas > 1 else "was replaced by its value"
        notes.append(
            f"{counted(formulas, 'formula')} of the sheet {sheet.title!r} {outcome}, because cells have changed."
        )
    bound = [feature for mark, feature in _BOUND.items() if mark in data]
    if len(numbers) > part.table.num_rows and bound:
        notes.append(f"Rows of the sheet {sheet.title!r} have moved; its {' and '.join(bound)} have not.")
    return notes


def _changed(data: bytes, part: SplitTable, sheet: Sheet, numbers: Any) -> tuple[bytes, int]:
    """Return the XML of the sheet with its changes, and the number of formulas replaced by values."""
    rows = find_rows(data)
    edits = _Edits.of(data, rows, part, sheet, numbers)
    kept = set(numbers[part.rows].tolist())
    gone = set(numbers.tolist()) - kept
    pieces, place, shift, formulas = [], 0, 0, 0
    for row in rows:
        pieces.append(data[place : row.begin])
        place = row.end
        if row.number in gone:
            shift += 1
            continue
        found, number = edits.row(row, row.number - shift, drop_formulas=bool(gone))
        formulas += number
        pieces.append(found)
    pieces.append(data[place:])
    return b"".join(pieces), formulas


@dataclass(frozen=True)
class _Edits:
    """Changes of rows, by their numbers."""

    data: bytes
    cells: Mapping[int, Mapping[int, Any]]
    """New values of the label and its mirrors, by column and row."""
    donors: Mapping[int, Mapping[Any, tuple[bytes, bytes]]]
    added: Mapping[int, Sequence[Any]]
    width: int

    @classmethod
    def of(cls, data: bytes, rows: Sequence[Piece], part: SplitTable, sheet: Sheet, numbers: Any) -> _Edits:
        places = numbers[part.rows].tolist()
        changed = np.flatnonzero(part.changed).tolist()
        cells: dict[int, dict[int, Any]] = {}
        donors: dict[int, dict[Any, tuple[bytes, bytes]]] = {}
        own = part.table.column_names[: part.own]
        for name, values in part.touched.items():
            if name not in own:
                continue
            at, column = own.index(name), own.index(name) + 1
            new = values.take(pa.array(changed, pa.int64())).to_pylist()
            cells[column] = dict(zip((places[row] for row in changed), new, strict=True))
            given = dict(zip(sheet.numbers, (row[at] for row in sheet.rows), strict=True))
            donors[column] = {}
            for row in rows:
                value, donor_cell = given.get(row.number), row.cells.get(column)
                if (
                    value is not None
                    and donor_cell is not None
                    and not donor_cell.formulas
                    and donor_cell.content(data)
                ):
                    # Contents of a cell with that label: a shared string, or a number as written.
                    found = type_of(data[donor_cell.begin : donor_cell.inner]), donor_cell.content(data)
                    donors[column].setdefault((type(value), value), found)
        names = part.table.column_names[part.own :]
        extra = _values(part.table.select(names))
        added = dict(zip(places, zip(*extra, strict=True), strict=True)) if names else {}
        if names and part.about["header"]:
            added[sheet.begin] = tuple(names)
        width = max((max(row.cells, default=0) for row in rows), default=0)
        return cls(data, cells, donors, added, max(width, part.own))

    def row(self, row: Piece, number: int, *, drop_formulas: bool) -> tuple[bytes, int]:
        """Return the row with its changes, and the number of its formulas replaced by values."""
        changes = {column for column, rows in self.cells.items() if row.number in rows}
        added = self.added.get(row.number)
        if number == row.number and not (changes or added or drop_formulas):
            return self.data[row.begin : row.end], 0
        tag, formulas = self.data[row.begin : row.inner], 0
        pieces = [moved(tag, number)]
        place = row.inner
        for column, piece in sorted(row.cells.items()):
            pieces.append(self.data[place : piece.begin])
            place = piece.end
            if column in changes:
                formulas += len(piece.formulas)
                pieces.append(self._cell(piece, column, row.number, number))
                continue
            pieces.append(moved(self.data[piece.begin : piece.inner], number))
            inner = piece.inner
            for formula in piece.formulas * drop_formulas:
                formulas += 1
                pieces.append(self.data[inner : formula.begin])
                inner = formula.end
            pieces.append(self.data[inner : piece.end])
        end = self.data.rindex(b"<", row.inner, row.end) if row.inner < row.end else row.end
        pieces.append(self.data[place:end])
        for at, value in enumerate(added or (), start=self.width + 1):
            pieces.append(cell(f"{letters(at)}{number}", value, prefix=row.prefix))
        pieces.append(self.data[end : row.end])
        return b"".join(pieces), formulas

    def _cell(self, piece: Piece, column: int, old: int, number: int) -> bytes:
        value = self.cells[column][old]
        place, style = f"{letters(column)}{number}", style_of(self.data[piece.begin : piece.inner])
        if (donor := self.donors[column].get((type(value), value))) is None:
            return cell(place, value, style, piece.prefix)
        kind, content = donor
        return b'<%sc r="%s"%s%s>%s</%sc>' % (piece.prefix, place.encode(), style, kind, content, piece.prefix)


# -- a new one ------------------------------------------------------------------------------------------------------


def _write_new(parts: Sequence[SplitTable], path: Path) -> list[str]:
    table = parts[0].table if len(parts) == 1 else joined(parts)
    names = [name for name in table.column_names if not _UNNAMED.fullmatch(name)]
    if table.num_rows >= MOST_ROWS or len(names) > _MOST_COLUMNS:
        raise ExportError(
            f"{table.num_rows:,} rows of {len(names):,} columns do not fit in an Excel sheet, which holds"
            f" {MOST_ROWS - 1:,} rows below its header, and {_MOST_COLUMNS:,} columns.",
            "Export to another format: --to NAME.csv, NAME.jsonl or NAME.parquet.",
        )
    replaced = 0
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in _NEW.items():
            archive.writestr(entry(name), _XML + content)
        with archive.open(entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as file:
            file.write(f'{_XML}<worksheet xmlns="{_NAMESPACE}/spreadsheetml/2006/main"><sheetData>'.encode())
            places = [letters(at) for at in range(1, len(names) + 1)]
            for number, row in enumerate(_rows(table.select(names)), start=1):
                cells = (cell(f"{place}{number}", value) for place, value in zip(places, row, strict=True))
                file.write(b'<row r="%d">%s</row>' % (number, b"".join(cells)))
                replaced += sum(map(unfit, row))
            file.write(b"</sheetData></worksheet>")
    return [
        f"In {counted(replaced, 'cell')}, characters that an Excel workbook cannot hold were replaced by U+FFFD."
    ] * bool(replaced)


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    yield tuple(table.column_names)
    for start in range(0, table.num_rows, _BATCH):
        yield from zip(*_values(table.slice(start, _BATCH)), strict=True)


def _values(table: pa.Table) -> list[list[Any]]:
    """Return the values of the columns: numbers, booleans and dates unchanged, all others as text."""
    columns = []
    for column in table.columns:
        type_ = column.type
        plain = is_number(type_) and not (types.is_decimal(type_) or types.is_time(type_) or types.is_duration(type_))
        if types.is_timestamp(type_) and type_.unit == "ns":
            column = column.cast(pa.timestamp("us", type_.tz), safe=False)
        columns.append(column.to_pylist() if plain else strings(column).to_pylist())
    return columns
