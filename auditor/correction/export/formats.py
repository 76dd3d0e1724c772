"""Formats: write tables to files, in the source's style if the format is the same."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as types

from auditor.correction.export.cells import as_json, defanged, is_number, strings
from auditor.correction.export.layouts.fasttext import fasttext_lines
from auditor.correction.export.layouts.verbatim import copied_rows, formulas, is_verbatim
from auditor.correction.export.layouts.workbook import write_workbook
from auditor.correction.export.packing import opened
from auditor.correction.export.tables import SplitTable, joined
from auditor.data.formats.text.delimited import DELIMITERS
from auditor.data.formats.text.lines import COLUMNS, is_header
from auditor.data.labeled_texts import Origin
from auditor.errors import ExportError
from auditor.formats import Format
from auditor.tabular import json_array
from auditor.wording import counted

FILES: dict[Format, str] = {
    "csv": ".csv",
    "tsv": ".tsv",
    "lines": ".txt",
    "fasttext": ".txt",
    "jsonl": ".jsonl",
    "json": ".json",
    "parquet": ".parquet",
    "xlsx": ".xlsx",
}
"""Extensions of file formats. The other formats are folders."""
FOLDERS: dict[str, Format] = {"arrow": "parquet", "parallel": "csv", "folders": "csv"}
"""Folder formats, and the format of the file of excluded rows beside each."""
_BATCH = 50_000
"""Number of rows held as Python strings at once."""
_UNNAMED = re.compile(r"__index_level_\d+__")


@dataclass(frozen=True)
class Style:
    """How a text file is written.

    Attributes
    ----------
    encoding : str
    marked : bool
        Whether the file begins with a byte order mark.
    newline : str
        Line end between rows.
    ended : bool
        Whether the last row has a line end.
    delimiter : str
    other_delimiters : str
        Other characters that require quotes: spreadsheets of other locales split cells at them.
    header : bool
        Whether ``text;label`` lines have a header.
    raw : bool
        Write formulas unchanged.
    guard : bool
        Guard against formulas even in rows copied from the source.
    """

    encoding: str = "utf-8"
    marked: bool = False
    newline: str = "\n"
    ended: bool = True
    delimiter: str = ","
    other_delimiters: str = DELIMITERS
    header: bool = False
    raw: bool = False
    guard: bool = False


def style_of(
    format_: Format, origin: Origin, about: Mapping[str, Any], *, encoding: str | None, raw: bool, guard: bool = False
) -> Style:
    """Return the source's style if the format is the same, else the default style. ``encoding`` overrides both."""
    style: dict[str, Any] = {"delimiter": {"tsv": "\t", "lines": ";"}.get(format_, ",")}
    if origin.format == format_:
        style |= {name: about[name] for name in Style.__dataclass_fields__ if name in about}
        style["other_delimiters"] = ""  # rows that nobody changed stay as they are
        style["encoding"] = origin.options.get("encoding", "utf-8")
    return Style(
        **{**style, **({"encoding": encoding, "marked": False} if encoding else {}), "raw": raw, "guard": guard}
    )


def write_parts(format_: Format, parts: Sequence[SplitTable], path: Path, style: Style, origin: Origin) -> list[str]:
    """Write tables to one file, one after the other. Return notes on what was changed.

    Raises
    ------
    ExportError
        If the format cannot hold a row, which the error names.
    """
    if format_ == "parquet":
        pq.write_table(parts[0].table if len(parts) == 1 else joined(parts), path)
        return []
    if format_ == "xlsx":
        return write_workbook(parts, path)
    notes: list[str] = []
    if format_ == origin.format and is_verbatim(format_, parts):
        return _copy(format_, parts, path, style)
    if format_ == "lines":
        lines = _text_lines(parts, style, origin, notes)
    elif format_ == "fasttext":
        lines = fasttext_lines(parts, origin, notes)
    elif format_ == "jsonl":
        lines = _json_lines(parts, style)
    elif format_ == "json":
        lines = json_array(_json_lines(parts, style))
    else:
        lines = _csv_lines(parts, style, notes)
    _write(path, lines, parts, style)
    return notes


def _copy(format_: Format, parts: Sequence[SplitTable], path: Path, style: Style) -> list[str]:
    """Copy rows from the source, with only the changed cells rewritten."""
    encoder = codecs.getincrementalencoder(style.encoding)()  # writes a byte order mark once if needed
    with opened(path) as file:
        if style.marked:
            file.write(encoder.encode("\ufeff"))
        for number, piece in enumerate(copied_rows(parts, guard=style.guard, raw=style.raw, newline=style.newline)):
            if number == 0 and not style.marked and piece.startswith(codecs.BOM_UTF8):
                file.write(encoder.encode("\ufeff"))  # else the mark in the first text would be read as the file's
            if style.encoding not in ("utf-8", "utf8"):
                try:
                    piece = encoder.encode(piece.decode())
                except UnicodeEncodeError as error:
                    before, after = error.object[: error.start], error.object[error.start :]
                    row = before.splitlines(keepends=True)[-1:] + after.splitlines()[:1]
                    raise _not_in(style.encoding, ["".join(row)], error) from None
            file.write(piece)
    if format_ not in ("csv", "tsv") or style.guard or style.raw:
        return []
    left, guarded = formulas(parts)
    notes = [_guarded(guarded)] if guarded else []
    if left:
        notes.append(
            f"A spreadsheet would run {counted(left, 'cell')} as {'formulas' if left > 1 else 'a formula'}; rows are"
            " copied from the source (--guard puts an apostrophe before formulas)."
        )
    return notes


def _guarded(cells: int) -> str:
    return (
        f"An apostrophe was put before the formulas in {counted(cells, 'cell')}, so that no spreadsheet runs"
        " them; --raw writes the exact texts."
    )


