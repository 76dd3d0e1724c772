"""CSV and TSV → Arrow: columns of strings, and each row's bytes as they appear in the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

import pyarrow as pa

from auditor.data.check import check_number
from auditor.data.formats.text.dialect import Dialect, passed_blank
from auditor.data.formats.text.header import doubt_header, given_names, unique_names
from auditor.data.formats.text.quick import Cut, cut_quickly
from auditor.data.formats.text.quoting import Place, choose_dialect, line_ends
from auditor.data.source import Contents
from auditor.errors import ColumnError, ConfigError, InputError, RowError, SourceError
from auditor.wording import counted

DELIMITERS = ",;\t|"
Quoting = Literal["auto", "minimal", "none"]
_SAMPLE = 200
"""Rows that the delimiter is detected from."""
_SEP = re.compile(rb"sep=([^\r\n])(?:\r\n|\n|\r)", re.IGNORECASE)


def read_delimited(
    data: bytes,
    name: str,
    delimiter: str | None = None,
    *,
    quoting: Quoting = "auto",
    header: bool = True,
    columns: Sequence[str] = (),
    fewest: int = 2,
) -> Contents:
    """Read CSV or TSV.

    Parameters
    ----------
    data : bytes
        Valid UTF-8, not blank.
    name : str
        Name of the file in messages.
    delimiter : str, optional
        Detected from the first rows when None; Excel's first line ``sep=;`` names it.
    quoting : {"auto", "minimal", "none"}
        Whether fields may be double-quoted; ``auto`` inspects all fields first.
    header : bool
        Whether the first row names the columns.
    columns : sequence of str
        Names of the columns of a file without a header.
    fewest : int
        Fewest columns.

    Returns
    -------
    Contents
        Strings, without nulls. Details of the file: its
        :class:`~auditor.data.formats.text.dialect.Dialect`, ``header``, ``columns`` (their number), and ``names``,
        if they differ from those of the table.

    Raises
    ------
    ColumnError
        If there is only one column, or there are too many.
    RowError
        If a row has more or fewer fields than the first, or a quote is never closed.
    SourceError
        If there are no rows.
    """
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\\'):
        raise ConfigError(
            f"{delimiter!r} cannot delimit the fields of a CSV file; expected one ASCII character.",
            "Choose another with --delimiter, or omit it to detect it.",
        )
    place, named = passed_sep(data)
    delimiter = delimiter or named or _find_delimiter(data, place)
    start = passed_blank(data, place, Dialect(delimiter))
    width = _width(data, start, delimiter, quoting, name)
    if width < fewest:
        raise _single_column(data, name, start)
    check_number(width, name)
    dialect, cut, notes = _cut(data, Place(start, header, width), delimiter, quoting, name)
    about: dict[str, Any] = {**asdict(dialect), "header": header, "columns": width}
    about |= {"head": data[: cut.begin].decode(), "tail": data[cut.end :].decode()}
    if header:
        in_file = _names(dialect.values(pa.array(cut.header, pa.binary())).to_pylist(), dialect)
        names = unique_names(in_file)
        about |= {} if names == in_file else {"names": in_file}
    else:
        names = given_names(columns, width, name)
    table = cut.table.rename_columns(names)
    if header and (doubt := doubt_header(names, table)):
        about["suspected"] = doubt.todo
        notes.append(f"{name}: {doubt.note}")
    if blank := cut.blank + line_ends(data[place:start]) + line_ends(data[cut.end :]):
        notes.append(f"{name}: {counted(blank, 'blank line')} skipped.")
    return Contents(table, cut.raw, about, tuple(notes))


def _cut(data: bytes, place: Place, delimiter: str, quoting: Quoting, name: str) -> tuple[Dialect, Cut, list[str]]:
    """Cut a file into rows, with the fast method if it is well-formed and its quoting is clear."""
    dialect = Dialect(delimiter, quotes=quoting != "none")
    if quick := cut_quickly(data, place, dialect):
        return dialect, quick, []
    chosen = choose_dialect(data, place, delimiter, quoting)
    dialect, rows = chosen.dialect, chosen.rows
    if not rows.whole:
        if place.header and rows.end == rows.begin:
            _check_header(data, name, dialect, place.columns, rows.begin)
        raise _malformed(data, name, dialect, place.columns, rows.end, quoting)
    if not rows.number:
        raise SourceError(f"{name} has a header but no rows.", "Choose a file with labelled texts.")
    columns = [[dialect.values(batch[at]) for batch in rows.fields] for at in range(place.columns)]
    values = [pa.chunked_array(pieces, pa.string()) for pieces in columns]
    table = pa.table(values, names=[str(number) for number in range(place.columns)])
    raw = pa.chunked_array(rows.raw, pa.large_binary())
    cut = Cut(rows.header, rows.begin, rows.end, raw, table, rows.blank)
    return dialect, cut, [f"{name}: {note}" for note in chosen.notes]


def passed_sep(data: bytes) -> tuple[int, str | None]:
    """Skip Excel's first line ``sep=;``. Return the next position and the delimiter."""
    found = _SEP.match(data)
    if found is None or not found[1].isascii() or found[1] in b'"\\':
        return 0, None
    return found.end(), found[1].decode()


