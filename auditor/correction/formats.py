"""Formats: tables → CSV, TSV, ``text;label`` lines, JSON Lines, JSON and Parquet, written as the source was."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as types

from auditor.correction.cells import as_json, defanged, is_number, strings
from auditor.correction.tables import SplitTable, joined
from auditor.data.delimited import DELIMITERS
from auditor.data.labeled_texts import Origin
from auditor.data.lines import COLUMNS, is_header
from auditor.data.shapes import read_shapes, restore
from auditor.data.source import counted
from auditor.errors import ExportError
from auditor.tabular import json_array

Format = Literal["csv", "tsv", "lines", "jsonl", "json", "parquet", "arrow"]
FILES: dict[Format, str] = {
    "csv": ".csv",
    "tsv": ".tsv",
    "lines": ".txt",
    "jsonl": ".jsonl",
    "json": ".json",
    "parquet": ".parquet",
}
"""Extensions of the formats that are files; ``arrow`` is a folder."""
_BATCH = 50_000
"""Rows in memory as Python's strings at once."""
_UNNAMED = re.compile(r"__index_level_\d+__")


@dataclass(frozen=True)
class Style:
    """How a text file is written.

    Attributes
    ----------
    encoding : str
    marked : bool
        Begins with a byte order mark.
    newline : str
        Between rows.
    ended : bool
        Also after the last row.
    delimiter : str
    other_delimiters : str
        Fields with one of these stand between quotes too: spreadsheets of other countries split cells at them.
    quoted : bool or sequence of str
        Every field of a CSV between quotes, not only those that need them; or those of the header and these columns.
    header : bool
        Of ``text;label`` lines.
    compact, ascii, slashed : bool
        JSON without spaces, with other characters escaped, and with slashes escaped.
    raw : bool
        Leave text that a spreadsheet would run as it is.
    """

    encoding: str = "utf-8"
    marked: bool = False
    newline: str = "\n"
    ended: bool = True
    delimiter: str = ","
    other_delimiters: str = DELIMITERS
    quoted: bool | Sequence[str] = False
    header: bool = False
    compact: bool = False
    ascii: bool = False
    slashed: bool = False
    raw: bool = False


def style_of(format_: Format, origin: Origin, about: Mapping[str, Any], *, encoding: str | None, raw: bool) -> Style:
    """The source's own style where it is of the same format, else the usual one; ``encoding`` wins over both."""
    known: dict[str, Any] = {"delimiter": {"tsv": "\t", "lines": ";"}.get(format_, ",")}
    if origin.format == format_:
        known |= {name: about[name] for name in Style.__dataclass_fields__ if name in about}
        known["other_delimiters"] = ""  # a row that nobody changed is as it was
        known["encoding"] = origin.options.get("encoding", "utf-8")
    return Style(**{**known, **({"encoding": encoding, "marked": False} if encoding else {}), "raw": raw})


def write_parts(format_: Format, parts: Sequence[SplitTable], path: Path, style: Style, origin: Origin) -> list[str]:
    """Write tables into one file, one below the other; what was changed on the way, in sentences.

    Raises
    ------
    ExportError
        If the format cannot hold a row; it is named.
    """
    if format_ == "parquet":
        pq.write_table(parts[0].table if len(parts) == 1 else joined(parts), path)
        return []
    notes: list[str] = []
    if format_ == "lines":
        lines = _text_lines(parts, style, origin, notes)
    elif format_ == "jsonl":
        lines = _json_lines(parts, style, origin, as_read=origin.format == "jsonl")
    elif format_ == "json":
        lines = json_array(_json_lines(parts, style, origin, as_read=False))
    else:
        lines = _csv_lines(parts, style, notes)
    _write(path, lines, parts, style)
    return notes


def _write(path: Path, batches: Iterator[list[str]], parts: Sequence[SplitTable], style: Style) -> None:
    """Write batches of rows; the first of them may be a header."""
    between = ""
    with ExitStack() as stack:
        file: Any = stack.enter_context(path.open("wb"))
        if path.suffix.lower() == ".gz":  # without name and time, so that the same rows are the same bytes
            file = stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
        text = stack.enter_context(io.TextIOWrapper(file, encoding=style.encoding, newline=""))
        for rows in filter(None, batches):
            try:
                if not between:  # a mark that belongs to the first text would be taken for the file's
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
        "Name another with --encoding utf-8.",
    )


# -- CSV and TSV ------------------------------------------------------------------------------------------------


