"""CSV and TSV → Arrow; every column a string, exactly as it stands in the file."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from auditor.data.check import check_names
from auditor.data.source import counted
from auditor.errors import ColumnError, InputError, RowError, SourceError

DELIMITERS = ",;\t|"
_BLOCK = 1 << 26  # a row must fit into a block; a block is cut up no further, so that threads get one each
_SENTINEL = "\N{SYMBOL FOR END OF TRANSMISSION}" * 8  # no delimiter is in it: those are ASCII
_BLANK_LINES = re.compile(rb"(?:[ \t]*(?:\r\n|\n|\r))*")


@dataclass(frozen=True)
class _Header:
    names: list[str]
    delimiter: str
    start: int
    """Bytes before it: blank lines."""
    lines: int
    """Lines it takes: more than one when a name holds a line break."""


def read_delimited(data: bytes, name: str, delimiter: str | None = None, fewest: int = 2) -> tuple[pa.Table, str, int]:
    """Read CSV or TSV with a header line and ``"`` as the quote.

    Parameters
    ----------
    data : bytes
        Valid UTF-8, not blank.
    name : str
        What messages call the file.
    delimiter : str, optional
        Found from the header line when None.
    fewest : int
        Columns that there must be.

    Returns
    -------
    table : pyarrow.Table
        Strings, without nulls.
    delimiter : str
    blank : int
        Blank lines, which are skipped.

    Raises
    ------
    ColumnError
        If two columns have the same name, or there is one column alone.
    RowError
        If a row has more or fewer fields than the header, or a quote is never closed.
    SourceError
        If there are no rows.
    """
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'):
        raise SourceError(
            f"{delimiter!r} cannot delimit the fields of a CSV file: one ASCII character is expected.",
            "Name another with --delimiter, or leave it out to have it found.",
        )
    header = _read_header(data, name, delimiter, fewest)
    # A quote that is never closed would swallow the rest of the file in silence: then it swallows this row as well.
    row = header.delimiter.join([_SENTINEL] * len(header.names))
    whole = b"".join([memoryview(data)[header.start :], b"\n", row.encode(), b"\n"])
    strange: list[pa.csv.InvalidRow] = []
    try:
        table = _parse(whole, header, strange, stop=True)
    except pa.ArrowInvalid as error:
        raise _malformed(data, whole, name, header, strange, error) from None
    last = table.num_rows - 1
    if last < 0 or table.column(0)[last].as_py() != _SENTINEL:
        swallowed = header.delimiter.join(column[last].as_py() for column in table.columns)
        raise _unclosed(data, name, swallowed)
    table = table.slice(0, last)
    if not last:
        raise SourceError(f"{name} has a header, but no rows.", "Name a file with labelled texts.")
    blank = _line_count(data) - header.lines - last - (_breaks_within(table) if b'"' in data else 0)
    return table, header.delimiter, blank


def find_quoted(data: bytes, delimiter: str, names: Sequence[str]) -> bool | list[str]:
    """Whether every field of the first lines, short as they may be, stands between quotes; else the columns that do.

    R, and pandas where it is told to, quote the header and all strings, and no numbers.
    """
    cut = re.escape(delimiter).encode()
    bare = rb'(?:[^"\r\n' + cut + rb"][^\r\n" + cut + rb"]*)?"
    field = re.compile(rb'(?:("(?:[^"]|"")*")|' + bare + rb")(" + cut + rb"|\r\n|\n|\r)")
    rows: list[list[bool]] = [[]]
    place = 0
    while found := field.match(data, place, 100_000):
        rows[-1].append(found[1] is not None)
        if found[2] != delimiter.encode():
            rows.append([])
        place = found.end()
    header, *others = [row for row in rows if len(row) == len(names)] or [[]]
    if not others or not all(header):
        return False
    always = [all(column) for column in zip(*others, strict=True)]
    return all(always) or [name for name, is_quoted in zip(names, always, strict=True) if is_quoted]


def _read_header(data: bytes, name: str, delimiter: str | None, fewest: int) -> _Header:
    blank = _BLANK_LINES.match(data)
    start = blank.end() if blank else 0
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    text.seek(start)
    if delimiter is None:
        counts = Counter(re.sub(r'"[^"]*"', "", text.readline()))
        delimiter = max(DELIMITERS, key=lambda character: counts[character])
        text.seek(start)
    reader = csv.reader(text, delimiter=delimiter)
    try:
        names = next(reader)
    except csv.Error as error:
        raise ColumnError(
            f"The header line of {name} cannot be read: {error}.", "Give the file a first line of column names."
        ) from None
    if len(names) < fewest:
        raise ColumnError(
            f"{name} has one column, {names[0][:60]!r}; a column of texts and one of labels are expected.",
            "If another character stands between the columns, name it with --delimiter.",
        )
    check_names(names, name)
    return _Header(names, delimiter, start, reader.line_num)


def _parse(whole: bytes, header: _Header, strange: list[pa.csv.InvalidRow], *, stop: bool) -> pa.Table:
    """Parse, putting rows with a wrong number of fields into ``strange``.

    ``stop`` ends at the first one. Without it they are skipped, and their row numbers known: blank lines are rows then,
    and one thread reads them all.
    """

    def invalid(row: pa.csv.InvalidRow) -> str:
        blank = not row.text.strip()
        if not (blank and stop):
            strange.append(row)
        return "error" if stop and not blank else "skip"

    return pa.csv.read_csv(
        pa.BufferReader(whole),
        pa.csv.ReadOptions(
            column_names=header.names, skip_rows_after_names=1, block_size=_BLOCK, use_threads=stop, encoding="utf8"
        ),
        pa.csv.ParseOptions(
            delimiter=header.delimiter,
            newlines_in_values=True,
            ignore_empty_lines=stop,
            invalid_row_handler=invalid,
        ),
        pa.csv.ConvertOptions(
            column_types=dict.fromkeys(header.names, pa.string()), strings_can_be_null=False, check_utf8=False
        ),
    )


def _malformed(
    data: bytes,
    whole: bytes,
    name: str,
    header: _Header,
    strange: list[pa.csv.InvalidRow],
    error: Exception,
) -> InputError:
    if not strange:
        return SourceError(f"{name} cannot be read as CSV: {error}.", "Mend the file, or save it as JSON Lines.")
    strange.clear()
    table = _parse(whole, header, strange, stop=False)
    place = next(i for i, row in enumerate(strange) if row.text.strip())
    row = strange[place]
    if _SENTINEL in row.text:
        return _unclosed(data, name, row.text)
    rows_before = row.number - 2 - place  # without the header, and without the blank rows that stand in `strange`
    line = (
        _line_count(data[: header.start])
        + (header.lines - 1)
        + row.number
        + _breaks_within(table.slice(0, rows_before))
    )
    return RowError(
        f"{name}, line {line}: {counted(row.actual_columns, 'field')} found, {row.expected_columns} expected"
        f" (delimiter {header.delimiter!r}); the line begins {row.text[:60]!r}.",
        'Put texts that hold the delimiter, a quote or a line break between double quotes ("), or name another'
        " character with --delimiter.",
    )


def _unclosed(data: bytes, name: str, swallowed: str) -> RowError:
    """Say in which line the row begins that runs to the end of the file."""
    rest = swallowed[: swallowed.rindex("\n" + _SENTINEL) if "\n" + _SENTINEL in swallowed else None]
    line = max(1, _line_count(data) - _line_count(rest.encode()) + 1)
    return RowError(
        f"{name}, line {line}: a quote is opened and never closed; it begins {rest.splitlines()[0][:60]!r}.",
        'Close the quote, and write a quote within a text twice ("").',
    )


def _line_count(data: bytes) -> int:
    """Count lines, whether they end in LF, CR LF, CR or with the data."""
    breaks = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    return breaks + bool(data and not data.endswith((b"\n", b"\r")))


def _breaks_within(table: pa.Table) -> int:
    """Count line breaks inside of values."""
    signs = {"\n": 1, "\r": 1, "\r\n": -1}
    return sum(
        sign * (pc.sum(pc.count_substring(column, pattern)).as_py() or 0)
        for column in table.columns
        for pattern, sign in signs.items()
    )
