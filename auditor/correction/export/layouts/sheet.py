"""Sheet: find the rows and cells of an Excel sheet in its XML, and write cells."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from auditor.errors import ExportError

LONGEST = 32_767
"""Maximum characters of a cell."""
DATE, MOMENT = 1, 2
"""Styles in a new workbook."""
_TAG = re.compile(rb"""<[^\s>/]+(?:\s+[^\s=>]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*(/?)>""")
_PLACE = re.compile(rb"""(\sr\s*=\s*["'])([A-Z]*)(\d+)(?=["'])""")
_STYLE = re.compile(rb"""\ss\s*=\s*["'](\d+)["']""")
_TYPE = re.compile(rb"""\st\s*=\s*["'](\w+)["']""")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML cannot hold."""
_FIRST_DAY, _SOUND = datetime(1899, 12, 30), datetime(1900, 3, 1)
"""Excel counts days from the former. Before the latter, it counts a day that never existed."""
_SURE = 10**15
"""Limit of exact numbers: Excel keeps only fifteen digits."""


@dataclass
class Piece:
    """An element: its start, end and end of its tag; for a row, its number and cells by column."""

    begin: int
    inner: int
    end: int = 0
    number: int = 0
    prefix: bytes = b""
    cells: dict[int, Piece] = field(default_factory=dict)
    formulas: list[Piece] = field(default_factory=list)

    def content(self, data: bytes) -> bytes:
        """Return the bytes between its tags."""
        return data[self.inner : data.rindex(b"<", self.inner, self.end)] if self.inner < self.end else b""


def find_rows(data: bytes) -> list[Piece]:
    """Find the rows of a sheet, its cells and their formulas with expat.

    Raises
    ------
    ValueError
        If the data is not XML in UTF-8, or declares entities.
    """
    scan = _Scan(data)
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, _: scan.start(name, parser.CurrentByteIndex)
    parser.EndElementHandler = lambda name: scan.end(name, parser.CurrentByteIndex)
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    return scan.rows


def _refuse(*_: Any) -> None:
    raise ValueError("a sheet with a document type")


class _Scan:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.rows: list[Piece] = []
        self.open: list[str] = []
        self.cell: Piece | None = None

    def start(self, name: str, place: int) -> None:
        local = name.rpartition(":")[2]
        path = (*self.open[-2:], local)
        self.open.append(local)
        if path[-2:] == ("sheetData", "row"):
            last = self.rows[-1].number if self.rows else 0
            row = self._piece(name, local, place)
            row.number = _number(self.data[row.begin : row.inner])[1] or last + 1
            self.rows.append(row)
        elif path == ("sheetData", "row", "c"):
            cells = self.rows[-1].cells
            self.cell = self._piece(name, local, place)
            column = _number(self.data[place : self.cell.inner])[0] or max(cells, default=0) + 1
            cells[column] = self.cell
        elif path == ("row", "c", "f") and self.cell is not None:
            self.cell.formulas.append(self._piece(name, local, place))

    def end(self, name: str, place: int) -> None:
        local = self.open.pop()
        if local == "row" and self.open[-1:] == ["sheetData"]:
            piece = self.rows[-1]
        elif local == "c" and self.open[-1:] == ["row"] and self.cell is not None:
            piece = self.cell
        elif local == "f" and self.open[-1:] == ["c"] and self.cell is not None:
            piece = self.cell.formulas[-1]
        else:
            return
        piece.end = piece.end or self.data.index(b">", place) + 1

    def _piece(self, name: str, local: str, place: int) -> Piece:
        found = _TAG.match(self.data, place)
        if found is None:
            raise ValueError(f"no tag of {name} at {place}")
        # For an element without content, expat does not report the end.
        return Piece(place, found.end(), found.end() if found[1] else 0, prefix=name.removesuffix(local).encode())


def _number(tag: bytes) -> tuple[int, int]:
    """Return column and row in a tag's ``r`` attribute; 0 where missing."""
    found = _PLACE.search(tag)
    if found is None:
        return 0, 0
    column = 0
    for letter in found[2]:
        column = column * 26 + letter - ord("A") + 1
    return column, int(found[3])


def moved(tag: bytes, number: int) -> bytes:
    """Return the tag of a row or cell, moved to another row."""
    return _PLACE.sub(rb"\g<1>\g<2>%d" % number, tag, count=1)


def letters(column: int) -> str:
    """Return the name of a column, counted from 1."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def style_of(tag: bytes) -> bytes:
    """Return the attribute for a cell's style."""
    found = _STYLE.search(tag)
    return b' s="%s"' % found[1] if found else b""


def type_of(tag: bytes) -> bytes:
    """Return the attribute for the type of a cell's value."""
    found = _TYPE.search(tag)
    return b' t="%s"' % found[1] if found else b""


def cell(place: str, value: Any, style: bytes = b"", prefix: bytes = b"") -> bytes:
    """Format a cell. Text is always a string, even if it looks like a formula.

    Raises
    ------
    ExportError
        If a text is too long.
    """
    if value is None or value != value:
        return b""
    kind, content = _valued(value)
    if not style and kind == b"date":
        style = b' s="%d"' % (MOMENT if isinstance(value, datetime) else DATE)
    kind = b"" if kind in (b"n", b"date") else b' t="%s"' % kind
    inner = content.replace(b"<", b"<" + prefix).replace(b"<" + prefix + b"/", b"</" + prefix) if prefix else content
    return b'<%sc r="%s"%s%s>%s</%sc>' % (prefix, place.encode(), style, kind, inner, prefix)


def _valued(value: Any) -> tuple[bytes, bytes]:
    if isinstance(value, bool):
        return b"b", b"<v>%d</v>" % value
    if isinstance(value, int | float) and abs(value) < _SURE:
        return b"n", b"<v>%s</v>" % repr(value).encode()
    if isinstance(value, date) and not getattr(value, "tzinfo", None):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        if moment >= _SOUND:
            return b"date", b"<v>%s</v>" % repr((moment - _FIRST_DAY) / timedelta(days=1)).encode()
        value = value.isoformat()
    text = str(value)
    if len(text.encode("utf-16-le")) // 2 > LONGEST:
        raise ExportError(
            f"A text of {len(text):,} characters does not fit in an Excel cell, which holds {LONGEST:,}:"
            f" {text[:60]!r}.",
            "Export to another format: --to NAME.csv, NAME.jsonl or NAME.parquet.",
        )
    text = escape(_UNFIT.sub("\ufffd", text), {"\r": "&#13;"})
    return b"inlineStr", b'<is><t xml:space="preserve">%s</t></is>' % text.encode()


def unfit(value: Any) -> bool:
    """Return whether a value has characters that must be replaced."""
    return isinstance(value, str) and _UNFIT.search(value) is not None
