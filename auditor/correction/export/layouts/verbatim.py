"""Verbatim: copy rows from their text file, and rewrite only the changed cells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.arrays import Mask
from auditor.correction.export.cells import defanged, is_number, strings
from auditor.correction.export.layouts.annotated import AnnotatedRows
from auditor.correction.export.layouts.fasttext import FastText
from auditor.correction.export.layouts.json_text import JsonStyle, find
from auditor.correction.export.tables import SplitTable
from auditor.data.formats.text.delimited import passed_sep
from auditor.data.formats.text.dialect import Dialect
from auditor.data.formats.text.lines import COLUMNS, is_header
from auditor.errors import ExportError, RunDamagedError

_BATCH = 50_000
_LINE_END = re.compile(rb"(?:\r\n|\n|\r)?\Z")
_COMMA = re.compile(rb"\A(\s*),")
_ANOTHER = "Export to another format: --to NAME.csv, NAME.jsonl or NAME.parquet."


class _Edit(NamedTuple):
    """New values of a column.

    Attributes
    ----------
    rows : (R,) bool
        Rows to write a value in. Other cells stay unchanged.
    values : pyarrow.Array
        (R,) values; null writes an empty cell.
    """

    rows: Mask
    values: pa.Array


class Layout(Protocol):
    """How to change the rows of one file."""

    def edit(self, row: bytes, values: Mapping[str, Any]) -> bytes:
        """Replace the values of some columns in a row."""

    def head(self, added: Sequence[str], renamed: Mapping[str, str]) -> bytes:
        """Return the bytes before the first row, with columns added or renamed."""

    def first(self, row: bytes, *, is_first: bool) -> bytes:
        """Return the first row of a part; ``is_first`` if it is the first of the file."""


def is_verbatim(format_: str, parts: Sequence[SplitTable]) -> bool:
    """Return whether rows can be copied: they come from text files of this format, all in the same style."""
    if any(part.raw is None or part.about.get("format") != format_ for part in parts):
        return False
    if format_ in ("lines", "fasttext") and any(map(_added, parts)):  # these formats have no room for another column
        return False
    if format_ in ("jsonl", "json"):
        return True
    alike = ("delimiter", "quotes", "escapes", "blanks", "columns", "header", "names", "at_end")
    return len({json.dumps([part.about.get(name) for name in alike] + _own(part)) for part in parts}) == 1


def copied_rows(parts: Sequence[SplitTable], *, guard: bool, raw: bool, newline: str) -> Iterator[bytes]:
    """Yield the UTF-8 bytes of a file with the parts one after the other.

    Parameters
    ----------
    parts : sequence of SplitTable
        Parts that satisfy :func:`is_verbatim`.
    guard : bool
        Put an apostrophe before formulas in CSV and TSV.
    raw : bool
        Write new labels and added columns in CSV and TSV unchanged.
    newline : str
        Line end between two parts if the first ends without one.

    Raises
    ------
    ExportError
        If a value cannot be written in the file's style.
    RunDamagedError
        If the rows contradict their layout: a received run may hold anything.
    """
    try:
        yield from _copied(parts, guard=guard, raw=raw, newline=newline)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        name = parts[0].about.get("file", parts[0].split)
        raise RunDamagedError(
            f"The rows of {name!r:.80} in the run contradict its layout: {str(error)[:120] or 'damaged'}.",
            "Audit the dataset again, in a new run directory.",
        ) from None


def _copied(parts: Sequence[SplitTable], *, guard: bool, raw: bool, newline: str) -> Iterator[bytes]:
    ended = True
    for number, part in enumerate(parts):
        layout = _layout_of(part)
        extra = _extra(part, raw=raw and not guard)
        edits = _edits(part, guard=guard, raw=raw)
        if number == 0:
            renamed = _guarded_names(_own(part)) if guard and part.about["format"] in ("csv", "tsv") else {}
            if head := layout.head(extra.column_names, renamed):
                yield head
        first = True
        for piece in _pieces(part, layout, edits, extra):
            if first:
                piece = layout.first(piece, is_first=number == 0)
                piece = piece if ended else newline.encode() + piece
                first = False
            ended = piece.endswith((b"\n", b"\r")) or part.about["format"] == "json"
            yield piece
        if number == len(parts) - 1 or part.about["format"] != "json":
            yield part.about["tail"].encode()


def formulas(parts: Sequence[SplitTable]) -> tuple[int, int]:
    """Count the cells of a file, written without ``guard`` and ``raw``, that are formulas to a spreadsheet.

    Returns
    -------
    left, guarded : int
        Those copied from the source, which it would run, and those that an apostrophe was put before.
    """
    left, guarded = defanged(pa.array(_own(parts[0]), pa.large_string()))[1], 0
    for part in parts:
        edits, extra = _edits(part, guard=False, raw=False), _extra(part, raw=False)
        for name in [field.name for field in part.table.schema if not is_number(field.type)]:
            for start in range(0, part.table.num_rows, _BATCH):
                cells = written = strings(part.table[name].slice(start, _BATCH))
                if name in edits:
                    rows, values = (of.slice(start, _BATCH) for of in (pa.array(edits[name].rows), edits[name].values))
                    written = pc.if_else(rows, values, cells)
                elif name in extra.column_names:
                    written = strings(extra[name].slice(start, _BATCH))
                left += defanged(written)[1]
                guarded += pc.sum(pc.not_equal(written, cells)).as_py() or 0
    return left, guarded


def _extra(part: SplitTable, *, raw: bool) -> pa.Table:
    """Return the columns that the export adds, without formulas in CSV and TSV unless ``raw``."""
    extra = part.table.select(_added(part))
    if raw or part.about["format"] not in ("csv", "tsv"):
        return extra
    for at, field in enumerate(extra.schema):
        if not is_number(field.type):
            extra = extra.set_column(at, field.name, defanged(strings(extra[field.name]))[0])
    return extra


def _pieces(part: SplitTable, layout: Layout, edits: Mapping[str, _Edit], extra: pa.Table) -> Iterator[bytes]:
    """Yield rows as bytes: one by one where they change, in batches elsewhere."""
    assert part.raw is not None
    changed = np.zeros(part.table.num_rows, bool)
    for edit in edits.values():
        changed |= edit.rows
    added = extra.column_names
    for start in range(0, part.table.num_rows, _BATCH):
        rows = part.raw.slice(start, _BATCH).combine_chunks()
        changed_here = changed[start : start + _BATCH]
        if not added and not changed_here.any():
            yield from _unchanged_rows(rows)
            continue
        lines = rows.to_pylist()
        cells = {name: edit.values.slice(start, _BATCH).to_pylist() for name, edit in edits.items()}
        for place in np.flatnonzero(changed_here).tolist():
            edited = [name for name, edit in edits.items() if edit.rows[start + place]]
            lines[place] = layout.edit(lines[place], {name: cells[name][place] for name in edited})
        if added:
            assert isinstance(layout, _Csv | _Json)
            more = extra.slice(start, _BATCH).to_pylist()
            lines = [layout.extend(line, values) for line, values in zip(lines, more, strict=True)]
        yield lines[0]
        yield b"".join(lines[1:])


def _unchanged_rows(rows: pa.LargeBinaryArray) -> Iterator[bytes]:
    """Yield the first row, then the others, which are contiguous in memory."""
    yield rows[0].as_py()
    if len(rows) > 1:
        ends = np.frombuffer(rows.buffers()[1], np.int64)[rows.offset : rows.offset + len(rows) + 1]
        yield memoryview(rows.buffers()[2])[int(ends[1]) : int(ends[-1])].tobytes()


def _edits(part: SplitTable, *, guard: bool, raw: bool) -> dict[str, _Edit]:
    """Return the new values by column."""
    spreadsheet = part.about["format"] in ("csv", "tsv")
    edits: dict[str, _Edit] = {}
    for name, touched in part.touched.items():
        if name in _added(part):
            continue
        column = touched.combine_chunks()
        if spreadsheet:
            column = strings(column)
            if not raw:
                unchanged_values = pc.unique(column.filter(pa.array(~part.changed)))
                column = pc.if_else(pc.is_in(column, value_set=unchanged_values), column, defanged(column)[0])
        edits[name] = _Edit(part.changed, column)
    if guard and spreadsheet:
        for name in _own(part):
            edit = edits.get(name, _Edit(np.zeros(part.table.num_rows, bool), strings(part.table[name])))
            cells = pc.if_else(pa.array(edit.rows), edit.values, strings(part.table[name]))
            safe = defanged(cells)[0]
            formulas = pc.fill_null(pc.not_equal(safe, cells), False).to_numpy(zero_copy_only=False)
            edits[name] = _Edit(edit.rows | formulas, safe)
    return {name: edit for name, edit in edits.items() if edit.rows.any()}


def _guarded_names(names: Sequence[str]) -> dict[str, str]:
    safe = defanged(pa.array(names, pa.large_string()))[0].to_pylist()
    return {name: new for name, new in zip(names, safe, strict=True) if name != new}


def _own(part: SplitTable) -> list[str]:
    """Return the names of the file's columns."""
    return list(part.table.column_names[: part.own])


