"""Decide whether a file's double quotes are CSV quoting or part of its texts, by inspecting all rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.arrays import Counts
from auditor.data.formats.text.dialect import Dialect
from auditor.data.formats.text.lines import slices
from auditor.wording import counted

_ROWS = 1 << 16
_BYTES = 1 << 28
"""Rows, and bytes, that are converted to Arrow arrays at once."""
_MOSTLY = 0.5
_MANY = 0.2
"""Most texts that begin and end with quotes of their own."""
_BREAK = "[\r\n]"


class Place(NamedTuple):
    """Start of a file's first line, whether it is a header, and the number of columns."""

    start: int
    header: bool
    columns: int


@dataclass(frozen=True)
class Rows:
    """Rows cut into fields.

    Attributes
    ----------
    header : tuple of bytes
        Fields of the header; empty without one.
    begin : int
        Start of the first row.
    raw : list of pyarrow.LargeBinaryArray
        Whole rows, one array per batch, with their ends and the blank lines before them.
    fields : list of list of pyarrow.BinaryArray
        Raw fields with quotes, by batch, then by column.
    blank : int
        Blank lines before rows.
    end : int
        Start of the malformed row, or end of the last row.
    whole : bool
        Whether only blank lines follow.
    """

    header: tuple[bytes, ...]
    begin: int
    raw: list[pa.Array]
    fields: list[list[pa.Array]]
    blank: int
    end: int
    whole: bool

    @property
    def number(self) -> int:
        """Number of rows."""
        return sum(map(len, self.raw))


@dataclass(frozen=True)
class Chosen:
    """The chosen dialect and its rows, which are incomplete if no dialect cuts all of them."""

    dialect: Dialect
    rows: Rows
    notes: tuple[str, ...] = ()


@dataclass
class _Quotes:
    """Statistics of a file's quotes, read as CSV quoting.

    Attributes
    ----------
    quoted : (columns,) int
        Quoted fields by column.
    needed : int
        Quoted fields that contain the delimiter, a quote or a line break.
    loose : int
        Unquoted fields that contain a quote; a program that quotes would have quoted them.
    after_blank : int
        Unquoted fields that begin with blanks and a quote.
    commas : (2,) int
        Quoted and unquoted fields that contain a comma: Excel quotes those, whatever the delimiter.
    repeated : int
        Quoted fields whose content also occurs unquoted in the same column.
    like_rows : int
        Quoted multi-line fields of which each line could be a row.
    first : bytes
        The first of these rows.
    """

    quoted: Counts
    needed: int = 0
    loose: int = 0
    after_blank: int = 0
    commas: tuple[int, int] = (0, 0)
    repeated: int = 0
    like_rows: int = 0
    first: bytes = b""

    def is_quoting(self, rows: int) -> bool:
        """Return whether the quotes look like CSV quoting: of fields that need it, or of most of a column."""
        excel = self.commas == (self.quoted.sum(), 0) and self.commas[0] > 0
        many = bool((self.quoted > _MANY * rows).any())
        always = bool((self.quoted >= rows).any())
        return self.needed > 0 or self.repeated > 0 or always or (not self.loose and (many or excel))


def choose_dialect(data: bytes, place: Place, delimiter: str, quoting: Literal["auto", "minimal", "none"]) -> Chosen:
    """Choose how rows are cut into fields.

    CSV quoting is used if it cuts every row into the right number of fields, and the quotes look like quoting: fields
    that need quotes have them, or all fields of a column do. Otherwise the file is read without quoting, if possible: a
    text that begins with a quote would otherwise swallow the rows up to the next quote.
    """
    usual, plain = Dialect(delimiter), Dialect(delimiter, quotes=False)
    if quoting == "none" or data.find(b'"', place.start) < 0:
        rows = cut_rows(data, place, plain)
        if not rows.whole and quoting == "auto" and (found := _other(data, place, Dialect(delimiter, escapes=True))):
            return found
        # Nothing is quoted, so both are equivalent; with quoting, a corrected label can be quoted.
        return Chosen(plain if quoting == "none" else usual, rows)
    rows = cut_rows(data, place, usual)
    if rows.whole:
        quotes = _look(rows, usual, place.columns)
        if quotes.after_blank and (found := _other(data, place, replace(usual, blanks=True))):
            return found
        if quoting == "minimal" or not (quotes.like_rows or quotes.quoted.any()):
            return Chosen(usual, rows)
        return _weigh(data, place, rows, quotes, usual)
    for other in (replace(usual, escapes=True), replace(usual, blanks=True)):
        if found := _other(data, place, other):
            return found
    if quoting == "auto":
        unquoted = cut_rows(data, place, plain)
        if unquoted.whole and not _is_broken_quoting(unquoted, place.columns):
            return Chosen(plain, unquoted, (_unquoted(unquoted),))
    return Chosen(usual, rows)


def cut_rows(data: bytes, place: Place, dialect: Dialect) -> Rows:
    """Cut rows until one does not have the right number of fields."""
    match = dialect.row(place.columns).match
    begin, header = place.start, tuple[bytes, ...]()
    if place.header:
        first = match(data, begin)
        if first is None:
            return Rows((), begin, [], [], 0, begin, whole=False)
        header, begin = first.groups()[1:], first.end()
    raw: list[pa.Array] = []
    fields: list[list[pa.Array]] = []
    blank, end = 0, begin
    for rows, ends in _batches(data, begin, match):
        before, *cells = zip(*rows, strict=True)
        blank += sum(map(line_ends, filter(None, before)))
        raw.append(slices(data, np.array([end, *ends], np.int64)))
        fields.append([pa.array(cell, pa.binary()) for cell in cells])
        end = ends[-1]
    return Rows(header, begin, raw, fields, blank, end, whole=not data[end:].strip(b" \t\r\n"))