def _find_delimiter(data: bytes, place: int) -> str:
    """Return the delimiter with which most of the first rows have as many fields as the very first."""

    def score(delimiter: str) -> tuple[float, int]:
        best = (0.0, 0)
        for dialect in (Dialect(delimiter), Dialect(delimiter, quotes=False)):
            found = widths(data, place, dialect)
            if found and found[0] > 1:
                best = max(best, (found.count(found[0]) / len(found), found[0]))
        return best

    return max(DELIMITERS, key=score)


def widths(data: bytes, place: int, dialect: Dialect) -> list[int]:
    """Return the number of fields of the first rows, only of the very first if it is 1; a malformed last row has 0."""
    found: list[int] = []
    while len(found) < _SAMPLE and (place := passed_blank(data, place, dialect)) < len(data):
        row = dialect.cut(data, place)
        if row is None:
            return [*found, 0]
        found.append(len(row[0]))
        place = row[1]
        if found[0] == 1:
            break
    return found


def _single_column(data: bytes, name: str, start: int) -> ColumnError:
    """Return the error for a first line with one field, which may be a title or a comment."""
    first = data[start : start + 200].decode("utf-8", "ignore").splitlines()[0]
    what = f"{name} has one column, {first[:60]!r}"
    row = Dialect("\0").cut(data, start)
    if row is not None and row[1] < len(data):
        delimiter = _find_delimiter(data, row[1])
        found = widths(data, row[1], Dialect(delimiter))
        if len(found) > 1 and found[0] > 1 and found.count(found[0]) == len(found):
            return ColumnError(
                f"{what}, in its first line; the next lines have {found[0]} fields (delimiter {delimiter!r}).",
                "Delete the lines above the header, or name each column in the header.",
            )
    return ColumnError(
        f"{what}; expected a column of texts and one of labels.",
        "If another character separates the columns, choose it with --delimiter.",
    )


def _width(data: bytes, start: int, delimiter: str, quoting: Quoting, name: str) -> int:
    """Return the number of columns of the first row."""
    row = Dialect(delimiter, quotes=quoting != "none").cut(data, start)
    if row is None and quoting == "auto":
        row = Dialect(delimiter, quotes=False).cut(data, start)
    if row is None:
        raise ColumnError(
            f"The first line of {name} cannot be read: it opens a quote that is never closed.",
            "Fix the line, or use --quoting none if quotes are part of the texts.",
        )
    return len(row[0])


def _names(first_row: Sequence[str], dialect: Dialect) -> list[str]:
    if dialect.quotes:
        return [name.strip(" ") if dialect.blanks else name for name in first_row]
    return [name[1:-1] if len(name) > 1 and name[0] == name[-1] == '"' else name for name in first_row]


def _check_header(data: bytes, name: str, dialect: Dialect, width: int, place: int) -> None:
    """Refuse a header that names more or fewer columns than all of the first rows have, as R's tables do."""
    found = widths(data, place, dialect)
    fields = found[0] if found else 0
    if len(found) > 1 and fields not in (0, 1, width) and found.count(fields) == len(found):
        raise ColumnError(
            f"The header of {name} names {counted(width, 'column')}, but its rows have {fields} fields (delimiter"
            f" {dialect.delimiter!r}).",
            "Name each column in the header, also one of row names or an empty one; or double-quote texts that contain"
            " the delimiter.",
        )


def _malformed(data: bytes, name: str, dialect: Dialect, width: int, place: int, quoting: Quoting) -> InputError:
    """Return the error for the malformed row that begins at ``place``."""
    place = passed_blank(data, place, dialect)
    line = line_ends(data[:place]) + 1
    where = f"{name}, line {line}"
    begins = data[place : place + 240].decode("utf-8", "ignore").splitlines()[0][:60]
    row = dialect.cut(data, place)
    if row is not None:
        fewer = (
            "Complete or delete the line, double-quote texts that contain a line break, or choose another character"
            " with --delimiter."
        )
        more = (
            'Double-quote (") texts that contain the delimiter, a quote or a line break, or choose another character'
            " with --delimiter."
        )
        return RowError(
            f"{where}: {counted(len(row[0]), 'field')} found, {width} expected (delimiter {dialect.delimiter!r});"
            f" the line begins {begins!r}.",
            more if len(row[0]) > width else fewer,
        )
    todo = 'Close the quote, and write a quote within a text twice ("").'
    if quoting == "auto":
        todo += " If nothing in the file is quoted, use --quoting none."
    if _closes(data, place, dialect):
        return RowError(f"{where}: text follows a closing quote; the line begins {begins!r}.", todo)
    return RowError(f"{where}: a quote is opened and never closed; it begins {begins!r}.", todo)


def _closes(data: bytes, place: int, dialect: Dialect) -> bool:
    """Return whether the first opening quote in the malformed row is closed on its line."""
    cut = re.escape(dialect.delimiter).encode()
    before = rb'(?:(?:"[^"]*+(?:""[^"]*+)*+"|(?!")[^\r\n' + cut + rb"]*+)" + cut + rb")*+"
    return re.compile(before + rb'"[^"\r\n]*+(?:""[^"\r\n]*+)*+"').match(data, place) is not None