def _added(part: SplitTable) -> list[str]:
    """Return the names of the columns that the export adds."""
    return list(part.table.column_names[part.own :])


def _layout_of(part: SplitTable) -> Layout:
    about = part.about
    if about["format"] in ("jsonl", "json"):
        return _Json(about)
    if about["format"] == "fasttext":
        return FastText(about)
    if about["format"] == "lines":
        return _Lines(about, _own(part))
    return _Csv(about, _own(part))


@dataclass(frozen=True)
class _Csv:
    about: Mapping[str, Any]
    names: Sequence[str]

    def edit(self, row: bytes, values: Mapping[str, Any]) -> bytes:
        found = self._dialect.row(len(self.names)).match(row)
        if found is None:
            raise ValueError(f"expected a row of {len(self.names)} fields")
        for name, value in sorted(values.items(), key=lambda pair: -self.names.index(pair[0])):
            begin, end = found.span(2 + self.names.index(name))
            row = row[:begin] + self._field("" if value is None else str(value), row[begin:end], row) + row[end:]
        return row

    def extend(self, row: bytes, values: Mapping[str, Any]) -> bytes:
        cells = [strings(pa.array([value]))[0].as_py() or "" for value in values.values()]
        fields = [row[: _line_end(row)], *(self._field(cell, b"", row) for cell in cells)]
        return self._dialect.delimiter.encode().join(fields) + row[_line_end(row) :]

    def head(self, added: Sequence[str], renamed: Mapping[str, str]) -> bytes:
        head: bytes = self.about["head"].encode()
        if not self.about["header"] or not (added or renamed):
            return head
        begin, _ = passed_sep(head)
        names = self.edit(head[begin:], renamed) if renamed else head[begin:]
        return head[:begin] + self.extend(names, dict(zip(added, added, strict=True)))

    def first(self, row: bytes, *, is_first: bool) -> bytes:
        return row

    @property
    def _dialect(self) -> Dialect:
        return Dialect.of(self.about)

    def _field(self, value: str, like: bytes, row: bytes) -> bytes:
        field = self._dialect.written(value, like)
        if field is None:
            raise ExportError(
                f"{value[:60]!r} holds the delimiter or a line break, and nothing in {self.about['file']} is quoted:"
                f" it cannot be written into the row {row[:60].decode('utf-8', 'replace')!r}.",
                _ANOTHER,
            )
        return field