def _csv_lines(parts: Sequence[SplitTable], style: Style, notes: list[str]) -> Iterator[list[str]]:
    names = list(dict.fromkeys(name for part in parts for name in part.table.column_names))
    unnamed = [name for name in names if _UNNAMED.fullmatch(name)]
    if unnamed:
        notes.append("The frame's index, which has no name, is left out.")
        names = [name for name in names if name not in unnamed]
    header: pa.Array = pa.array(names, pa.large_string())
    changed = 0
    if not style.raw:
        header, changed = defanged(header)
    # A delimiter is looked for in the header, and a blank line before it is passed over.
    odd = rf'["\r\n{re.escape(DELIMITERS)}]' + r"|^\s*$" * (not "".join(names).strip())
    yield [style.delimiter.join(_quoted(header, odd, always=bool(style.quoted)).to_pylist())]
    needs = rf'["\r\n{re.escape(style.delimiter + style.other_delimiters)}]'
    for part in parts:
        for batch in _batches(part.table):
            columns = []
            for name in names:
                there = name in batch.column_names
                column: Any = strings(batch[name]) if there else pa.nulls(len(batch), pa.large_string())
                if there and not style.raw and not is_number(batch[name].type):
                    column, number = defanged(column)
                    changed += number
                always = style.quoted if isinstance(style.quoted, bool) else name in style.quoted
                columns.append(_quoted(pc.fill_null(column, ""), needs, always=always))
            yield pc.binary_join_element_wise(*columns, pa.scalar(style.delimiter, pa.large_string())).to_pylist()
    if changed:
        notes.append(
            f"In {counted(changed, 'cell')}, an apostrophe now stands before what a spreadsheet would run as a formula;"
            " exact texts can be written as well (--raw)."
        )


def _quoted(column: pa.Array, pattern: str, *, always: bool) -> pa.Array:
    doubled = pc.replace_substring(column, '"', '""')
    mark, nothing = pa.scalar('"', pa.large_string()), pa.scalar("", pa.large_string())
    quoted = pc.binary_join_element_wise(mark, doubled, mark, nothing)
    if always:
        return quoted
    return pc.if_else(pc.match_substring_regex(column, pattern), quoted, column)


# -- text;label lines -------------------------------------------------------------------------------------------


def _text_lines(parts: Sequence[SplitTable], style: Style, origin: Origin, notes: list[str]) -> Iterator[list[str]]:
    text, label, cut = origin.text, origin.label, style.delimiter
    others = {name for part in parts for name in part.table.column_names} - {text, label}
    if others:
        notes.append(f"Lines have a text and a label alone; left out: {', '.join(sorted(others))}.")
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
                    lines.append(cut.join(COLUMNS))  # else this text would be taken for one
                begun = True
                lines.append(line)
            done += len(batch)
            yield lines


def _no_line(part: SplitTable, number: int, line: str, cut: str) -> ExportError:
    why = "a line break" if "\n" in line or line.endswith("\r") else f"the delimiter {cut!r} in its label"
    why = why if line.strip() else "neither text nor label"
    return ExportError(
        f"Row {part.rows[number] + 1:,} of {part.about.get('file', part.split)} has {why}, which text{cut}label lines"
        f" cannot hold: {line[:60]!r}.",
        "Export to another format: --to NAME.csv, NAME.jsonl or NAME.parquet.",
    )


# -- JSON Lines -------------------------------------------------------------------------------------------------


def _json_lines(parts: Sequence[SplitTable], style: Style, origin: Origin, *, as_read: bool) -> Iterator[list[str]]:
    separators = (",", ":") if style.compact else None
    ascii_ = style.ascii or not style.encoding.casefold().startswith("utf")
    for part in parts:
        shapes = read_shapes(part.about) if origin.format == "jsonl" else None
        own = [name for name in part.table.column_names if not _UNNAMED.fullmatch(name)]
        added = own[_columns_read(part) :] if shapes else []
        done = 0
        for batch in _batches(part.table.select(own)):
            rows = (batch if as_read else _plain_floats(batch)).to_pylist()
            if shapes:
                of_row = part.rows[done : done + len(rows)]
                rows = [
                    {**restore(row, shapes[0][shapes[1][place]]), **{name: row[name] for name in added}}
                    for row, place in zip(rows, of_row.tolist(), strict=True)
                ]
            done += len(rows)
            lines = [json.dumps(row, ensure_ascii=ascii_, separators=separators, default=as_json) for row in rows]
            yield [line.replace("/", "\\/") for line in lines] if style.slashed else lines


def _columns_read(part: SplitTable) -> int:
    keys: dict[str, None] = {}
    for shape in part.about["shapes"]:
        keys |= dict.fromkeys(json.loads(shape))
    return max(1, len(keys))


def _plain_floats(batch: pa.Table) -> pa.Table:
    """JSON has no NaN; what was read as one from JSON Lines is left in them."""
    for at, field in enumerate(batch.schema):
        if types.is_floating(field.type):
            column = batch.column(at)
            batch = batch.set_column(at, field.name, pc.if_else(pc.is_finite(column), column, None))
    return batch


def _batches(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, _BATCH):
        yield table.slice(start, _BATCH).combine_chunks()