def _write(path: Path, batches: Iterator[list[str]], parts: Sequence[SplitTable], style: Style) -> None:
    """Write batches of rows. The first may be a header."""
    between = ""
    with opened(path) as file, io.TextIOWrapper(file, encoding=style.encoding, newline="") as text:
        for rows in filter(None, batches):
            try:
                if not between:  # a mark in the first text would be read as the file's
                    text.write("\ufeff" * (style.marked or rows[0].startswith("\ufeff")))
                text.write(between + style.newline.join(rows))
                between = style.newline
            except UnicodeEncodeError as error:
                raise _not_in(style.encoding, rows, error) from None
        text.write(between * style.ended)


def _not_in(encoding: str, rows: list[str], error: UnicodeEncodeError) -> ExportError:
    character = error.object[error.start]
    row = next(row for row in rows if character in row)
    return ExportError(
        f"{encoding}, the encoding of the source, has no {character!r} (U+{ord(character):04X}), as in {row[:60]!r}.",
        "Choose another encoding, such as --encoding utf-8.",
    )


# -- CSV and TSV ------------------------------------------------------------------------------------------------


def _csv_lines(parts: Sequence[SplitTable], style: Style, notes: list[str]) -> Iterator[list[str]]:
    names = list(dict.fromkeys(name for part in parts for name in part.table.column_names))
    unnamed = [name for name in names if _UNNAMED.fullmatch(name)]
    if unnamed:
        notes.append("The frame's unnamed index is left out.")
        names = [name for name in names if name not in unnamed]
    header: pa.Array = pa.array(names, pa.large_string())
    changed = 0
    if not style.raw:
        header, changed = defanged(header)
    # Readers detect the delimiter in the header, and skip blank lines before it.
    odd = rf'["\r\n{re.escape(DELIMITERS)}]' + r"|^\s*$" * (not "".join(names).strip())
    yield [style.delimiter.join(_quoted(header, odd).to_pylist())]
    needs = rf'["\r\n{re.escape(style.delimiter + style.other_delimiters)}]'
    for part in parts:
        for batch in _batches(part.table):
            columns = []
            for name in names:
                has_column = name in batch.column_names
                column: Any = strings(batch[name]) if has_column else pa.nulls(len(batch), pa.large_string())
                if has_column and not style.raw and not is_number(batch[name].type):
                    column, number = defanged(column)
                    changed += number
                columns.append(_quoted(pc.fill_null(column, ""), needs))
            yield pc.binary_join_element_wise(*columns, pa.scalar(style.delimiter, pa.large_string())).to_pylist()
    if changed:
        notes.append(_guarded(changed))


def _quoted(column: pa.Array, pattern: str) -> pa.Array:
    doubled = pc.replace_substring(column, '"', '""')
    mark, nothing = pa.scalar('"', pa.large_string()), pa.scalar("", pa.large_string())
    quoted = pc.binary_join_element_wise(mark, doubled, mark, nothing)
    return pc.if_else(pc.match_substring_regex(column, pattern), quoted, column)


# -- text;label lines -------------------------------------------------------------------------------------------


def _text_lines(parts: Sequence[SplitTable], style: Style, origin: Origin, notes: list[str]) -> Iterator[list[str]]:
    text, label, cut = origin.text, origin.label, style.delimiter
    other_columns = {name for part in parts for name in part.table.column_names} - {text, label}
    if other_columns:
        notes.append(f"Lines hold only a text and a label; columns left out: {', '.join(sorted(other_columns))}.")
    if style.header:
        yield [f"{text}{cut}{label}"]
    begun = style.header
    for part in parts:
        done = 0
        for batch in _batches(part.table):
            pairs = zip(*(pc.fill_null(strings(batch[name]), "").to_pylist() for name in (text, label)), strict=True)
            lines = []
            for number, (words, name) in enumerate(pairs):
                line = f"{words}{cut}{name}"
                if "\n" in line or cut in name or line.endswith("\r") or not line.strip():
                    raise _no_line(part, done + number, line, cut)
                if not begun and is_header(words, name):
                    lines.append(cut.join(COLUMNS))  # otherwise this text would be read as a header
                begun = True
                lines.append(line)
            done += len(batch)
            yield lines


def _no_line(part: SplitTable, number: int, line: str, cut: str) -> ExportError:
    problem = "a line break" if "\n" in line or line.endswith("\r") else f"the delimiter {cut!r} in its label"
    problem = problem if line.strip() else "neither text nor label"
    return ExportError(
        f"Row {part.rows[number] + 1:,} of {part.about.get('file', part.split)} has {problem}, which text{cut}label"
        f" lines cannot hold: {line[:60]!r}.",
        "Export to another format: --to NAME.csv, NAME.jsonl or NAME.parquet.",
    )


# -- JSON Lines -------------------------------------------------------------------------------------------------


def _json_lines(parts: Sequence[SplitTable], style: Style) -> Iterator[list[str]]:
    ascii_ = not style.encoding.casefold().startswith("utf")
    for part in parts:
        own = [name for name in part.table.column_names if not _UNNAMED.fullmatch(name)]
        for batch in _batches(part.table.select(own)):
            rows = _plain_floats(batch).to_pylist()
            yield [json.dumps(row, ensure_ascii=ascii_, default=as_json) for row in rows]


def _plain_floats(batch: pa.Table) -> pa.Table:
    """Replace numbers that JSON lacks, such as NaN, by null."""
    for at, field in enumerate(batch.schema):
        if types.is_floating(field.type):
            column = batch.column(at)
            batch = batch.set_column(at, field.name, pc.if_else(pc.is_finite(column), column, None))
    return batch


def _batches(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, _BATCH):
        yield table.slice(start, _BATCH).combine_chunks()