@dataclass(frozen=True)
class _Lines:
    about: Mapping[str, Any]
    names: Sequence[str]

    def edit(self, row: bytes, values: Mapping[str, Any]) -> bytes:
        (label,) = values.values()
        cut = self.about["delimiter"].encode()
        begin, end = row.rindex(cut) + len(cut), _line_end(row)
        new = Dialect(self.about["delimiter"], quotes=False).written(str(label), row[begin:end])
        if new is None:
            raise ExportError(
                f"The label {label!r} holds the delimiter {self.about['delimiter']!r} or a line break, which lines of"
                " text and label cannot hold.",
                _ANOTHER,
            )
        return row[:begin] + new + row[end:]

    def head(self, added: Sequence[str], renamed: Mapping[str, str]) -> bytes:
        return bytes(self.about["head"].encode())

    def first(self, row: bytes, *, is_first: bool) -> bytes:
        text, _, label = row.decode().rpartition(self.about["delimiter"])
        if not is_first or self.about["header"] or not is_header(text, label):
            return row
        return (
            f"{self.about['delimiter'].join(COLUMNS)}\n".encode() + row
        )  # otherwise this text would be read as a header


@dataclass(frozen=True)
class _Json:
    about: Mapping[str, Any]

    def edit(self, row: bytes, values: Mapping[str, Any]) -> bytes:
        if "tool" in self.about:
            return AnnotatedRows(self.about).edit(row, values)
        text = row.decode()
        for name, value in values.items():
            found = find(text, text.index("{"), name)
            if found is None:
                text = self._extended(text, {name: value})
            else:
                begin, end = found
                text = text[:begin] + JsonStyle.of(self.about).written(value, text[begin:end]) + text[end:]
        return text.encode()

    def extend(self, row: bytes, values: Mapping[str, Any]) -> bytes:
        return self._extended(row.decode(), values).encode()

    def head(self, added: Sequence[str], renamed: Mapping[str, str]) -> bytes:
        return bytes(self.about["head"].encode())

    def first(self, row: bytes, *, is_first: bool) -> bytes:
        if not self.about["array"]:
            return row
        plain = _COMMA.sub(rb"\1", row, count=1)
        return plain if is_first else b"," + plain

    def _extended(self, text: str, values: Mapping[str, Any]) -> str:
        end = text.rindex("}")
        end = len(text[:end].rstrip())
        colon = ": " if '": ' in text or '":' not in text else ":"
        comma = ", " if colon == ": " else ","
        dumped = JsonStyle.of(self.about).dumped
        pairs = comma.join(dumped(name) + colon + dumped(value) for name, value in values.items())
        return text[:end] + comma * (text[end - 1] != "{") + pairs + text[end:]


def _line_end(row: bytes) -> int:
    found = _LINE_END.search(row)
    assert found is not None
    return found.start()
