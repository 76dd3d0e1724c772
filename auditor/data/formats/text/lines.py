"""``text;label`` lines without a header → Arrow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.arrays import RowIndex
from auditor.data.columns import LABEL_NAMES, TEXT_NAMES, plain
from auditor.data.source import Contents
from auditor.errors import RowError, SourceError
from auditor.wording import counted

COLUMNS = ("text", "label")


def read_lines(data: bytes, name: str, delimiter: str | None = None) -> Contents:
    """Read one text and one label per line, cut at the **last** delimiter; quotes have no meaning.

    A first line of two usual column names (``text;label``, ``tweet;emotion``) is a header.

    Parameters
    ----------
    data : bytes
        Valid UTF-8, not blank.
    name : str
        Name of the file in messages.
    delimiter : str, optional
        ``;`` when None.

    Returns
    -------
    Contents
        Two string columns, ``text`` and ``label``, or named by the header. Details of the file: ``delimiter`` and
        ``header``.

    Raises
    ------
    RowError
        If a line has no delimiter.
    SourceError
        If there are no rows.
    """
    delimiter = delimiter or ";"
    lines, ends = split_lines(data)
    filled = pc.greater(pc.binary_length(pc.utf8_trim_whitespace(lines)), 0).to_numpy(zero_copy_only=False)
    fields = pc.split_pattern(lines.filter(pa.array(filled)), delimiter, max_splits=1, reverse=True)
    whole = pc.equal(pc.list_value_length(fields), 2)
    if not pc.all(whole).as_py():
        row = pc.index(whole, False).as_py()
        line = int(np.flatnonzero(filled)[row])
        raise RowError(
            f"{name}, line {line + 1}: no {delimiter!r} between text and label; the line begins"
            f" {lines[line].as_py()[:60]!r}.",
            "Write a text, the delimiter and a label on each line, or choose another delimiter with --delimiter.",
        )
    names = tuple(fields[0].as_py())
    header = is_header(*names)
    fields, ends = fields.slice(int(header)), ends[filled]
    if not len(fields):
        raise SourceError(f"{name} has a header but no rows.", "Choose a file with labelled texts.")
    starts = ends[0] if header else 0
    ends = np.concatenate([[starts], ends[int(header) :]])
    notes = [f"{name}: {counted(blank, 'blank line')} skipped."] if (blank := int((~filled).sum())) else []
    if header:
        notes.append(f"{name}: the first line was read as a header, {delimiter.join(names)!r}.")
    return Contents(
        pa.table([pc.list_element(fields, 0), pc.list_element(fields, 1)], names if header else COLUMNS),
        pa.chunked_array([slices(data, ends)]),
        {
            "delimiter": delimiter,
            "header": header,
            "head": data[:starts].decode(),
            "tail": data[int(ends[-1]) :].decode(),
        },
        tuple(notes),
    )


def is_header(text: str, label: str) -> bool:
    """Return whether these two fields of a first line are column names."""
    return plain(text) in TEXT_NAMES and plain(label) in LABEL_NAMES


def line_break(data: bytes) -> bytes:
    """Return the byte that ends a line: CR only in a file without LF, since it may be part of a text elsewhere."""
    return b"\n" if b"\n" in data or b"\r" not in data else b"\r"


def slices(data: bytes, ends: RowIndex) -> pa.LargeBinaryArray:
    """Cut the data into N consecutive pieces at N + 1 positions."""
    offsets = pa.py_buffer(ends.astype(np.int64, copy=False))
    return pa.Array.from_buffers(pa.large_binary(), len(ends) - 1, [None, offsets, pa.py_buffer(data)])


def split_lines(data: bytes) -> tuple[pa.LargeStringArray, RowIndex]:
    """Cut at LF and CR LF, or at CR in a file without LF. Return the lines and where each ends. Nothing is copied."""
    end = line_break(data)
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord(end)) + 1
    if not data.endswith(end):
        ends = np.append(ends, len(data))
    offsets = np.concatenate([[0], ends]).astype(np.int64)
    lines = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    return pc.utf8_rtrim(lines, "\r\n"), ends