def line_ends(data: bytes) -> int:
    """Count LF, CR LF and CR."""
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def _batches(
    data: bytes, place: int, match: Callable[[bytes, int], re.Match[bytes] | None]
) -> Iterator[tuple[list[tuple[bytes, ...]], list[int]]]:
    """Yield batches of rows and their ends."""
    rows: list[tuple[bytes, ...]] = []
    ends: list[int] = []
    begun = place
    while found := match(data, place):
        rows.append(found.groups())
        place = found.end()
        ends.append(place)
        if len(rows) == _ROWS or place - begun > _BYTES:
            yield rows, ends
            rows, ends, begun = [], [], place
    if rows:
        yield rows, ends


def _other(data: bytes, place: Place, dialect: Dialect) -> Chosen | None:
    """Return another dialect that the file may be in, if it cuts all rows."""
    sign = b"\\" if dialect.escapes else dialect.delimiter.encode() + b" "
    if sign not in data:
        return None
    rows = cut_rows(data, place, dialect)
    return Chosen(dialect, rows, (_OTHERS[dialect.blanks],)) if rows.whole else None


def _look(rows: Rows, dialect: Dialect, columns: int) -> _Quotes:
    quotes = _Quotes(np.zeros(columns, np.int64))
    needs = '""|' + re.escape(dialect.delimiter) + "|" + _BREAK
    plain = Dialect(dialect.delimiter, quotes=False).row(columns)
    for raw, fields in zip(rows.raw, rows.fields, strict=True):
        like_rows = np.zeros(len(raw), bool)
        for column in fields:
            several = pc.and_(pc.starts_with(column, '"'), pc.match_substring_regex(column, _BREAK))
            for row in np.flatnonzero(several.to_numpy(zero_copy_only=False) & ~like_rows):
                like_rows[row] = are_rows(raw[int(row)].as_py(), plain)
        if like_rows.any() and not quotes.like_rows:
            quotes.first = raw[int(np.argmax(like_rows))].as_py()
        quotes.like_rows += int(like_rows.sum())
        for at, column in enumerate(fields):
            others = column.filter(pa.array(~like_rows))
            is_quoted = pc.starts_with(others, '"')
            quoted, bare = others.filter(is_quoted), others.filter(pc.invert(is_quoted))
            quotes.quoted[at] += len(quoted)
            inner = pc.binary_slice(quoted, 1, -1)
            quotes.needed += _count(inner, needs)
            quotes.repeated += pc.sum(pc.is_in(inner, value_set=bare)).as_py() or 0
            quotes.loose += _count(bare, '"')
            quotes.commas = quotes.commas[0] + _count(quoted, ","), quotes.commas[1] + _count(bare, ",")
            quotes.after_blank += _count(bare, '^ +"')
    return quotes


def _count(column: pa.Array, pattern: str) -> int:
    """Return the number of fields that match a pattern."""
    return pc.sum(pc.match_substring_regex(column, pattern)).as_py() or 0


def are_rows(raw: bytes, plain: re.Pattern[bytes]) -> bool:
    """Return whether every line of a multi-line row could be a row."""
    place, number = 0, 0
    while found := plain.match(raw, place):
        place, number = found.end(), number + 1
    return number > 1 and not raw[place:].strip()


def _weigh(data: bytes, place: Place, rows: Rows, quotes: _Quotes, usual: Dialect) -> Chosen:
    """Decide if rows can be cut with and without quoting."""
    if quotes.is_quoting(rows.number) or any(name.startswith(b'"') for name in rows.header):
        if not quotes.like_rows:
            return Chosen(usual, rows)
        note = (
            f"{counted(quotes.like_rows, 'quoted text')} over several lines, each of which looks like a row, as in"
            f" {quotes.first[:60].decode('utf-8', 'ignore')!r}: read as one text; --quoting none reads them as rows."
        )
        return Chosen(usual, rows, (note,))
    if quotes.like_rows or quotes.loose or usual.delimiter == "\t":
        plain = replace(usual, quotes=False)
        unquoted = cut_rows(data, place, plain)
        if unquoted.whole:
            return Chosen(plain, unquoted, (_unquoted(unquoted),))
    note = (
        f"the quotes around {counted(int(quotes.quoted.sum()), 'field')} are read as CSV quoting; --quoting none keeps"
        " them as part of the texts."
    )
    return Chosen(usual, rows, (note,))


def _is_broken_quoting(rows: Rows, columns: int) -> bool:
    """Return whether most fields of a column are quoted, which makes an unquoted one an error."""
    quoted = np.zeros(columns, np.int64)
    for fields in rows.fields:
        quoted += [_count(column, '^".*"$') for column in fields]
    return bool((quoted > _MOSTLY * rows.number).any())


def _unquoted(rows: Rows) -> str:
    number = sum(_count(raw, '"') for raw in rows.raw)
    return (
        f"no field is quoted: the double quotes in {counted(number, 'row')} are part of the texts (--quoting minimal"
        " reads them as CSV quoting)."
    )


_OTHERS = (
    "a backslash in it escapes the quote or delimiter after it.",
    "blanks after its delimiters are not part of the fields.",
)
