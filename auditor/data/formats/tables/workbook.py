"""Excel's ``.xlsx`` → Arrow: the values of one sheet; the workbook itself is kept for an export."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import pyarrow as pa

from auditor.compat import worksheet_path
from auditor.data.check import MOST_COLUMNS, check_number
from auditor.data.formats.files.packed import Archive
from auditor.data.formats.files.room import check_room, room
from auditor.data.formats.text.header import doubt_header, given_names, unique_names
from auditor.errors import InputError, SourceError
from auditor.wording import counted, listed

MOST_ROWS = 1_048_576
"""Most rows of a sheet."""
KEPT = 1 << 25
"""Most bytes of a workbook that is kept whole, which lets an export change only its cells."""
_HEADER = 1_000
"""Rows that are searched for the first non-blank one."""
_STYLES, _UNFOLDED, _UNFOLDED_STYLES = "xl/styles.xml", 8, 400
"""Most bytes of Python objects per byte of XML."""
_CELL = 64
_OLE = b"\xd0\xcf\x11\xe0"
"""First bytes of a workbook of Excel 97, or of one with a password."""
_ZIP = b"PK"
_EXTRA_COLUMNS = 64
"""Columns beyond the header that are searched for values; a sheet may claim any width."""
_MERGED = re.compile(rb'mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_FORMULA = re.compile(rb"<f\b[^<>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")


@dataclass(frozen=True)
class Sheet:
    """The contents of a workbook's sheet.

    Attributes
    ----------
    title : str
    path : str
        Path of its file in the workbook.
    names : list
        Values of its first non-blank row.
    rows : list of tuple
        Values of the non-blank rows below.
    numbers : list of int
        Numbers of these rows in Excel.
    begin : int
        Number of the first row.
    others : tuple of str
        Titles of the other non-empty sheets.
    gaps : tuple of str
        Sentences on cells that look filled, but have no value.
    """

    title: str
    path: str
    names: list[Any]
    rows: list[tuple[Any, ...]]
    numbers: list[int]
    begin: int
    others: tuple[str, ...]
    gaps: tuple[str, ...]


def read_workbook(
    data: bytes, name: str, sheet: str | None = None, *, header: bool = True, columns: Sequence[str] = ()
) -> tuple[pa.Table, dict[str, Any], tuple[str, ...]]:
    """Read a sheet: the named one, else the first visible non-empty one.

    Formulas are read as their stored values. A column whose values are all numbers, booleans, dates or strings keeps
    its type; other columns become strings.

    Parameters
    ----------
    data : bytes
    name : str
        Name of the file in messages.
    sheet : str, optional
    header : bool
        Whether the first row names the columns.
    columns : sequence of str
        Names of the columns of a sheet without a header.

    Returns
    -------
    pyarrow.Table, dict, tuple of str
        The rows; what an export needs (``sheet``, ``header``, ``columns``, and ``workbook`` in base64 unless it is
        large); notes.

    Raises
    ------
    SourceError
        If it is not a workbook, lacks the sheet, takes too much memory, or openpyxl is not installed.
    ColumnError
        If there are too many columns.
    """
    found = open_sheet(data, name, sheet)
    about: dict[str, Any] = {"sheet": found.title, "header": header, "columns": len(found.names)}
    rows = found.rows
    if header:
        named = [_as_string(value) for value in found.names]
        names = unique_names(named)
        about |= {} if names == named else {"names": named}
    else:
        names, rows = given_names(columns, len(found.names), name), [tuple(found.names), *rows]
    if not rows:
        raise SourceError(f"Sheet {found.title!r} of {name} has a header but no rows.", "Choose another with --sheet.")
    cells = zip(*rows, strict=True)
    table = pa.table([_column(values) for values in cells], names=names)
    notes = []
    if found.others:
        notes.append(
            f"{name}: read the sheet {found.title!r}, not {listed([repr(title) for title in found.others])} (--sheet)."
        )
    shown = pa.table([pa.array(map(_as_string, column)) for column in zip(*rows[:_HEADER], strict=True)], names=names)
    doubts = []
    if header and (doubt := doubt_header(names, shown)):
        doubts.append(doubt.todo)
        notes.append(f"{name}: {doubt.note}")
    if found.others:
        doubts.append(f"If the data are in another sheet, choose it with --sheet: {listed(found.others)}.")
    if doubts:
        about["suspected"] = " ".join(doubts)
    if found.gaps:
        about["gaps"] = list(found.gaps)
    if len(data) <= KEPT:
        about["workbook"] = base64.b64encode(data).decode()
    return table, about, tuple(notes)


def open_sheet(data: bytes, name: str, title: str | None = None) -> Sheet:
    """Check a workbook like any archive, then read one of its sheets with openpyxl.

    Raises
    ------
    SourceError
    """
    try:
        import openpyxl
    except ImportError:
        raise SourceError(
            f"{name} is an Excel workbook, which requires openpyxl.",
            "Install it with pip install 'label-auditor[excel]', or save the sheet as CSV.",
        ) from None
    if data.startswith(_OLE):
        raise SourceError(
            f"{name} has a password, or is a workbook of an older Excel.", "Save it as .xlsx without a password."
        )
    if not data.startswith(_ZIP):
        raise SourceError(
            f"{name} is not an Excel workbook.",
            "Save it as .xlsx again; if it is a table of text, rename it to end in .csv or .tsv.",
        )
    archive, most = Archive(data, name), room()
    members = archive.zip.infolist()
    weights = [_UNFOLDED_STYLES if member.filename == _STYLES else _UNFOLDED for member in members]
    check_room(sum(member.file_size * weight for member, weight in zip(members, weights, strict=True)), name, most)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about unknown styles
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            return _sheet(book, archive, title, most)
    except InputError:
        raise
    except Exception as error:  # malformed files can raise any error
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise SourceError(f"{name} is not a valid Excel workbook: {reason:.200}.", "Save it again.") from None


def _sheet(book: Any, archive: Archive, title: str | None, most: int) -> Sheet:
    name = archive.name
    sheets = sorted(book.worksheets, key=lambda sheet: sheet.sheet_state != "visible")
    begins = {sheet.title: begin for sheet in sheets if (begin := _begin(sheet)) is not None}
    if title is None and not begins:
        raise SourceError(f"All sheets of {name} are empty.", "Choose a workbook with labelled texts.")
    if title is not None and title not in begins:
        raise SourceError(
            f"{name} has no non-empty sheet {title!r}; it has {listed(list(begins)) or 'none'}.",
            "Choose one of these with --sheet, or omit it for the first.",
        )
    title = title if title is not None else next(iter(begins))
    sheet = next(sheet for sheet in sheets if sheet.title == title)
    number, first = begins[title]
    width = _width(first)
    check_number(width, name)
    rows: list[tuple[Any, ...]] = []
    numbers, taken = [], 0
    # Columns that the header does not name are read as well.
    for at, row in _rows(sheet, number + 1, MOST_ROWS, width + _EXTRA_COLUMNS):
        width = max(width, _width(row))
        taken += sum(_CELL + (len(value) if isinstance(value, str) else 0) for value in row[:width])
        if len(rows) % 1_000 == 0:
            check_room(taken, name, most)
        rows.append(row[:width])
        numbers.append(at)
    check_room(taken, name, most)
    rows = [row + (None,) * (width - len(row)) for row in rows]
    names = [*first[:width], *[None] * (width - len(first))]
    others = tuple(other.title for other in sheets if other.title != title and other.title in begins)
    path = worksheet_path(sheet)
    return Sheet(title, path, names, rows, numbers, number, others, _gaps(archive, path))


def _width(row: Sequence[Any]) -> int:
    """Return the number of the last cell with a value."""
    return max((place for place, value in enumerate(row, start=1) if value is not None), default=0)


def _gaps(archive: Archive, path: str) -> tuple[str, ...]:
    """Return sentences on merged cells and on formulas without a stored value."""
    data, found = archive.zip.read(path), []
    merged = [(b"%s%s:%s%s" % cells).decode() for cells in _MERGED.findall(data) if cells[1] != cells[3]]
    if merged:
        found.append(f"{archive.name} has merged cells, of which only the first holds the value: {listed(merged)}.")
    if number := len(_FORMULA.findall(data)):
        found.append(
            f"{archive.name} has {counted(number, 'formula')} without a stored value: open it in Excel and save it."
        )
    return tuple(found)


def _begin(sheet: Any) -> tuple[int, tuple[Any, ...]] | None:
    """Return the first non-blank row."""
    return next(_rows(sheet, 1, _HEADER, MOST_COLUMNS + 1), None)


def _rows(sheet: Any, begin: int, end: int, width: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield the non-blank rows with their numbers; the bounds are explicit because a sheet may claim any size."""
    rows = sheet.iter_rows(min_row=begin, max_row=end, max_col=width, values_only=True)
    for number, row in enumerate(rows, start=begin):
        if any(value is not None and value != "" for value in row):
            yield number, tuple(row)


def _column(values: tuple[Any, ...]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float} and all(isinstance(value, float) or abs(value) < 1 << 53 for value in values if value):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if len(kinds) < 2:
        try:
            return pa.array(values, pa.timestamp("us") if kinds == {datetime} else None)
        except (pa.ArrowException, OverflowError):
            pass
    return pa.array([None if value is None else _as_string(value) for value in values], pa.string())


def _as_string(value: Any) -> str:
    """Format a value as Excel shows it in an unformatted cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return str(int(value))
    if isinstance(value, datetime | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)
